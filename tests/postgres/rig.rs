//! One PostgreSQL server for all tests of this process; every test has databases of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use upgrade_kit::adapter::Action;
use upgrade_kit::adapter::postgres::{Connection, Dump, Restore};

use crate::rig_server::{command, skipped, stop_with_this_process};

/// The server.
pub(crate) struct Rig {
    pub(crate) directory: PathBuf,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
}

/// The server, started once; `None` (with a line that says so) where there is no PostgreSQL.
pub(crate) fn rig() -> Option<&'static Rig> {
    static RIG: OnceLock<Option<Rig>> = OnceLock::new();
    RIG.get_or_init(|| start("")).as_ref()
}

/// A server of its own with options more, for a test that stops and kills it.
pub(crate) fn own(options: &str) -> Option<Rig> {
    start(options)
}

pub(crate) fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/postgres")
}

fn start(options: &str) -> Option<Rig> {
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .any(|version| version.path().join("bin/postgres").exists());
    if !installed {
        let real = std::env::var_os("UPGRADE_KIT_REAL").is_some();
        assert!(!real, "UPGRADE_KIT_REAL is set and there is no PostgreSQL");
        skipped("skipped: there is no PostgreSQL server (tests/rig/fetch)");
        return None;
    }
    let directory = tempfile::Builder::new()
        .prefix("upk-pg-")
        .tempdir()
        .unwrap()
        .keep();
    let status = command(script())
        .arg("start")
        .arg(&directory)
        .env("RIG_POSTGRES_OPTIONS", options)
        .status();
    assert!(
        status.unwrap().success(),
        "the rig's PostgreSQL did not start"
    );
    stop_with_this_process(&script(), &directory);
    let text = std::fs::read_to_string(directory.join("postgres.env")).unwrap();
    let value = |name: &str| -> String {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.unwrap_or_else(|| panic!("{name} in {text}"))
            .to_owned()
    };
    Some(Rig {
        port: value("postgres_port").parse().unwrap(),
        user: value("postgres_user"),
        password: value("postgres_password"),
        directory,
    })
}

impl Rig {
    /// A database of the rig's account with all kinds of objects and values.
    pub(crate) fn seeded(&self) -> String {
        let name = self.empty();
        let sample =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/sql/wso2/postgres-sample.sql");
        self.sql(
            &name,
            "SET ROLE wso2;",
            &std::fs::read_to_string(sample).unwrap(),
        );
        name
    }

    /// An empty database of the rig's account.
    pub(crate) fn empty(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("carbon_t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql(
            "postgres",
            "",
            &format!("CREATE DATABASE {name} OWNER wso2;"),
        );
        name
    }

    /// Runs statements as the superuser; their rows.
    pub(crate) fn sql(&self, database: &str, first: &str, statements: &str) -> String {
        let mut child = command(script())
            .arg("root")
            .arg(&self.directory)
            .args(["-At", "-d", database])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = format!("{first}\n{statements}\n");
        let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let _ = feeder.join().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{statements}: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A dump of everything, the database's own settings included, that is the same for the same
    /// database.
    pub(crate) fn exact_dump(&self, database: &str) -> String {
        let socket = self.directory.join("socket");
        let output = command("pg_dump")
            .args(["--create", "--username=root", "--no-password"])
            .arg(format!("--host={}", socket.display()))
            .arg(format!("--port={}", self.port))
            .arg(database)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let text = String::from_utf8_lossy(&output.stdout);
        // The word after it is random.
        let lines = text.lines().filter(|line| !line.contains("restrict "));
        lines.map(|line| format!("{line}\n")).collect()
    }

    /// Runs lines for a person's shell in a folder, as the superuser.
    pub(crate) fn by_hand(&self, lines: &[String], folder: &Path) {
        let socket = self.directory.join("socket");
        let account = format!("-w -h {} -p {} -U root", socket.display(), self.port);
        let script = lines.join("\n").replace("-U USER", &account);
        let status = command("sh")
            .args(["-e", "-c", &script])
            .current_dir(folder)
            .status();
        assert!(status.unwrap().success(), "{script}");
    }

    /// The rig's account over TCP, its password the secret `DB_PASSWORD`.
    pub(crate) fn connection(&self) -> Connection {
        serde_json::from_value(json!({
            "host": "127.0.0.1", "port": self.port, "user": self.user,
            "password": { "env": "DB_PASSWORD" },
        }))
        .unwrap()
    }

    /// The superuser over the socket.
    pub(crate) fn root(&self) -> Connection {
        let socket = self.directory.join("socket");
        serde_json::from_value(json!({ "socket": socket, "port": self.port, "user": "root" }))
            .unwrap()
    }
}

/// Options as a runbook gives them.
pub(super) fn action<T: Action>(connection: &Connection, options: Value) -> T {
    let mut all = json!({ "connection": connection, "wait_seconds": 0 });
    for (name, value) in options.as_object().unwrap() {
        all[name] = value.clone();
    }
    let action: T = serde_json::from_value(all).unwrap();
    assert_eq!(action.validate(), Vec::<String>::new());
    action
}

/// A dump that does not wait for others.
pub(super) fn dump(connection: &Connection, database: &str) -> Dump {
    action(connection, json!({ "database": database }))
}

/// A restore that does not wait for others.
pub(super) fn restore(connection: &Connection, database: &str) -> Restore {
    action(connection, json!({ "database": database }))
}
