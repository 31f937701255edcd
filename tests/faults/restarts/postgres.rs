//! PostgreSQL.

use std::process::{Child, Stdio};
use std::sync::Arc;

use serde_json::Value;

use super::trap::{Moment, Server};
use super::{Product, SMALL, falls};
use crate::postgres::rig::{Rig, own, script};
use crate::rig_server::command;

/// What was committed is there after a `kill -9`; and few sessions, three of which are the superuser's.
const OPTIONS: (&str, &str) = (
    "RIG_POSTGRES_OPTIONS",
    "-c synchronous_commit=on -c max_connections=12",
);

struct Postgres {
    rig: Rig,
    server: Server,
}

impl Product for Postgres {
    const NAME: &'static str = "postgres";
    const SCHEMA: &'static str = "database";
    const SESSIONS: usize = 9;

    fn server(&self) -> &Server {
        &self.server
    }

    fn filled(&self) -> String {
        let database = self.rig.empty();
        let large = "CREATE TABLE a_large (id INT PRIMARY KEY, body TEXT);
            INSERT INTO a_large SELECT g, repeat(md5(g::text), 16) FROM generate_series(1, 12000) g;\n";
        self.run(&database, &format!("{large}{SMALL}"));
        database
    }

    fn connection(&self) -> Value {
        serde_json::to_value(self.rig.connection()).unwrap()
    }

    fn password(&self) -> String {
        self.rig.password.clone()
    }

    fn exact(&self, database: &str) -> String {
        self.rig.exact_dump(database)
    }

    fn run(&self, database: &str, statements: &str) {
        self.rig.sql(database, "SET ROLE wso2;", statements);
    }

    fn program(&self, moment: Moment) -> (&'static str, &'static str) {
        match moment {
            Moment::Dump => ("pg_dump", "*--snapshot=*"),
            Moment::Load | Moment::Script => ("psql", "*--file=-*"),
            Moment::Question => ("psql", "*"),
        }
    }

    fn sleeper(&self) -> Child {
        let socket = self.rig.directory.join("socket");
        command("psql")
            .args(["--no-psqlrc", "--username=root", "--dbname=postgres"])
            .arg(format!("--host={}", socket.display()))
            .arg(format!("--port={}", self.rig.port))
            // It waits for a statement; the server notices when it is gone.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn sessions(&self) -> usize {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
        self.rig.sql("postgres", "", count).parse().unwrap()
    }
}

#[test]
fn postgres_that_falls() {
    let Some(rig) = own(OPTIONS.1) else { return };
    let server = Server {
        script: script(),
        pid_file: rig.directory.join("data/postmaster.pid"),
        directory: rig.directory.clone(),
        options: OPTIONS,
    };
    falls(&Arc::new(Postgres { rig, server }));
}
