//! Restores: the exact earlier state, or nothing changed.

use std::io::Write;

use serde_json::json;
use upgrade_kit::adapter::mysql::{Dump, Restore};
use upgrade_kit::adapter::{Action, Severity};
use upgrade_kit::backup::{PartialSet, SealedSet};
use upgrade_kit::event::{FailureKind, Level};

use super::rig::{rig, sql_file};
use super::stage::{action, dump, restore};
use crate::database_stage::Stage;

#[test]
fn a_restore_undoes_an_upgrade_to_the_byte() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let before = rig.exact_dump(&schema);
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();

    let (set, outcome) = stage.dump_into("set", &dump(&connection, &schema)).unwrap();
    assert_eq!(outcome.artifacts[0].level, Level::L3);
    assert_eq!(outcome.outputs["tables"], 8);
    let rows = rig.sql(&format!("SELECT COUNT(*) FROM `{schema}`.TB_USER_MESSAGE"));
    assert_eq!(rows, "3000");
    assert!(outcome.outputs["rows"].as_u64().unwrap() > 6000);
    assert!(
        outcome.outputs["tool_version"]
            .as_str()
            .unwrap()
            .contains("MariaDB dump")
    );
    let set = stage.seal(&set, outcome.artifacts);

    rig.load(&schema, &sql_file("5.1.1/mysql-5.1-to-5.1.1-upgrade.ddl"));
    rig.sql(&format!(
        "ALTER DATABASE `{schema}` CHARACTER SET latin1;
         USE `{schema}`; CREATE SEQUENCE added; CREATE EVENT added ON SCHEDULE EVERY 1 DAY DO SELECT 1;
         DROP PROCEDURE PURGE_MESSAGES; DELETE FROM TB_PART_INFO WHERE ID_PK < 100;"
    ));
    assert_ne!(rig.exact_dump(&schema), before);

    let outcome = stage.restore(&set, &restore(&connection, &schema)).unwrap();
    assert_eq!(outcome.warnings.len(), 1, "PROCESS: {:?}", outcome.warnings);
    assert_eq!(rig.exact_dump(&schema), before);
    let set_of_schema = rig.sql(&format!(
        "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = '{schema}'"
    ));
    assert_eq!(set_of_schema, "utf8mb4_bin");

    // Again, and from nothing.
    rig.sql(&format!("DROP DATABASE `{schema}`"));
    stage.restore(&set, &restore(&connection, &schema)).unwrap();
    assert_eq!(rig.exact_dump(&schema), before);
}

/// Views, triggers and routines speak of the schema that they are in, whatever its name.
#[test]
fn a_clone_has_another_name_and_replaces_nothing() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let (set, outcome) = stage.dump_into("set", &dump(&connection, &schema)).unwrap();
    let set = stage.seal(&set, outcome.artifacts);
    let clone = format!("{schema}_clone");
    let options = json!({
        "schema": schema, "remap_schema": clone, "into_empty": true, "wait_seconds": 0,
    });
    let action: Restore = action(&connection, options);

    rig.sql(&format!(
        "CREATE DATABASE `{clone}`; CREATE TABLE `{clone}`.mine (id INT)"
    ));
    let failure = stage.restore(&set, &action).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert_eq!(
        failure.0.message,
        format!("the schema `{clone}` is not empty: it holds 1")
    );
    assert_eq!(rig.sql(&format!("SHOW TABLES IN `{clone}`")), "mine");

    rig.sql(&format!("DROP DATABASE `{clone}`"));
    let before = rig.exact_dump(&schema);
    stage.restore(&set, &action).unwrap();
    assert_eq!(rig.exact_dump(&clone), before.replace(&schema, &clone));
    // What a killed attempt left is the step's own.
    stage.restore(&set, &action).unwrap();
    assert_eq!(rig.exact_dump(&clone), before.replace(&schema, &clone));
    assert_eq!(rig.exact_dump(&schema), before);
}

#[test]
fn odd_names_comments_and_huge_rows_come_back() {
    let Some(rig) = rig() else { return };
    let schema = "-domibus_o'dd `na\"me %s \\ é";
    rig.create(schema, "latin1", "latin1_german1_ci");
    rig.load(
        schema,
        "CREATE TABLE `-t ``a` (id INT PRIMARY KEY, b LONGBLOB, t TEXT CHARACTER SET utf8mb4);
         INSERT INTO `-t ``a` VALUES (1, REPEAT(UNHEX('00FF0A27'), 5000000), '🚀'), (2, NULL, ''), (3, '', NULL);
         CREATE TABLE empty (id INT);
         CREATE SEQUENCE s; DO NEXTVAL(s), NEXTVAL(s);
         CREATE VIEW `v ``w` AS SELECT id FROM `-t ``a`;
         DELIMITER ;;
         CREATE PROCEDURE `p ``q`() BEGIN
           -- a comment that a client may not strip
           /* CREATE TABLE `spoof` ( */ SELECT 'a\\n-- Dump completed'; # and this
         END;;
         DELIMITER ;",
    );
    let before = rig.exact_dump(schema);
    assert!(before.contains("may not strip"));
    let stage = Stage::new("");
    let connection = rig.connection_as("root", None);
    let set = stage.sealed("set", &[dump(&connection, schema)]);
    rig.sql("USE `-domibus_o'dd ``na\"me %s \\ é`; DROP TABLE empty; DROP PROCEDURE `p ``q`;");
    stage.restore(&set, &restore(&connection, schema)).unwrap();
    assert_eq!(rig.exact_dump(schema), before);
    rig.sql("DROP DATABASE `-domibus_o'dd ``na\"me %s \\ é`");
}

/// A set whose dump was edited after it was made, with hashes that fit.
fn edited(stage: &Stage, id: &str, dump: &Dump, edit: impl Fn(&str) -> String) -> SealedSet {
    let (set, outcome) = stage.dump_into(id, dump).unwrap();
    let path = format!("database/{}.sql.zst", dump.schema);
    let text = std::fs::read(set.directory().join(&path)).unwrap();
    let text = String::from_utf8(zstd::decode_all(&*text).unwrap()).unwrap();
    let changed = edit(&text);
    assert_ne!(changed, text);
    let mut writer = set.compressed(&path).unwrap();
    writer.write_all(changed.as_bytes()).unwrap();
    let mut artifacts = outcome.artifacts;
    artifacts[0].files = vec![writer.finish().unwrap().file];
    artifacts[0].level = Level::L1;
    stage.seal(&set, artifacts)
}

#[test]
fn a_dump_that_lacks_something_is_refused_before_the_drop() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let dump = dump(&connection, &schema);
    let before = rig.exact_dump(&schema);
    // Cut where a full disk or a killed tool would: the client loads it without an error.
    let cut = edited(&stage, "cut", &dump, |text| {
        text[..text
            .find("-- Table structure for table `TB_USER_MESSAGE`")
            .unwrap()]
            .to_owned()
    });
    let lacks_trigger = edited(&stage, "trigger", &dump, |text| {
        text.replace("TRIGGER TR_LOG_UPDATE", "TRIGGER OTHER")
            .replace("TR_LOG_UPDATE", "OTHER")
    });
    for (set, problem) in [
        (cut, "no `-- Dump completed`"),
        (lacks_trigger, "lacks trigger `TR_LOG_UPDATE`"),
    ] {
        let failure = stage
            .restore(&set, &restore(&connection, &schema))
            .unwrap_err();
        assert_eq!(failure.kind(), FailureKind::DamagedSet);
        assert!(failure.0.message.contains(problem), "{}", failure.0.message);
        assert!(
            failure
                .0
                .hint
                .as_ref()
                .unwrap()
                .contains("nothing was changed")
        );
        assert_eq!(rig.exact_dump(&schema), before);
    }
}

#[test]
fn a_damaged_file_is_refused_before_the_drop() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let set = stage.sealed("set", &[dump(&connection, &schema)]);
    let path = set.directory().join(format!("database/{schema}.sql.zst"));
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let before = rig.exact_dump(&schema);
    let failure = stage
        .restore(&set, &restore(&connection, &schema))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::DamagedSet);
    assert_eq!(rig.exact_dump(&schema), before);
}

#[test]
fn a_schema_in_use_is_not_dropped_and_its_users_are_named() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let set = stage.sealed("set", &[dump(&connection, &schema)]);
    let busy = schema.clone();
    let sleeper = std::thread::spawn(move || {
        let name = busy.clone();
        super::rig::rig().unwrap().load(&name, "DO SLEEP(3);");
    });
    std::thread::sleep(std::time::Duration::from_millis(700));
    // The domibus account sees only its own sessions; root's sleeper needs PROCESS.
    let root = rig.connection_as("root", None);
    let failure = stage.restore(&set, &restore(&root, &schema)).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert!(
        failure.0.message.contains("of root@localhost"),
        "{}",
        failure.0.message
    );
    // With patience it goes on when the other is gone.
    let patient: Restore = action(&root, json!({ "schema": schema, "wait_seconds": 20 }));
    stage.restore(&set, &patient).unwrap();
    sleeper.join().unwrap();
}

#[test]
fn a_shell_command_in_a_dump_does_not_run() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let dump = dump(&connection, &schema);
    let trap = stage.directory.path().join("ran");
    for (id, command) in [
        ("one", "\\! touch"),
        ("two", "system touch"),
        ("three", "SELECT 1 \\! touch"),
    ] {
        let set = edited(&stage, id, &dump, |text| {
            // Without the line that would switch MariaDB's client to its sandbox by itself.
            let text = text.split_once('\n').unwrap().1;
            let line = format!("\n{command} {}\n-- Host:", trap.display());
            text.replacen("\n-- Host:", &line, 1)
        });
        let failure = stage
            .restore(&set, &restore(&connection, &schema))
            .unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Tool);
        assert!(!trap.exists(), "`{command}` was run");
        assert!(
            failure
                .0
                .hint
                .as_ref()
                .unwrap()
                .contains("begins with a drop")
        );
        rig.load(&schema, &sql_file("5.1.0/tenant.sql"));
    }
}

/// Rows are people's data: neither the failure nor the step's log may quote them.
#[test]
fn a_failing_row_is_not_quoted() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let set = edited(&stage, "set", &dump(&connection, &schema), |text| {
        text.replacen("(1,'error 1')", "(1,'error 1'),(1,'patient Meier')", 1)
            .replacen(
                "(3,'error 3')",
                "(3,'patient Huber', oops 'patient Huber')",
                1,
            )
    });
    let failure = stage
        .restore(&set, &restore(&connection, &schema))
        .unwrap_err();
    let all = format!("{failure:?}{}", stage.log());
    assert_eq!(failure.kind(), FailureKind::Tool);
    assert!(all.contains("ERROR 1064"), "{all}");
    assert!(
        !all.contains("patient") && !all.contains("error 1'"),
        "{all}"
    );
}

#[test]
fn an_old_sandbox_line_is_no_obstacle() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let before = rig.exact_dump(&schema);
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let set = edited(&stage, "set", &dump(&connection, &schema), |text| {
        text.replacen("/*M!999999", "/*!999999", 1)
    });
    stage.restore(&set, &restore(&connection, &schema)).unwrap();
    assert_eq!(rig.exact_dump(&schema), before);
}

#[test]
fn a_difference_after_the_load_is_named_with_its_numbers() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let (set, outcome) = stage.dump_into("set", &dump(&connection, &schema)).unwrap();
    let mut artifacts = outcome.artifacts;
    artifacts[0].details["contents"]["TB_PART_INFO"]["rows"] = json!(7);
    artifacts[0].details["contents"]["TB_VERSION"]["checksum"] = json!("1");
    let set = stage.seal(&set, artifacts);
    let failure = stage
        .restore(&set, &restore(&connection, &schema))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Verification);
    assert!(
        failure
            .0
            .message
            .contains("table `TB_PART_INFO` has 1505 rows, recorded were 7"),
        "{}",
        failure.0.message
    );
    assert!(
        failure.0.causes[0].contains("TB_VERSION"),
        "{:?}",
        failure.0.causes
    );
}

#[test]
fn what_cannot_be_restored_is_found_before_anything_begins() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let (set, outcome) = stage.dump_into("set", &dump(&connection, &schema)).unwrap();
    let mut artifacts = outcome.artifacts;
    artifacts[0].details["family"] = json!("mysql");
    artifacts[0].details["longest_line"] = json!(3_000_000_000_u64);
    let set = stage.seal(&set, artifacts);
    let before = rig.exact_dump(&schema);
    let findings = stage.check(&restore(&connection, &schema), Some(&set));
    let refused: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Refuse)
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(
        refused[0].contains("does not load into MariaDB"),
        "{refused:?}"
    );
    assert!(refused[1].contains("largest row"), "{refused:?}");
    let failure = stage
        .restore(&set, &restore(&connection, &schema))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert_eq!(rig.exact_dump(&schema), before);
    let missing: Restore = action(
        &connection,
        json!({ "schema": schema, "artifact": "nothing" }),
    );
    let findings = stage.check(&missing, Some(&set));
    assert!(findings[0].message.contains("has no artifact `nothing`"));
}

#[test]
fn two_schemas_are_dumped_and_restored_at_once() {
    let Some(rig) = rig() else { return };
    let schemas = [rig.seeded(), rig.seeded()];
    let before = schemas.each_ref().map(|schema| rig.exact_dump(schema));
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let set = PartialSet::create(&stage.backups(), "set").unwrap();
    let dumps: Vec<Dump> = schemas
        .iter()
        .map(|schema| dump(&connection, schema))
        .collect();
    let artifacts = std::thread::scope(|scope| {
        let running: Vec<_> = dumps
            .iter()
            .map(|dump| {
                let (stage, set) = (&stage, &set);
                scope.spawn(move || stage.step(Some(set), None, |context| dump.perform(context)))
            })
            .collect();
        running
            .into_iter()
            .flat_map(|one| one.join().unwrap().unwrap().artifacts)
            .collect::<Vec<_>>()
    });
    let set = stage.seal(&set, artifacts);
    for schema in &schemas {
        rig.load(schema, &sql_file("5.1.1/mysql-5.1-to-5.1.1-upgrade.ddl"));
    }
    std::thread::scope(|scope| {
        for schema in &schemas {
            let (stage, set, restore) = (&stage, &set, restore(&connection, schema));
            scope.spawn(move || stage.restore(set, &restore).unwrap());
        }
    });
    assert_eq!(
        schemas.each_ref().map(|schema| rig.exact_dump(schema)),
        before
    );
}
