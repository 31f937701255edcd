//! Dumps: complete, or a failure that says what is missing.

use std::time::Duration;

use serde_json::json;
use upgrade_kit::adapter::Severity;
use upgrade_kit::adapter::mysql::{CheckQuiet, Dump};
use upgrade_kit::adapter::{Action, registry};
use upgrade_kit::event::FailureKind;

use super::rig::{new_name, rig};
use super::stage::{action, dump};
use crate::database_stage::Stage;
use crate::fake_tools::Tools;

#[test]
fn the_actions_are_registered_and_describe_themselves() {
    for name in [
        "mysql.check-quiet",
        "mysql.dump",
        "mysql.query",
        "mysql.restore",
        "mysql.script",
    ] {
        let entry = registry::find(name).unwrap_or_else(|| panic!("{name}"));
        let schema = serde_json::to_value(entry.schema()).unwrap();
        assert!(schema["properties"]["connection"].is_object(), "{schema}");
    }
}

#[test]
fn an_account_without_a_right_is_refused_with_the_statement_that_grants_it() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let pattern = schema.replace('_', "\\_");
    rig.sql(&format!(
        "CREATE OR REPLACE USER 'starved'@'localhost' IDENTIFIED BY 'x';
         GRANT SELECT, SHOW VIEW, EVENT ON `{pattern}`.* TO 'starved'@'localhost';"
    ));
    let stage = Stage::new("x");
    let connection = rig.connection_as("starved", Some("DB_PASSWORD"));
    let dump = dump(&connection, &schema);
    let findings = stage.check(&dump, None);
    assert_eq!(findings[0].severity, Severity::Refuse);
    let hint = findings[0].hint.clone().unwrap();
    assert_eq!(
        hint,
        format!(
            "GRANT TRIGGER ON `{pattern}`.* TO 'starved'@'localhost'; \
             GRANT SELECT ON mysql.proc TO 'starved'@'localhost';"
        )
    );
    let failure = stage.dump_into("set", &dump).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    // The statements of the hint are what it takes.
    rig.sql(&hint);
    rig.sql("GRANT PROCESS ON *.* TO 'starved'@'localhost'");
    assert_eq!(stage.check(&dump, None), Vec::new());
    let (_, outcome) = stage.dump_into("again", &dump).unwrap();
    assert_eq!(outcome.warnings, Vec::<String>::new());
}

#[test]
fn a_wrong_password_address_or_schema_is_said_plainly() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let one = |stage: &Stage, dump: &Dump| {
        let findings = stage.check(dump, None);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].severity, Severity::Refuse);
        let failure = stage.dump_into("set", dump).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Refused, "{failure:?}");
        assert_eq!(failure.0.message, findings[0].message);
        (
            findings[0].message.clone(),
            findings[0].hint.clone().unwrap(),
        )
    };
    let wrong = Stage::new("wrong");
    let (message, hint) = one(&wrong, &dump(&rig.connection(), &schema));
    assert!(
        message.contains("refused the account or its password"),
        "{message}"
    );
    assert!(hint.contains("`password`"), "{hint}");

    let mut nowhere = rig.connection();
    nowhere.socket = Some("/nowhere/mysql.sock".into());
    let (message, _) = one(&Stage::new(&rig.password), &dump(&nowhere, &schema));
    assert!(message.contains("cannot be reached"), "{message}");

    let (message, hint) = one(
        &Stage::new(&rig.password),
        &dump(&rig.connection(), &format!("{schema}_")),
    );
    assert!(
        message.contains(&format!("no schema `{schema}_`")),
        "{message}"
    );
    assert!(
        hint.contains(&format!("the server has `{schema}")),
        "{hint}"
    );

    let mut other = rig.connection();
    other.family = Some(upgrade_kit::adapter::mysql::Family::Mysql);
    let (message, _) = one(&Stage::new(&rig.password), &dump(&other, &schema));
    assert!(message.contains("is MariaDB 10."), "{message}");
}

#[test]
fn over_tcp_localhost_means_tcp() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let mut connection = rig.connection();
    connection.socket = None;
    connection.host = Some("127.0.0.1".to_owned());
    connection.port = Some(rig.port);
    Stage::new(&rig.password)
        .dump_into("set", &dump(&connection, &schema))
        .unwrap();
}

#[test]
fn a_session_that_is_killed_in_the_middle_is_a_failure() {
    let Some(rig) = rig() else { return };
    let schema = new_name();
    rig.create(&schema, "utf8mb4", "utf8mb4_bin");
    rig.load(
        &schema,
        "CREATE TABLE big (id INT PRIMARY KEY, b LONGBLOB);
         INSERT INTO big SELECT seq, REPEAT('x', 200000) FROM seq_1_to_400;",
    );
    let stage = Stage::new(&rig.password);
    // A writer that is slow enough to be caught: the dump program waits for its pipe.
    let tools = Tools::new();
    tools.write(
        "dump",
        "#!/bin/bash\nset -o pipefail\nmysqldump \"$@\" | { head -c 1000000; sleep 2; cat; }\n",
    );
    let mut connection = rig.connection();
    connection.dump_program = Some(tools.path("dump"));
    let victim = schema.clone();
    let killer = std::thread::spawn(move || {
        let rig = rig_now();
        for _ in 0..100 {
            let id = rig.sql(&format!(
                "SELECT id FROM information_schema.processlist \
                 WHERE db = '{victim}' AND command <> 'Sleep' AND info LIKE 'SELECT%SQL_NO_CACHE%'"
            ));
            if let Ok(id) = id.lines().next().unwrap_or_default().parse::<u64>() {
                rig.sql(&format!("KILL {id}"));
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    });
    let failure = stage
        .dump_into("set", &dump(&connection, &schema))
        .unwrap_err();
    assert!(killer.join().unwrap(), "the session was not caught");
    assert_eq!(failure.kind(), FailureKind::Tool, "{failure:?}");
    assert_eq!(failure.0.exit.as_deref(), Some("exit code 3"));
    assert!(
        failure
            .0
            .message
            .contains("the connection to the server was lost"),
        "{}",
        failure.0.message
    );
}

fn rig_now() -> &'static super::rig::Rig {
    rig().unwrap()
}

#[test]
fn a_tool_that_cuts_its_output_and_ends_well_is_caught() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let tools = Tools::new();
    for (name, script, kind, text) in [
        (
            "cut",
            "#!/bin/sh\nmysqldump \"$@\" | awk 'NR <= 60'\nexit 0\n",
            FailureKind::Verification,
            "has no `-- Dump completed` at its end",
        ),
        (
            "lacks-triggers",
            "#!/bin/sh\nexec mysqldump \"$@\" --skip-triggers\n",
            FailureKind::Tool,
            "",
        ),
        (
            "lacks-rows",
            "#!/bin/sh\nmysqldump \"$@\" | grep -v -e '^INSERT INTO `TB_VERSION`' -e \"^('5.1.0'\"\n",
            FailureKind::Verification,
            "lacks 1 rows of table `TB_VERSION`",
        ),
        (
            "lacks-a-routine",
            "#!/bin/sh\nmysqldump \"$@\" | sed 's/PROCEDURE `PURGE_MESSAGES`/PROCEDURE `x`/'\n",
            FailureKind::Verification,
            "lacks procedure `PURGE_MESSAGES`",
        ),
        (
            "no-dump",
            "#!/bin/sh\necho hello; echo '-- Dump completed'\n",
            FailureKind::Verification,
            "does not begin as a dump does",
        ),
        (
            "complains",
            "#!/bin/sh\nmysqldump \"$@\"\necho \"mysqldump: Couldn't read a thing\" >&2\n",
            FailureKind::Tool,
            "ended well but reported errors",
        ),
        (
            "floods",
            "#!/bin/sh\nmysqldump \"$@\"\nyes 'a line of no meaning' | head -n 100000 >&2\n",
            FailureKind::Tool,
            "ended well but reported errors",
        ),
        (
            "unknown-option",
            "#!/bin/sh\nexec mysqldump --no-such-option=1 \"$@\"\n",
            FailureKind::Tool,
            "failed",
        ),
    ] {
        tools.write(name, script);
        let mut connection = rig.connection();
        connection.dump_program = Some(tools.path(name));
        let failure = stage
            .dump_into(name, &dump(&connection, &schema))
            .unwrap_err();
        assert_eq!(failure.kind(), kind, "{name}: {failure:?}");
        assert!(
            failure.0.message.contains(text),
            "{name}: {}",
            failure.0.message
        );
    }
}

#[test]
fn a_change_while_it_is_dumped_is_found_out() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let tools = Tools::new();
    let client = format!(
        "mariadb --no-defaults -uroot --socket={}",
        rig.socket.display()
    );
    for (name, statement, text) in [
        (
            "row",
            "UPDATE TB_VERSION SET BUILD_TIME = 'now'",
            "checksum of table `TB_VERSION` was",
        ),
        (
            "table",
            "CREATE TABLE added (id INT)",
            "table `added` is too many",
        ),
        (
            "view",
            "CREATE OR REPLACE VIEW V_AUDIT AS SELECT 2 AS MESSAGES",
            "view `V_AUDIT`",
        ),
    ] {
        let script = format!("#!/bin/sh\nmysqldump \"$@\"\n{client} -e \"{statement}\" {schema}\n");
        tools.write(name, &script);
        let mut connection = rig.connection();
        connection.dump_program = Some(tools.path(name));
        let failure = stage
            .dump_into(name, &dump(&connection, &schema))
            .unwrap_err();
        assert_eq!(
            failure.kind(),
            FailureKind::Verification,
            "{name}: {failure:?}"
        );
        assert!(
            failure.0.message.contains(text),
            "{name}: {}",
            failure.0.message
        );
        assert!(
            failure
                .0
                .hint
                .as_ref()
                .unwrap()
                .contains("stop the application")
        );
    }
}

#[test]
fn what_a_dump_cannot_keep_is_said() {
    let Some(rig) = rig() else { return };
    let schema = new_name();
    rig.create(&schema, "utf8mb4", "utf8mb4_bin");
    rig.load(
        &schema,
        "CREATE TABLE f (id INT PRIMARY KEY, x FLOAT); INSERT INTO f VALUES (1, 0.1234567);
         CREATE TABLE m (id INT) ENGINE=MyISAM;",
    );
    let stage = Stage::new("");
    let connection = rig.connection_as("root", None);
    let set = stage.sealed("set", &[dump(&connection, &schema)]);
    let findings = stage.check(&dump(&connection, &schema), None);
    let text = format!("{findings:?}");
    assert!(
        text.contains("f.x") && text.contains("m (MyISAM)"),
        "{text}"
    );
    // The digits that are kept are compared.
    stage
        .restore(&set, &super::stage::restore(&connection, &schema))
        .unwrap();

    rig.load(&schema, "CREATE TABLE h (id INT) WITH SYSTEM VERSIONING;");
    let failure = stage
        .dump_into("versioned", &dump(&connection, &schema))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert!(
        failure.0.message.contains("system versioning"),
        "{}",
        failure.0.message
    );
}

#[test]
fn others_are_waited_for_and_then_named() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let busy = schema.clone();
    let sleeper = std::thread::spawn(move || rig_now().load(&busy, "DO SLEEP(3);"));
    std::thread::sleep(Duration::from_millis(700));
    let stage = Stage::new("");
    let root = rig.connection_as("root", None);
    let quiet = |seconds: u64| -> CheckQuiet {
        action(
            &root,
            json!({ "schemas": ["mysql", schema], "wait_seconds": seconds }),
        )
    };
    let failure = stage
        .step(None, None, |context| quiet(0).perform(context))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert!(
        failure.0.message.contains("of root@localhost"),
        "{}",
        failure.0.message
    );
    assert!(
        !failure.0.message.contains("SLEEP"),
        "statements quote rows"
    );
    stage
        .step(None, None, |context| quiet(20).perform(context))
        .unwrap();
    sleeper.join().unwrap();
}
