//! A site whose database is Oracle, simulated: from backup to restore, and cut off on the way.

use insta::assert_snapshot;
use rustix::process::Signal;
use serde_json::json;

use super::documents::invalid;
use super::harness::{Sandbox, wait_until};
use crate::oracle::rig::{PASSWORD, Rig};

const MIGRATION: &str =
    "CREATE TABLE TB_LOCK (ID_PK NUMBER(19) NOT NULL, LOCK_KEY VARCHAR2(255 CHAR));
INSERT INTO TB_LOCK VALUES (1, 'bootstrap');
ALTER TABLE TB_MESSAGE ADD (TEST_MESSAGE NUMBER(1));
DROP SEQUENCE SEQ_MESSAGE;
CREATE SEQUENCE SEQ_MESSAGE START WITH 9000;
INSERT INTO TB_VERSION VALUES ('5.1.1', 'today', '2023-10-02');
COMMIT;
";

/// The practice installation with its data in a simulated Oracle database.
struct Oracle {
    sandbox: Sandbox,
    rig: Rig,
}

impl Oracle {
    fn new() -> Self {
        let rig = Rig::new();
        rig.sql(
            "DOMIBUS",
            "ALTER TABLE TB_VERSION ADD (CREATION_TIME VARCHAR2(30));\n\
             UPDATE TB_VERSION SET CREATION_TIME = '2023-06-01';\nCOMMIT;",
        );
        let mut sandbox = Sandbox::new();
        sandbox.set("DB_PASSWORD", PASSWORD);
        for properties in [
            "template/tomcat/conf/domibus/domibus.properties",
            "template/release-5.1.1/conf/domibus.properties",
        ] {
            sandbox.change(
                properties,
                "jdbc:h2:file:${domibus.config.location}/../../../data/domibus",
                "jdbc:oracle:thin:@//db.example:1521/domibus",
            );
            sandbox.change(properties, "datasource.user=sa", "datasource.user=domibus");
        }
        sandbox.write("migration.sql", MIGRATION);
        let program = |name: &str| rig.path("bin").join(name).display().to_string();
        let site = sandbox.read("site.yaml")
            + &format!(
                "  scripts: {{ domain: [migration.sql] }}\n\
                 database:\n  user: domibus\n  password: {{ env: DB_PASSWORD }}\n  directory: UPK_DIR\n  \
                 directory_path: {}\n  dump_program: {}\n  import_program: {}\n  client_program: {}\n",
                rig.folder().display(),
                program("expdp"),
                program("impdp"),
                program("sqlplus"),
            );
        sandbox.write("site.yaml", &site);
        Self { sandbox, rig }
    }

    /// Nothing of a job is left in the database or its directory.
    #[track_caller]
    fn expect_tidy(&self) {
        assert_eq!(
            (self.rig.files(), self.rig.jobs()),
            (Vec::new(), "[]".to_owned())
        );
    }

    /// Starts a phase, kills it when a job of its is at work, lets the job end, and resumes.
    fn killed_and_resumed(&self, phase: &str, slow: &str) {
        _ = std::fs::remove_file(self.rig.path("state/go"));
        self.rig.faults(&json!({ slow: 30 }));
        let running = self.sandbox.start(self.sandbox.command(&[phase, "--yes"]));
        wait_until("a job", || {
            let slow = slow.trim_start_matches("slow_").to_uppercase();
            let at_work = "SELECT operation FROM m_jobs WHERE state = 'EXECUTING'";
            self.rig
                .python(&format!("print(b.run(\"{at_work}\"))"))
                .contains(&slow)
        });
        running.signal(Signal::KILL);
        assert_eq!(running.finish().code(), -9);
        self.rig.faults(&json!({}));
        self.rig.go();
        _ = self.sandbox.done(&["resume", "--yes"]);
        self.expect_tidy();
    }
}

#[test]
fn a_schema_comes_back_exactly() {
    let oracle = Oracle::new();
    let before = oracle.rig.exact("DOMIBUS");
    let said = oracle.sandbox.done(&["backup"]);
    assert!(said.stdout.contains("4 rows in 3 tables"), "{said}");
    _ = oracle.sandbox.done(&["backups", "verify"]);
    _ = oracle.sandbox.done(&["upgrade"]);
    assert!(oracle.rig.tables("DOMIBUS").contains("TB_LOCK"));
    _ = oracle.sandbox.done(&["restore"]);
    assert_eq!(oracle.rig.exact("DOMIBUS"), before);
    oracle.expect_tidy();
    // The way back is one that leads forth again.
    _ = oracle.sandbox.done(&["backup"]);
    _ = oracle.sandbox.done(&["upgrade"]);
    assert!(oracle.rig.tables("DOMIBUS").contains("TB_LOCK"));
    let calls = oracle.rig.calls().join("\n");
    assert!(!calls.contains(PASSWORD));
}

#[test]
fn killed_while_a_job_is_at_work() {
    let oracle = Oracle::new();
    let before = oracle.rig.exact("DOMIBUS");
    oracle.killed_and_resumed("backup", "slow_export");
    _ = oracle.sandbox.done(&["upgrade"]);
    oracle.killed_and_resumed("restore", "slow_import");
    assert_eq!(oracle.rig.exact("DOMIBUS"), before);
}

#[test]
fn a_wrong_version_in_the_database_fails_the_upgrade() {
    let oracle = Oracle::new();
    _ = oracle.sandbox.done(&["backup"]);
    oracle
        .sandbox
        .change("migration.sql", "'5.1.1', 'today'", "'5.1.0.1', 'today'");
    let said = oracle.sandbox.run(&["upgrade"]);
    assert_eq!(said.code(), 5, "{said}");
    assert!(said.both().contains("check-schema-version"), "{said}");
}

#[test]
fn a_check_says_what_the_account_lacks() {
    let oracle = Oracle::new();
    _ = oracle.sandbox.done(&["backup"]);
    oracle
        .rig
        .python("b.run('DELETE FROM m_directory_grants WHERE privilege = ?', 'WRITE')");
    let said = oracle.sandbox.run(&["check", "backup"]);
    assert_snapshot!(said, @r#"
    exit 4
    -- stdout
    REFUSED  export-schema[DOMIBUS]: DOMIBUS lacks WRITE on the directory object UPK_DIR
             to do: as a DBA: GRANT READ, WRITE ON DIRECTORY UPK_DIR TO "DOMIBUS";
    info     installation: nothing here tells Domibus 4.x from 5.x; read as 5.x ([SITE]/installation/tomcat/conf/domibus)
    info     stop-server: the server does not run
    info     export-jms: [SITE]/installation/tomcat/conf/domibus/work/kahadb: 42 messages in 4 queues
    info     export-jms: [SITE]/installation/tomcat/conf/domibus/work/activemq_data/localhost/scheduler: no message in any queue, 3 waiting for redelivery

    1 thing stands in the way
    "#);
}

#[test]
fn a_plan_names_every_program() {
    let oracle = Oracle::new();
    let said = oracle
        .sandbox
        .done(&["plan", "restore", "--format", "markdown"]);
    let bin = oracle.rig.path("bin").display().to_string();
    let folder = oracle.rig.folder().display().to_string();
    let text = said
        .to_string()
        .replace(&bin, "[BIN]")
        .replace(&folder, "[FOLDER]");
    let kept: Vec<&str> = text.split("\n## ").collect();
    let schema = kept.iter().find(|part| part.contains("impdp"));
    assert_snapshot!(schema.unwrap_or(&text.as_str()), @r"
    21. Put the schema back exactly as it was DOMIBUS

    - [ ] Step `restore-schema[DOMIBUS]`, action `oracle.restore`, carries out domibus/3.1.3/2, domibus/9.2/note/1, domibus/9.2/1, domibus/9.2/ora/1, domibus/9.2/ora/2, domibus/9.2/ora/4.
    - After: ready.

    ```sh
    NLS_LANG=AMERICAN_AMERICA.AL32UTF8 [BIN]/sqlplus -S -L /nolog
    ```

    - Checks: the account may use the directory UPK\_DIR and import into \`DOMIBUS\`; no other session uses \`DOMIBUS\` (waits up to 10 s)
    - Reads: database/DOMIBUS.dmp.zst (zstd, SHA-256)
    - Writes: [FOLDER]/\<job\>.dmp
    - Writes: probe.par (0600, in the step's scratch directory): DIRECTORY=UPK\_DIR DUMPFILE=\<job\>.dmp LOGFILE=\<job\>p.log SQLFILE=\<job\>p.sql SCHEMAS=DOMIBUS JOB\_NAME=UPK\_\<run\>\_\<attempt\>P

    ```sh
    NLS_LANG=AMERICAN_AMERICA.AL32UTF8 [BIN]/impdp domibus@//db.example:1521/domibus PARFILE=probe.par
    ```

    - Checks: the import program can read the whole dump
    - Removes: every object of the schema \`DOMIBUS\`, by a DROP statement each; the user stays
    - Writes: import.par (0600, in the step's scratch directory): DIRECTORY=UPK\_DIR DUMPFILE=\<job\>.dmp LOGFILE=\<job\>.log SCHEMAS=DOMIBUS JOB\_NAME=UPK\_\<run\>\_\<attempt\>

    ```sh
    NLS_LANG=AMERICAN_AMERICA.AL32UTF8 [BIN]/impdp domibus@//db.example:1521/domibus PARFILE=import.par
    ```

    - Note: SQL: BEGIN DBMS\_UTILITY.COMPILE\_SCHEMA(schema =\> 'DOMIBUS', compile\_all =\> FALSE); END; BEGIN DBMS\_STATS.GATHER\_SCHEMA\_STATS('DOMIBUS'); END;
    - Checks: exit code and log say that every row was imported; every object, definition and row count is as recorded
    - Removes: [FOLDER]/\<job\>.dmp, [FOLDER]/\<job\>.log
    ");
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let sandbox = Sandbox::new();
    let site = sandbox.read("site.yaml") + "database: { kind: oracle, schemas: [] }\n";
    sandbox.write("site.yaml", &site);
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error: the site file site.yaml does not say enough
      hint: `database.user` is missing: the account that exports and restores; or give `wallet` or `external`
      hint: `database.password` is missing: where the account's password is
      hint: `database.host` is missing: the installation's own address names no single host
      hint: `database.service` is missing: the installation's own address names none (a SID is no service name)
      hint: `database.directory` is missing: the directory object through which the database writes dump files
      hint: `database.directory_path` is missing: where the folder of the directory object is seen from this machine
      hint: `database.schemas` is missing: the installation names no schema
    ");
}
