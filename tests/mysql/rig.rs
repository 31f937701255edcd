//! One MariaDB server for all tests of this process; every test has schemas of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use upgrade_kit::adapter::mysql::Connection;

use crate::rig_server::{command, skipped, stop_with_this_process};

/// The server.
pub(crate) struct Rig {
    pub(crate) directory: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
}

/// The server, started once; `None` (with a line that says so) where there is no MariaDB.
pub(crate) fn rig() -> Option<&'static Rig> {
    static RIG: OnceLock<Option<Rig>> = OnceLock::new();
    RIG.get_or_init(|| start("")).as_ref()
}

/// A server of its own with options more, for a test that stops and kills it.
pub(crate) fn own(options: &str) -> Option<Rig> {
    start(options)
}

pub(crate) fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/mariadb")
}

fn start(options: &str) -> Option<Rig> {
    let installed = [
        "/usr/sbin/mariadbd",
        "/usr/bin/mariadbd",
        "/usr/local/sbin/mariadbd",
    ];
    if !installed.iter().any(|path| Path::new(path).exists()) {
        let real = std::env::var_os("UPGRADE_KIT_REAL").is_some();
        assert!(
            !real,
            "UPGRADE_KIT_REAL is set and there is no MariaDB server"
        );
        skipped("skipped: there is no MariaDB server (tests/rig/fetch)");
        return None;
    }
    let directory = tempfile::Builder::new()
        .prefix("upk-mysql-")
        .tempdir()
        .unwrap()
        .keep();
    let status = command(script())
        .arg("start")
        .arg(&directory)
        .env("RIG_MARIADB_OPTIONS", options)
        .status()
        .unwrap();
    assert!(status.success(), "the rig's MariaDB did not start");
    let status = command(script())
        .arg("seed")
        .arg(&directory)
        .status()
        .unwrap();
    assert!(status.success(), "the rig's MariaDB was not seeded");
    stop_with_this_process(&script(), &directory);
    let text = std::fs::read_to_string(directory.join("mariadb.env")).unwrap();
    let value = |name: &str| -> String {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.unwrap_or_else(|| panic!("{name} in {text}"))
            .to_owned()
    };
    Some(Rig {
        socket: value("mariadb_socket").into(),
        port: value("mariadb_port").parse().unwrap(),
        user: value("mariadb_user"),
        password: value("mariadb_password"),
        directory,
    })
}

impl Rig {
    /// A tenant's schema of version 5.1.0 with all kinds of objects and values.
    pub(crate) fn seeded(&self) -> String {
        let name = new_name();
        self.create(&name, "utf8mb4", "utf8mb4_bin");
        self.load(&name, &sql_file("5.1.0/tenant.sql"));
        name
    }

    /// An empty schema.
    pub(crate) fn create(&self, schema: &str, set: &str, collation: &str) {
        let name = schema.replace('`', "``");
        self.sql(&format!(
            "DROP DATABASE IF EXISTS `{name}`;\
             CREATE DATABASE `{name}` CHARACTER SET {set} COLLATE {collation};"
        ));
    }

    /// Runs a script of the rig in a schema, as root.
    pub(crate) fn load(&self, schema: &str, script: &str) {
        let name = schema.replace('`', "``");
        let text = schema.replace('\\', "\\\\").replace('\'', "''");
        self.sql(&format!("USE `{name}`;\nSET @tenant = '{text}';\n{script}"));
    }

    /// Runs statements as root; their rows.
    pub(crate) fn sql(&self, statements: &str) -> String {
        let output = self.root(&[], statements);
        assert!(
            output.status.success(),
            "{statements}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn root(&self, arguments: &[&str], input: &str) -> std::process::Output {
        let mut child = command("mariadb")
            .args([
                "--no-defaults",
                "--user=root",
                "--batch",
                "--skip-column-names",
            ])
            .args([
                "--binary-mode",
                "--comments",
                "--default-character-set=utf8mb4",
            ])
            .arg(format!("--socket={}", self.socket.display()))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let _ = feeder.join().unwrap();
        output
    }

    /// A dump of everything that is byte-identical for identical schemas.
    pub(crate) fn exact_dump(&self, schema: &str) -> String {
        let output = command("mysqldump")
            .args([
                "--no-defaults",
                "--user=root",
                "--single-transaction",
                "--routines",
            ])
            .args(["--events", "--triggers", "--hex-blob", "--order-by-primary"])
            .args([
                "--skip-dump-date",
                "--skip-comments",
                "--default-character-set=utf8mb4",
            ])
            .arg(format!("--socket={}", self.socket.display()))
            .args(["--databases", "--", schema])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs lines for a person's shell in a folder, as root of the database.
    pub(crate) fn by_hand(&self, lines: &[String], folder: &Path) {
        let socket = self.socket.display();
        let account = format!("--no-defaults -u root --socket={socket}");
        let script = lines.join("\n").replace("-u USER -p", &account);
        assert!(script.contains(&account), "{script}");
        let status = command("sh")
            .args(["-e", "-c", &script])
            .current_dir(folder)
            .status();
        assert!(status.unwrap().success(), "{script}");
    }

    /// The rig's account over its socket.
    pub(crate) fn connection(&self) -> Connection {
        self.connection_as(&self.user, Some("DB_PASSWORD"))
    }

    /// Another account, its password in the named test secret.
    pub(crate) fn connection_as(&self, user: &str, password: Option<&str>) -> Connection {
        let mut connection = json!({ "socket": self.socket, "user": user });
        if let Some(name) = password {
            connection["password"] = json!({ "env": name });
        }
        serde_json::from_value(connection).unwrap()
    }
}

/// A schema's name that no other test uses.
pub(crate) fn new_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("domibus_t{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A script of the rig.
pub(crate) fn sql_file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/rig/sql")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}
