//! How to reach a server, and the commands that do.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quoting::connection_value;
use crate::host::{Invocation, Secret};
use crate::site::SecretRef;

/// Longest line of a service file that every client reads whole.
const SERVICE_LINE: usize = 240;

/// How to reach a server. Either `socket`, or `host`, each with or without `port`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// Name or address of the server, reached over TCP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Port, also part of the socket's name; 5432 if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Directory of the Unix socket of a server on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
    /// Account.
    pub user: String,
    /// Its password; none for an account that the server trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretRef>,
    /// `sslmode` of libpq: `disable`, `prefer` (its default), `require`, `verify-ca`, `verify-full`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssl_mode: Option<String>,
    /// Database that a session is in while another one is dropped and created; `postgres` if it is
    /// not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance_database: Option<String>,
    /// The dump program: a name or a path; `pg_dump` if it is not given. Not older than the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dump_program: Option<String>,
    /// The client program: a name or a path; `psql` if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_program: Option<String>,
}

impl Connection {
    /// Rules that types cannot say; every text names the option first.
    pub(super) fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match (&self.socket, &self.host) {
            (None, None) => problems.push("connection: give `host` or `socket`".to_owned()),
            (Some(_), Some(_)) => {
                problems.push("connection: `socket` excludes `host`; give one way".to_owned());
            }
            _ => {}
        }
        if self.user.is_empty() {
            problems.push("connection.user: is empty".to_owned());
        }
        if let Some(Err(problem)) = self.password.as_ref().map(SecretRef::validate) {
            problems.push(format!("connection.password: {problem}"));
        }
        problems
    }

    /// The dump program.
    pub(super) fn dump_program(&self) -> &str {
        self.dump_program.as_deref().unwrap_or("pg_dump")
    }

    /// The client program.
    pub(super) fn client_program(&self) -> &str {
        self.client_program.as_deref().unwrap_or("psql")
    }

    /// The database for what cannot be done inside another.
    pub(super) fn maintenance(&self) -> &str {
        self.maintenance_database.as_deref().unwrap_or("postgres")
    }

    /// The server, for messages.
    pub(super) fn address(&self) -> String {
        let port = self.port.unwrap_or(5432);
        match (&self.socket, &self.host) {
            (Some(socket), _) => format!("{}/.s.PGSQL.{port}", socket.display()),
            (None, host) => format!("{}:{port}", host.as_deref().unwrap_or("localhost")),
        }
    }

    /// Why a password cannot be given in a service file, if it cannot.
    pub(super) fn password_problem(password: &str) -> Option<&'static str> {
        if password.contains(['\n', '\r']) {
            Some("holds a line end")
        } else if password.trim_end() != password {
            Some("ends with white space")
        } else if password.len() > SERVICE_LINE {
            Some("is longer than 240 bytes")
        } else {
            None
        }
    }

    /// A dump on standard output, of the moment of an exported snapshot. Without the creation of the
    /// database: its properties stand in the artifact's record, and a restore creates it itself.
    pub(super) fn dump(
        &self,
        database: &str,
        snapshot: &str,
        password: Option<&Secret>,
    ) -> Invocation {
        self.begin(self.dump_program(), database, password)
            .arg(format!("--snapshot={snapshot}"))
    }

    /// All definitions without rows, on standard output.
    pub(super) fn definitions(&self, database: &str, password: Option<&Secret>) -> Invocation {
        self.begin(self.dump_program(), database, password)
            .arg("--schema-only")
    }

    /// The client that runs a dump. Not in one transaction: a dump commits its large objects itself.
    pub(super) fn load(&self, database: &str, password: Option<&Secret>) -> Invocation {
        self.client(database, password).arg("--file=-")
    }

    /// The client that runs a script in one transaction.
    pub(super) fn migrate(&self, database: &str, password: Option<&Secret>) -> Invocation {
        self.load(database, password).arg("--single-transaction")
    }

    /// The client that runs statements of this room and answers queries.
    pub(super) fn client(&self, database: &str, password: Option<&Secret>) -> Invocation {
        self.begin(self.client_program(), database, password).args([
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--set=VERBOSITY=terse",
        ])
    }

    fn begin(&self, program: &str, database: &str, password: Option<&Secret>) -> Invocation {
        let mut invocation = Invocation::new(program);
        // The messages of the programs are read.
        invocation.environment = vec![("LC_ALL".to_owned(), "C".to_owned())];
        if self.password.is_some() {
            let content = password.map(|password| {
                Secret::new(format!("[upgrade-kit]\npassword={}\n", password.expose()))
            });
            invocation.secret_pipe_environment = vec![("PGSERVICEFILE".to_owned(), content)];
        }
        invocation
            .arg("--no-password")
            .arg(format!("--dbname={}", self.text(database)))
    }

    /// The connection without its password. What is given here wins over the environment.
    fn text(&self, database: &str) -> String {
        let mut pairs = Vec::new();
        if self.password.is_some() {
            pairs.push(("service", "upgrade-kit".to_owned()));
        }
        let socket = self.socket.as_ref().map(|path| path.display().to_string());
        pairs.extend(socket.or(self.host.clone()).map(|host| ("host", host)));
        pairs.push(("port", self.port.unwrap_or(5432).to_string()));
        pairs.push(("user", self.user.clone()));
        pairs.push(("dbname", database.to_owned()));
        pairs.extend(self.ssl_mode.clone().map(|mode| ("sslmode", mode)));
        pairs.push(("client_encoding", "UTF8".to_owned()));
        pairs.push(("options", "-c standard_conforming_strings=on".to_owned()));
        pairs.push(("connect_timeout", "20".to_owned()));
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", connection_value(value)))
            .collect();
        pairs.join(" ")
    }
}
