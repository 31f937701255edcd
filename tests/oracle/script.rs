//! `oracle.script` and `oracle.query`.

use std::path::PathBuf;

use serde_json::json;
use upgrade_kit::adapter::oracle::{Query, Script};
use upgrade_kit::adapter::{Action, Failure, Probe};
use upgrade_kit::event::{FailureKind, Outcome, StopLevel};

use super::rig::{PASSWORD, Rig, UPGRADE};
use crate::database_stage::{Stage, ran, shown, text};

fn file(rig: &Rig, name: &str, content: &str) -> PathBuf {
    let path = rig.path(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn script(rig: &Rig, scripts: &[PathBuf]) -> Script {
    rig.action("DOMIBUS", &json!({ "scripts": scripts, "wait_seconds": 0 }))
}

fn perform(stage: &Stage, action: &impl Action) -> Result<Outcome, Failure> {
    stage.step(None, None, |context| action.perform(context))
}

fn version(rig: &Rig) -> String {
    rig.sql("DOMIBUS", "SELECT VERSION FROM TB_VERSION;")
        .trim()
        .to_owned()
}

#[test]
fn scripts_are_run_once_in_their_order() {
    let rig = Rig::new();
    file(&rig, "part two.sql", "INSERT INTO TB_NEW VALUES (2);\n");
    let one = file(&rig, "the upgrade.sql", UPGRADE);
    let two = file(
        &rig,
        "2.sql",
        "@@part two.sql\n-- a & b\nINSERT INTO TB_NEW VALUES (3);\n",
    );
    let script = script(&rig, &[one, two]);
    let stage = Stage::new(PASSWORD);
    assert_eq!(stage.check(&script, None), Vec::new());
    let outcome = perform(&stage, &script).unwrap();
    assert_eq!(outcome.summary, "2 scripts run in `DOMIBUS`");
    assert_eq!(version(&rig), "5.1.1");
    assert_eq!(
        rig.sql("DOMIBUS", "SELECT COUNT(*) FROM TB_NEW;").trim(),
        "3"
    );
    assert_eq!(ran(&stage), shown(&script));
    let probe = stage
        .step(None, None, |context| script.probe(context))
        .unwrap();
    assert!(matches!(probe, Probe::Present(_)), "{probe:?}");
    perform(&stage, &script).unwrap();
    assert_eq!(
        rig.sql("DOMIBUS", "SELECT COUNT(*) FROM TB_NEW;").trim(),
        "3"
    );
}

#[test]
fn an_error_ends_a_script_and_its_rest_is_not_run() {
    let rig = Rig::new();
    let content = "CREATE TABLE TB_NEW (ID NUMBER(19));\nINSERT INTO TB_NONE VALUES (1);\nDROP TABLE TB_VERSION;\n";
    let failing = script(&rig, &[file(&rig, "1.sql", content)]);
    let stage = Stage::new(PASSWORD);
    let failure = perform(&stage, &failing).unwrap_err();
    assert!(
        failure
            .0
            .stderr
            .iter()
            .any(|line| line.contains("ORA-00942")),
        "{failure:?}"
    );
    assert!(text(&failure).contains("restore the schema from the backup set"));
    assert_eq!(version(&rig), "5.1");
    // What was done before the error stands in the way of another attempt.
    let probe = stage
        .step(None, None, |context| failing.probe(context))
        .unwrap();
    assert!(matches!(probe, Probe::Unknown(_)), "{probe:?}");
    assert_eq!(
        perform(&stage, &failing).unwrap_err().kind(),
        FailureKind::NeedsOperator
    );
}

#[test]
fn what_sqlplus_would_not_call_an_error_is_one() {
    for (content, expected) in [
        (
            "INSERT INTO TB_EMPTY VALUES (1);\nEXIT\n",
            "did not come to its end",
        ),
        ("@@missing.sql\n", "did not come to its end"),
        (
            "WHENEVER SQLERROR CONTINUE\nDROP TABLE TB_NONE;\nCOMMIT;\n",
            "did not come to its end",
        ),
    ] {
        let rig = Rig::new();
        let one = script(&rig, &[file(&rig, "1.sql", content)]);
        let failure = perform(&Stage::new(PASSWORD), &one).unwrap_err();
        assert!(text(&failure).contains(expected), "{}", text(&failure));
    }
    let rig = Rig::new();
    let open = script(
        &rig,
        &[file(&rig, "1.sql", "INSERT INTO TB_EMPTY VALUES (1)\n")],
    );
    let failure = perform(&Stage::new(PASSWORD), &open).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert!(text(&failure).contains("has no end"));
    let broken = "CREATE PROCEDURE P_NEW AS BROKEN;\n/\n";
    let broken = script(&rig, &[file(&rig, "2.sql", broken)]);
    let outcome = perform(&Stage::new(PASSWORD), &broken).unwrap();
    assert!(outcome.warnings[0].contains("compilation errors"));
}

#[test]
fn a_killed_script_is_run_again_only_if_it_left_no_trace() {
    for (content, traced) in [
        (
            "UPDATE TB_MESSAGE SET BODY = 'x' || BODY;\nSELECT 'here' FROM dual;\n",
            false,
        ),
        (
            "UPDATE TB_MESSAGE SET BODY = 'x' || BODY;\nCOMMIT;\nSELECT 'here' FROM dual;\n",
            true,
        ),
    ] {
        let rig = Rig::new();
        rig.faults(&json!({ "slow_statement": "here" }));
        let script = script(&rig, &[file(&rig, "1.sql", content)]);
        let mut stage = Stage::new(PASSWORD);
        let stop = stage.control.stop.clone();
        let journal = stage.scratch().join("scripts.json");
        std::thread::scope(|scope| {
            let working = scope.spawn(|| perform(&stage, &script));
            rig.until("no script", || {
                std::fs::read_to_string(&journal).is_ok_and(|text| text.contains("1.sql"))
            });
            std::thread::sleep(std::time::Duration::from_secs(3));
            stop.raise(StopLevel::Kill);
            let failure = working.join().unwrap().unwrap_err();
            assert_eq!(failure.kind(), FailureKind::Stopped);
        });
        stage.control.stop = upgrade_kit::host::StopFlag::default();
        rig.faults(&json!({}));
        let probe = stage
            .step(None, None, |context| script.probe(context))
            .unwrap();
        assert_eq!(matches!(probe, Probe::Unknown(_)), traced, "{probe:?}");
        let again = perform(&stage, &script);
        assert_eq!(again.is_err(), traced);
        let body = rig.sql("DOMIBUS", "SELECT BODY FROM TB_MESSAGE WHERE ID = 1;");
        assert_eq!(body.trim(), "xone");
    }
}

#[test]
fn a_question_is_compared() {
    let rig = Rig::new();
    let stage = Stage::new(PASSWORD);
    let sql = "SELECT VERSION, BUILD\n\nFROM TB_VERSION;";
    let query: Query = rig.action(
        "DOMIBUS",
        &json!({ "sql": sql, "expect": { "scalar": "5.1", "rows": 1 } }),
    );
    let outcome = perform(&stage, &query).unwrap();
    assert_eq!(outcome.outputs["value"], "5.1");
    assert_eq!(ran(&stage), shown(&query));
    let query: Query = rig.action(
        "DOMIBUS",
        &json!({ "sql": sql, "expect": { "one_of": ["4.2", "5.0"] } }),
    );
    let failure = perform(&stage, &query).unwrap_err();
    assert!(text(&failure).contains("`5.1` instead of `4.2` or `5.0`"));
    let connection = rig.connection("DOMIBUS");
    for sql in [
        "DROP TABLE A",
        "SELECT 1 FROM dual;\nDROP TABLE A",
        "SELECT 1 FROM dual\n/\nDROP TABLE A",
    ] {
        let all = json!({ "connection": connection, "schema": "DOMIBUS", "sql": sql });
        let query: Query = serde_json::from_value(all).unwrap();
        assert_eq!(query.validate().len(), 1, "{sql}");
    }
}
