//! MariaDB.

use std::process::{Child, Stdio};
use std::sync::Arc;

use serde_json::Value;

use super::trap::{Moment, Server};
use super::{Product, SMALL, falls};
use crate::mysql::rig::{Rig, new_name, own, script};
use crate::rig_server::command;

/// What was committed is there after a `kill -9`; and few sessions.
const OPTIONS: (&str, &str) = (
    "RIG_MARIADB_OPTIONS",
    "--innodb-flush-log-at-trx-commit=1 --innodb-doublewrite=1 --max-connections=10",
);

struct Mariadb {
    rig: Rig,
    server: Server,
}

impl Product for Mariadb {
    const NAME: &'static str = "mysql";
    const SCHEMA: &'static str = "schema";
    const SESSIONS: usize = 10;

    fn server(&self) -> &Server {
        &self.server
    }

    fn filled(&self) -> String {
        let schema = new_name();
        self.rig.create(&schema, "utf8mb4", "utf8mb4_bin");
        let large = "CREATE TABLE a_large (id INT PRIMARY KEY, body VARCHAR(600));
            INSERT INTO a_large SELECT seq, REPEAT(SHA2(seq, 512), 4) FROM seq_1_to_8000;\n";
        self.rig.load(&schema, &format!("{large}{SMALL}"));
        schema
    }

    fn connection(&self) -> Value {
        serde_json::to_value(self.rig.connection()).unwrap()
    }

    fn password(&self) -> String {
        self.rig.password.clone()
    }

    fn exact(&self, schema: &str) -> String {
        self.rig.exact_dump(schema)
    }

    fn run(&self, schema: &str, statements: &str) {
        self.rig.load(schema, statements);
    }

    fn program(&self, moment: Moment) -> (&'static str, &'static str) {
        match moment {
            Moment::Dump => ("mysqldump", "*"),
            Moment::Load | Moment::Script => ("mariadb", "*--skip-column-names*) ;; *"),
            Moment::Question => ("mariadb", "*"),
        }
    }

    fn sleeper(&self) -> Child {
        command("mariadb")
            .args(["--no-defaults", "--user=root", "-e", "SELECT SLEEP(600)"])
            .arg(format!("--socket={}", self.rig.socket.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn sessions(&self) -> usize {
        let count = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND <> 'Daemon'";
        self.rig.sql(count).parse().unwrap()
    }
}

#[test]
fn mariadb_that_falls() {
    let Some(rig) = own(OPTIONS.1) else { return };
    let server = Server {
        script: script(),
        pid_file: rig.directory.join("mariadb.pid"),
        directory: rig.directory.clone(),
        options: OPTIONS,
    };
    falls(&Arc::new(Mariadb { rig, server }));
}
