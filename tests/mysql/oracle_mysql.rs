//! MySQL's own server and programs, where there are any: `UPGRADE_KIT_MYSQL="SOCKET CLIENT DUMP"`
//! names a server's socket, whose root has no password, and its two programs, and
//! `cargo test -- --ignored oracle_mysql` runs these.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;
use upgrade_kit::adapter::mysql::{Connection, Script};
use upgrade_kit::adapter::{Action, Finding, Probe, Severity};

use super::rig::new_name;
use super::stage::{action, dump, restore};
use crate::database_stage::Stage;

struct Server {
    socket: String,
    client: String,
    dump: String,
}

/// The server that the environment names.
fn server() -> Server {
    let text = std::env::var("UPGRADE_KIT_MYSQL").unwrap();
    let words: Vec<&str> = text.split(' ').collect();
    let [socket, client, dump] = words[..] else {
        panic!("UPGRADE_KIT_MYSQL is SOCKET CLIENT DUMP, not {text}");
    };
    Server {
        socket: socket.to_owned(),
        client: client.to_owned(),
        dump: dump.to_owned(),
    }
}

impl Server {
    #[expect(
        clippy::disallowed_methods,
        reason = "looks past the code that is tested"
    )]
    fn run(&self, program: &str, arguments: &[&str], input: &str) -> String {
        let mut child = Command::new(program)
            .args(["--no-defaults", "-uroot"])
            .arg(format!("--socket={}", self.socket))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{input}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn sql(&self, statements: &str) {
        self.run(&self.client, &["--binary-mode", "--comments"], statements);
    }

    fn exact_dump(&self, schema: &str) -> String {
        let arguments = [
            "--single-transaction",
            "--routines",
            "--events",
            "--hex-blob",
            "--order-by-primary",
            "--skip-dump-date",
            "--skip-comments",
            "--set-gtid-purged=OFF",
            "--databases",
            schema,
        ];
        self.run(&self.dump, &arguments, "")
    }

    fn connection(&self, user: &str, password: bool) -> Connection {
        let mut connection = json!({
            "socket": self.socket, "user": user, "family": "mysql",
            "client_program": self.client, "dump_program": self.dump,
        });
        if password {
            connection["password"] = json!({ "env": "DB_PASSWORD" });
        }
        serde_json::from_value(connection).unwrap()
    }

    fn seeded(&self) -> String {
        let schema = new_name();
        self.sql(&format!("DROP DATABASE IF EXISTS {schema}; CREATE DATABASE {schema} COLLATE utf8mb4_bin; USE {schema};\n{SEED}"));
        schema
    }
}

const SEED: &str = "
CREATE TABLE a (id INT PRIMARY KEY AUTO_INCREMENT, j JSON, f FLOAT, d DOUBLE, b LONGBLOB,
    g VARCHAR(50) AS (UPPER(t)) STORED, v INT AS (k + 1) VIRTUAL, t VARCHAR(50), p POINT,
    c VARCHAR(10) INVISIBLE, k BIT(9), CHECK (d < 1e301)) AUTO_INCREMENT = 70;
INSERT INTO a (j, f, d, b, t, p, k) VALUES
    ('{\"a\": [1, \"\\\\u0041\"]}', 0.1234567, 1/3, REPEAT(UNHEX('00FF0A27'), 500000), 'é🚀', POINT(1, 2.5), 5),
    (NULL, 16777217, 1e300, '', 'it''s', NULL, NULL);
CREATE TABLE c (id INT, a_id INT, ts TIMESTAMP(6) NULL, FOREIGN KEY (a_id) REFERENCES a (id));
INSERT INTO c VALUES (1, 70, '2026-01-01 00:00:00.123456'), (2, NULL, NULL);
CREATE VIEW w AS SELECT id FROM a; CREATE VIEW av AS SELECT COUNT(*) n FROM w;
DELIMITER //
CREATE TRIGGER tr BEFORE INSERT ON c FOR EACH ROW BEGIN -- kept
    SET NEW.id = NEW.id + 1; END//
CREATE PROCEDURE p() BEGIN /* kept */ SELECT 1; -- kept
END//
CREATE FUNCTION fn(x INT) RETURNS INT DETERMINISTIC RETURN x + 1//
CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DO SELECT 1//
DELIMITER ;
";

#[test]
#[ignore = "Debian has no MySQL server: run by hand with UPGRADE_KIT_MYSQL"]
fn a_restore_undoes_an_upgrade_to_the_byte() {
    let server = server();
    let schema = server.seeded();
    let before = server.exact_dump(&schema);
    let stage = Stage::new("");
    let connection = server.connection("root", false);
    let set = stage.sealed("set", &[dump(&connection, &schema)]);
    server.sql(&format!(
        "USE {schema}; CREATE TABLE added (id INT); DROP PROCEDURE p; DROP VIEW av; \
         CREATE EVENT f ON SCHEDULE EVERY 1 DAY DO SELECT 1; DELETE FROM c; \
         ALTER DATABASE {schema} CHARACTER SET latin1 ENCRYPTION = 'N';"
    ));
    let outcome = stage.restore(&set, &restore(&connection, &schema)).unwrap();
    assert_eq!(outcome.warnings, Vec::<String>::new());
    // A FLOAT loses digits in any dump, and MySQL words a column's collation otherwise once it was
    // made from its own text; everything else is the same.
    let after = server.exact_dump(&schema);
    let plain = |text: &str| {
        text.replace("16777200", "F")
            .replace("16777216", "F")
            .replace(" CHARACTER SET utf8mb4 COLLATE", " COLLATE")
    };
    assert!(
        plain(&after) == plain(&before),
        "{}",
        &plain(&after)[..3000]
    );
    assert!(after.contains("/* kept */") && after.contains("-- kept"));
}

#[test]
#[ignore = "Debian has no MySQL server: run by hand with UPGRADE_KIT_MYSQL"]
fn the_statements_of_a_refusal_are_what_it_takes() {
    let server = server();
    let schema = server.seeded();
    let user = format!("u_{schema}");
    server.sql(&format!(
        "DROP USER IF EXISTS '{user}'@'localhost'; CREATE USER '{user}'@'localhost' IDENTIFIED BY 'a#b\"c\\\\\\\\d''e f';"
    ));
    let stage = Stage::new("a#b\"c\\\\d'e f");
    let connection = server.connection(&user, true);
    server.sql(&format!(
        "GRANT SELECT ON `{schema}`.* TO '{user}'@'localhost'"
    ));
    let dump = dump(&connection, &schema);
    let findings = stage.check(&dump, None);
    assert_eq!(findings[0].severity, Severity::Refuse, "{findings:?}");
    let grants = |findings: &[Finding]| -> String {
        let hints = findings
            .iter()
            .filter_map(|finding| finding.hint.as_deref());
        let grants: Vec<&str> = hints.filter(|hint| hint.starts_with("GRANT")).collect();
        grants.join("\n")
    };
    server.sql(&grants(&findings));
    let left = stage.check(&dump, None);
    assert_eq!(left.len(), 1, "FLOAT: {left:?}");
    let set = stage.sealed("set", std::slice::from_ref(&dump));
    let restore = restore(&connection, &schema);
    let findings = stage.check(&restore, Some(&set));
    assert!(findings.len() >= 2, "{findings:?}");
    server.sql(&grants(&findings));
    server.sql("SET GLOBAL log_bin_trust_function_creators = ON");
    let left = stage.check(&restore, Some(&set));
    assert_eq!(left, Vec::new());
    stage.restore(&set, &restore).unwrap();
}

#[test]
#[ignore = "Debian has no MySQL server: run by hand with UPGRADE_KIT_MYSQL"]
fn scripts_run_once() {
    let server = server();
    let schema = server.seeded();
    let stage = Stage::new("");
    let path = stage.directory.path().join("1.sql");
    std::fs::write(&path, "DELIMITER //\r\nCREATE PROCEDURE m() BEGIN DELETE FROM c; END//\r\nDELIMITER ;\r\nCALL m();\r\nINSERT INTO nowhere VALUES (1);\n").unwrap();
    let options = json!({ "schema": schema, "scripts": [path] });
    let script: Script = action(&server.connection("root", false), options);
    stage
        .step(None, None, |context| script.perform(context))
        .unwrap_err();
    let probe = stage
        .step(None, None, |context| script.probe(context))
        .unwrap();
    assert!(matches!(probe, Probe::Unknown(_)), "{probe:?}");
}
