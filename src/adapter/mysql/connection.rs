//! How to reach a server, and the commands that do.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quoting::option_value;
use crate::host::{Invocation, Secret};
use crate::site::SecretRef;

/// Which of the two lines of servers it is. A dump of one does not load into the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Oracle's MySQL and what derives from it.
    Mysql,
    /// MariaDB.
    Mariadb,
}

impl Family {
    /// The family that a server's `VERSION()` tells.
    pub(super) fn of_version(version: &str) -> Self {
        if version.contains("MariaDB") {
            Self::Mariadb
        } else {
            Self::Mysql
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mysql => "MySQL",
            Self::Mariadb => "MariaDB",
        })
    }
}

/// How to reach a server. Either `socket`, or `host` with or without `port`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// Name or address of the server. Always reached over TCP, `localhost` too: the clients would
    /// silently take the default socket for it, whatever the port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// TCP port; 3306 if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Unix socket of a server on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
    /// Account.
    pub user: String,
    /// Its password; none for an account that the socket proves or that `option_file` gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretRef>,
    /// An option file for the clients (certificates, TLS). Without it no option file is read, the
    /// user's own `~/.my.cnf` included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option_file: Option<PathBuf>,
    /// `mysql` or `mariadb`: names the programs, and refuses a server of the other family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// The dump program: a name or a path. `mariadb-dump` for the family `mariadb`, else `mysqldump`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dump_program: Option<String>,
    /// The client program: a name or a path. `mariadb` for the family `mariadb`, else `mysql`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_program: Option<String>,
}

impl Connection {
    /// Rules that types cannot say; every text names the option first.
    pub(super) fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match (&self.socket, &self.host, self.port) {
            (None, None, _) => problems.push("connection: give `host` or `socket`".to_owned()),
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => problems
                .push("connection: `socket` excludes `host` and `port`; give one way".to_owned()),
            _ => {}
        }
        if self.user.is_empty() {
            problems.push("connection.user: is empty".to_owned());
        }
        if let Some(Err(problem)) = self.password.as_ref().map(SecretRef::validate) {
            problems.push(format!("connection.password: {problem}"));
        }
        let line_end = |path: &PathBuf| path.to_string_lossy().contains(['\n', '\r']);
        if self.option_file.as_ref().is_some_and(line_end) {
            problems.push("connection.option_file: holds a line end".to_owned());
        }
        problems
    }

    /// The dump program.
    pub(super) fn dump_program(&self) -> &str {
        match (&self.dump_program, self.family) {
            (Some(program), _) => program,
            (None, Some(Family::Mariadb)) => "mariadb-dump",
            (None, _) => "mysqldump",
        }
    }

    /// The client program.
    pub(super) fn client_program(&self) -> &str {
        match (&self.client_program, self.family) {
            (Some(program), _) => program,
            (None, Some(Family::Mariadb)) => "mariadb",
            (None, _) => "mysql",
        }
    }

    /// The server, for messages.
    pub(super) fn address(&self) -> String {
        match (&self.socket, &self.host) {
            (Some(socket), _) => socket.display().to_string(),
            (None, host) => format!(
                "{}:{}",
                host.as_deref().unwrap_or("localhost"),
                self.port.unwrap_or(3306)
            ),
        }
    }

    /// A dump of the schema, on standard output, without what belongs to the whole server: GTIDs,
    /// statistics, tablespaces, masking policies (MySQL 9.7 would drop and create them). Without `--databases`: the schema's character set
    /// and collation stand in the artifact's record, and a restore drops and creates it itself.
    pub(super) fn dump(&self, schema: &str, password: Option<&Secret>) -> Invocation {
        self.begin(self.dump_program(), password)
            .args([
                "--single-transaction",
                "--quick",
                "--routines",
                "--events",
                "--triggers",
                "--hex-blob",
                "--no-tablespaces",
                "--default-character-set=utf8mb4",
                "--max-allowed-packet=1G",
                "--loose-set-gtid-purged=OFF",
                "--loose-column-statistics=0",
                "--loose-skip-masking-policies",
                "--",
            ])
            .arg(schema)
    }

    /// The client that runs what it reads: a dump, a script, statements of this room.
    pub(super) fn load(&self, schema: Option<&str>, password: Option<&Secret>) -> Invocation {
        let invocation = self.begin(self.client_program(), password).args([
            "--default-character-set=utf8mb4",
            "--max-allowed-packet=1G",
            "--connect-timeout=20",
            "--batch",
            "--binary-mode",
            "--comments",
            "--loose-skip-reconnect",
            "--loose-sandbox",
            "--loose-skip-commands",
            "--loose-skip-print-query-on-error",
        ]);
        match schema {
            Some(schema) => invocation.arg(format!("--database={schema}")),
            None => invocation,
        }
    }

    /// The client that answers queries, one row a line, each answer as soon as it is there.
    pub(super) fn read(&self, schema: Option<&str>, password: Option<&Secret>) -> Invocation {
        self.load(schema, password)
            .args(["--skip-column-names", "--unbuffered"])
    }

    fn begin(&self, program: &str, password: Option<&Secret>) -> Invocation {
        let mut invocation = Invocation::new(program);
        invocation = match (&self.password, &self.option_file) {
            (Some(_), _) => invocation.secret_pipe(
                "--defaults-file=",
                password.map(|password| Secret::new(self.option_text(password))),
            ),
            (None, Some(path)) => invocation.arg(format!("--defaults-file={}", path.display())),
            (None, None) => invocation.arg("--no-defaults"),
        };
        invocation = invocation.arg(format!("--user={}", self.user));
        if let Some(socket) = &self.socket {
            return invocation
                .arg("--protocol=socket")
                .arg(format!("--socket={}", socket.display()));
        }
        invocation = invocation.arg("--protocol=tcp");
        if let Some(host) = &self.host {
            invocation = invocation.arg(format!("--host={host}"));
        }
        match self.port {
            Some(port) => invocation.arg(format!("--port={port}")),
            None => invocation,
        }
    }

    /// The operator's option file comes first, so that the password of the site wins.
    fn option_text(&self, password: &Secret) -> String {
        let include = self
            .option_file
            .as_ref()
            .map(|path| format!("!include {}\n", path.display()))
            .unwrap_or_default();
        let password = option_value(password.expose());
        format!("{include}[client]\npassword={password}\n")
    }
}
