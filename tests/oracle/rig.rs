//! A simulated database of its own for every test.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use upgrade_kit::adapter::Action;

pub(crate) const PASSWORD: &str = "Geheim#9x@y";

/// What the accounts of a simulated database are opened with.
pub(crate) fn password() -> String {
    // No password of Oracle holds a double quote.
    crate::planted::instead_of(PASSWORD, "\"")
}

/// The schema of the tests as an application leaves it.
const SEED: &str = "
CREATE TABLE TB_MESSAGE (ID NUMBER(19) NOT NULL, BODY VARCHAR2(255 CHAR), PRIMARY KEY (ID));
CREATE TABLE TB_VERSION (VERSION VARCHAR2(30 CHAR), BUILD VARCHAR2(30 CHAR));
CREATE TABLE TB_EMPTY (ID NUMBER(19));
CREATE INDEX IDX_BODY ON TB_MESSAGE (BODY);
CREATE VIEW V_MESSAGE AS SELECT ID FROM TB_MESSAGE;
CREATE SEQUENCE SEQ_MESSAGE START WITH 4711;
CREATE OR REPLACE PROCEDURE P_PURGE AS
BEGIN

  NULL;
END;
/
INSERT INTO TB_MESSAGE VALUES (1, 'one');
INSERT INTO TB_MESSAGE VALUES (2, 'two');
INSERT INTO TB_MESSAGE VALUES (3, 'three');
INSERT INTO TB_VERSION VALUES ('5.1', 'today');
COMMIT;
";

/// What an upgrade does to it.
pub(crate) const UPGRADE: &str = "
CREATE TABLE TB_NEW (ID NUMBER(19));
INSERT INTO TB_NEW VALUES (1);
ALTER TABLE TB_MESSAGE ADD (EXTRA VARCHAR2(10));
INSERT INTO TB_MESSAGE VALUES (4, 'four', 'x');
UPDATE TB_VERSION SET VERSION = '5.1.1';
CREATE OR REPLACE VIEW V_NEW AS SELECT ID FROM TB_NEW;
DROP SEQUENCE SEQ_MESSAGE;
CREATE SEQUENCE SEQ_MESSAGE START WITH 9000;
CREATE OR REPLACE PROCEDURE P_PURGE AS
BEGIN
  DELETE FROM TB_NEW;
END;
/
COMMIT;
";

/// A simulated database with its programs.
pub(crate) struct Rig {
    pub(crate) directory: tempfile::TempDir,
}

impl Rig {
    /// With the schema DOMIBUS, its account, and the directory object UPK_DIR.
    pub(crate) fn new() -> Self {
        let rig = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(rig.folder()).unwrap();
        std::fs::create_dir(rig.path("bin")).unwrap();
        for (program, script) in [
            ("expdp", "datapump.py expdp"),
            ("impdp", "datapump.py impdp"),
            ("sqlplus", "sqlplus.py"),
        ] {
            let sim = Self::sim().display().to_string();
            rig.program(program, &format!("exec python3 {sim}/{script} \"$@\""));
        }
        let password = password();
        rig.python(&format!(
            "b.add_user('DOMIBUS', {password:?}, ['CREATE SESSION', 'CREATE TABLE', 'SELECT V_$SESSION'])\n\
             b.add_user('OTHER', {password:?}, ['CREATE SESSION', 'CREATE TABLE', 'SELECT V_$SESSION'])\n\
             b.run('INSERT INTO m_directories VALUES (?, ?)', 'UPK_DIR', '{}')\n\
             for right in ('READ', 'WRITE'):\n    b.run('INSERT INTO m_directory_grants VALUES (?, ?, ?)', \
             'UPK_DIR', 'PUBLIC', right)\n",
            rig.folder().display()
        ));
        rig.sql("DOMIBUS", SEED);
        rig
    }

    fn sim() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/sim")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The directory object's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.path("dump dir")
    }

    /// Names in the directory object's folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// A program of the rig.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        let state = self.path("state").display().to_string();
        let text =
            format!("#!/bin/sh\nexport ORACLE_SIM='{state}' PYTHONDONTWRITEBYTECODE=1\n{script}\n");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs lines with `b`, the state; what they print.
    pub(crate) fn python(&self, lines: &str) -> String {
        let script = format!("from state import Base, quoted\nb = Base()\n{lines}");
        let output = Command::new("python3")
            .args(["-c", &script])
            .current_dir(Self::sim())
            .env("ORACLE_SIM", self.path("state"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs statements as that account.
    pub(crate) fn sql(&self, account: &str, statements: &str) -> String {
        let input = self.path("input.sql");
        let text = format!(
            "SET SQLBLANKLINES ON\nWHENEVER SQLERROR EXIT 1\n\
             CONNECT {account}/\"{}\"@//db.example:1521/domibus\n{statements}\nEXIT\n",
            password()
        );
        std::fs::write(&input, text).unwrap();
        let output = Command::new(self.path("bin/sqlplus"))
            .args(["-S", "/nolog"])
            .stdin(Stdio::from(std::fs::File::open(&input).unwrap()))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        std::fs::remove_file(input).unwrap();
        text
    }

    /// Everything that a schema holds, to the row.
    pub(crate) fn exact(&self, schema: &str) -> String {
        self.python(&format!(
            "b.attach()\n\
             print(b.run('SELECT type, name, status, definition, last_number FROM m_objects WHERE owner = ? \
             ORDER BY 1, 2', '{schema}'))\n\
             for kind, name, sql in b.run('SELECT type, name, sql FROM ' + quoted('{schema}') + '.sqlite_master \
             ORDER BY 1, 2'):\n    print(kind, name, (sql or '').replace('\"', '').replace('{schema}.', ''))\n\
             for table in b.tables('{schema}'):\n    print(table, b.run('SELECT * FROM ' + quoted('{schema}') + \
             '.' + quoted(table)))\n"
        ))
    }

    /// Names of a schema's tables.
    pub(crate) fn tables(&self, schema: &str) -> String {
        self.python(&format!("b.attach()\nprint(b.tables('{schema}'))"))
            .trim()
            .to_owned()
    }

    /// What is to go wrong.
    pub(crate) fn faults(&self, faults: &Value) {
        std::fs::write(self.path("state/faults.json"), faults.to_string()).unwrap();
    }

    /// Lets a slow job go on.
    pub(crate) fn go(&self) {
        std::fs::write(self.path("state/go"), "").unwrap();
    }

    /// Jobs, running or left over.
    pub(crate) fn jobs(&self) -> String {
        self.python("b.bury()\nprint(b.run('SELECT name, state FROM m_jobs'))")
            .trim()
            .to_owned()
    }

    /// Argument lists of all calls so far.
    pub(crate) fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("state/calls.log")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits for a condition.
    pub(crate) fn until(&self, what: &str, condition: impl Fn() -> bool) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while !condition() {
            assert!(std::time::Instant::now() < deadline, "{what}");
            std::thread::sleep(std::time::Duration::from_millis(30));
        }
    }

    /// Options as a runbook gives them.
    pub(crate) fn connection(&self, account: &str) -> Value {
        json!({
            "user": account.to_lowercase(), "password": { "env": "DB_PASSWORD" }, "host": "db.example",
            "service": "domibus",
            "export_program": self.path("bin/expdp"), "import_program": self.path("bin/impdp"),
            "client_program": self.path("bin/sqlplus"),
        })
    }

    /// An action of the schema DOMIBUS.
    pub(crate) fn action<T: Action>(&self, account: &str, options: &Value) -> T {
        let mut all = json!({ "connection": self.connection(account), "schema": "DOMIBUS" });
        for (name, value) in options.as_object().unwrap() {
            all[name] = value.clone();
        }
        let action: T = serde_json::from_value(all).unwrap();
        assert_eq!(action.validate(), Vec::<String>::new());
        action
    }

    /// An export or restore that does not wait for others.
    pub(crate) fn transfer<T: Action>(&self, account: &str, options: &Value) -> T {
        let mut all = json!({
            "directory": "UPK_DIR", "directory_path": self.folder(), "wait_seconds": 0,
        });
        for (name, value) in options.as_object().unwrap() {
            all[name] = value.clone();
        }
        self.action(account, &all)
    }
}
