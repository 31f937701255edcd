//! Migration scripts: once each, in order, never blindly again.

use std::path::PathBuf;

use serde_json::{Value, json};
use upgrade_kit::adapter::mysql::{Query, Script};
use upgrade_kit::adapter::{Action, Probe, Severity};
use upgrade_kit::event::FailureKind;

use super::rig::{Rig, rig};
use super::stage::action;
use crate::database_stage::Stage;

fn scripts(rig: &Rig, schema: &str, paths: &[PathBuf]) -> Script {
    let options = json!({ "schema": schema, "scripts": paths, "wait_seconds": 5 });
    action(&rig.connection(), options)
}

fn written(stage: &Stage, name: &str, text: &str) -> PathBuf {
    let path = stage.directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn probe(stage: &Stage, script: &Script) -> Probe {
    stage
        .step(None, None, |context| script.probe(context))
        .unwrap()
}

fn ask(
    rig: &Rig,
    stage: &Stage,
    schema: &str,
    sql: &str,
    expect: Value,
) -> Result<Value, FailureKind> {
    let mut options = json!({ "schema": schema, "sql": sql });
    if !expect.is_null() {
        options["expect"] = expect;
    }
    let query: Query = action(&rig.connection(), options);
    stage
        .step(None, None, |context| query.perform(context))
        .map(|outcome| outcome.outputs["value"].clone())
        .map_err(|failure| failure.kind())
}

#[test]
fn shipped_scripts_run_and_are_recorded() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/rig/sql/5.1.1/mysql-5.1-to-5.1.1-upgrade.ddl");
    // As an editor on Windows leaves it.
    let windows = written(
        &stage,
        "windows.sql",
        "\u{feff}DELIMITER //\r\nCREATE PROCEDURE w()\r\nBEGIN\r\n  SELECT 1; -- two\r\nEND//\r\nDELIMITER ;\r\nCALL w();\r\n",
    );
    let script = scripts(rig, &schema, &[shipped, windows]);
    assert!(stage.check(&script, None).is_empty());
    assert_eq!(probe(&stage, &script), Probe::Absent);
    let version = "SELECT MAX(VERSION) FROM TB_VERSION";
    assert_eq!(
        ask(rig, &stage, &schema, version, json!({ "scalar": "5.1.0" })),
        Ok("5.1.0".into())
    );
    let outcome = stage
        .step(None, None, |context| script.perform(context))
        .unwrap();
    assert_eq!(outcome.outputs["scripts"].as_array().unwrap().len(), 2);
    assert_eq!(
        outcome.outputs["scripts"][0]["sha256"]
            .as_str()
            .unwrap()
            .len(),
        64
    );
    assert_eq!(
        ask(
            rig,
            &stage,
            &schema,
            version,
            json!({ "one_of": ["5.1.1", "5.1.2"] })
        ),
        Ok("5.1.1".into())
    );
    let moved = ask(rig, &stage, &schema, version, json!({ "scalar": "5.1.0" }));
    assert_eq!(moved, Err(FailureKind::Verification));
    // Done is done: a second time nothing is run, and the probe says the same.
    assert!(matches!(probe(&stage, &script), Probe::Present(_)));
    stage
        .step(None, None, |context| script.perform(context))
        .unwrap();
}

#[test]
fn a_failing_script_is_not_begun_again_over_its_own_traces() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let first = written(&stage, "1.sql", "CREATE TABLE one (id INT);\n");
    let second = written(
        &stage,
        "2.sql",
        "INSERT INTO one VALUES (1);\nINSERT INTO nowhere VALUES (2);\n",
    );
    let third = written(&stage, "3.sql", "CREATE TABLE three (id INT);\n");
    let script = scripts(rig, &schema, &[first.clone(), second, third]);
    let failure = stage
        .step(None, None, |context| script.perform(context))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Tool);
    assert!(
        failure.0.message.contains("2.sql failed"),
        "{}",
        failure.0.message
    );
    assert!(
        failure
            .0
            .stderr
            .iter()
            .any(|line| line.contains("ERROR 1146")),
        "{failure:?}"
    );
    assert!(
        failure
            .0
            .hint
            .as_ref()
            .unwrap()
            .contains("restore the schema")
    );
    // Only rows changed: the inventory is the same, the contents are not.
    assert!(matches!(probe(&stage, &script), Probe::Unknown(text) if text.contains("2.sql")));
    let failure = stage
        .step(None, None, |context| script.perform(context))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NeedsOperator);
    // Undone by hand, it goes on with the second; the first is not run again.
    rig.load(&schema, "DELETE FROM one; CREATE TABLE nowhere (id INT);");
    assert!(
        matches!(probe(&stage, &script), Probe::Unknown(_)),
        "nowhere is new"
    );
    rig.load(&schema, "DROP TABLE nowhere;");
    assert!(matches!(probe(&stage, &script), Probe::Partial(text) if text.starts_with("1 of 3")));
    std::fs::write(&first, "CREATE TABLE other (id INT);\n").unwrap();
    let failure = stage
        .step(None, None, |context| script.perform(context))
        .unwrap_err();
    assert!(
        failure
            .0
            .message
            .contains("is not the script that this step has run"),
        "{failure:?}"
    );
}

#[test]
fn a_script_that_changed_nothing_is_begun_again() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let path = written(&stage, "1.sql", "INSERT INTO later VALUES (1);\n");
    let script = scripts(rig, &schema, &[path]);
    stage
        .step(None, None, |context| script.perform(context))
        .unwrap_err();
    assert_eq!(probe(&stage, &script), Probe::Absent);
    rig.load(&schema, "CREATE TABLE later (id INT);");
    // The table is new, so it is not known any more whose it is.
    assert!(matches!(probe(&stage, &script), Probe::Unknown(_)));
}

#[test]
fn unusable_scripts_are_refused_in_the_check() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let empty = written(&stage, "empty.sql", "");
    let missing = stage.directory.path().join("missing.sql");
    let script = scripts(
        rig,
        &schema,
        &[missing, empty, stage.directory.path().to_owned()],
    );
    let findings = stage.check(&script, None);
    let messages: Vec<&str> = findings
        .iter()
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(findings.len(), 3, "{messages:?}");
    assert!(
        findings
            .iter()
            .all(|finding| finding.severity == Severity::Refuse)
    );
    assert!(messages[0].contains("there is no script"), "{messages:?}");
    assert!(messages[1].contains("is empty"), "{messages:?}");
    assert!(messages[2].contains("no regular file"), "{messages:?}");
}

#[test]
fn a_shell_command_in_a_script_does_not_run() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let trap = stage.directory.path().join("ran");
    let path = written(&stage, "1.sql", &format!("\\! touch {}\n", trap.display()));
    let script = scripts(rig, &schema, &[path]);
    stage
        .step(None, None, |context| script.perform(context))
        .unwrap_err();
    assert!(!trap.exists());
}

#[test]
fn a_query_cannot_change_anything() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let before = rig.exact_dump(&schema);
    for sql in [
        "DELETE FROM TB_VERSION",
        "DROP TABLE TB_PART_INFO",
        "CREATE TABLE x (id INT)",
        "SELECT 1; DELETE FROM TB_VERSION;",
    ] {
        assert!(
            ask(rig, &stage, &schema, sql, Value::Null).is_err(),
            "{sql}"
        );
    }
    assert_eq!(rig.exact_dump(&schema), before);
    let odd = "SELECT CONCAT('a\\tb\\n', CHAR(0), '\\\\', 'é🚀')";
    assert_eq!(
        ask(rig, &stage, &schema, odd, Value::Null),
        Ok("a\tb\n\0\\é🚀".into())
    );
    assert_eq!(
        ask(rig, &stage, &schema, "SELECT NULL", Value::Null),
        Ok("NULL".into())
    );
    let none = "SELECT 1 FROM TB_VERSION WHERE 1 = 0";
    assert_eq!(
        ask(rig, &stage, &schema, none, json!({ "rows": 0 })),
        Ok("".into())
    );
}
