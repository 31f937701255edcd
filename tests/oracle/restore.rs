//! `oracle.restore`.

use serde_json::{Value, json};
use upgrade_kit::adapter::Action;
use upgrade_kit::adapter::oracle::{Export, Restore};
use upgrade_kit::backup::SealedSet;
use upgrade_kit::event::{FailureKind, StopLevel};

use super::rig::{PASSWORD, Rig, UPGRADE};
use crate::database_stage::{Stage, ran, shown, text};

/// A backup set of the seeded schema, and what that held to the row; upgraded since.
fn upgraded(rig: &Rig) -> (Stage, SealedSet, String) {
    let before = rig.exact("DOMIBUS");
    let stage = Stage::new(PASSWORD);
    let set = stage.sealed("set", &[rig.transfer::<Export>("DOMIBUS", &json!({}))]);
    rig.sql("DOMIBUS", UPGRADE);
    assert_ne!(rig.exact("DOMIBUS"), before);
    stage.tools.lock().unwrap().clear();
    (stage, set, before)
}

fn restore(rig: &Rig) -> Restore {
    rig.transfer("DOMIBUS", &json!({}))
}

/// The failure of a restore after `faults`, which must leave no job and no file.
fn failure(faults: &Value) -> (Rig, upgrade_kit::adapter::Failure) {
    let rig = Rig::new();
    let (stage, set, _) = upgraded(&rig);
    rig.faults(faults);
    let failure = stage.restore(&set, &restore(&rig)).unwrap_err();
    assert_eq!((rig.files(), rig.jobs()), (Vec::new(), "[]".to_owned()));
    (rig, failure)
}

#[test]
fn what_an_upgrade_added_is_gone_and_the_rest_is_as_it_was() {
    let rig = Rig::new();
    let (stage, set, before) = upgraded(&rig);
    let restore = restore(&rig);
    assert_eq!(stage.check(&restore, Some(&set)), Vec::new());
    let outcome = stage.restore(&set, &restore).unwrap();
    assert_eq!(rig.exact("DOMIBUS"), before);
    assert_eq!(outcome.outputs["rows"], 4);
    assert_eq!(outcome.warnings, Vec::<String>::new());
    assert_eq!((rig.files(), rig.jobs()), (Vec::new(), "[]".to_owned()));
    assert_eq!(ran(&stage), shown(&restore));
}

#[test]
fn a_privileged_account_restores_another_schema() {
    let rig = Rig::new();
    rig.python(
        "b.run('UPDATE m_users SET roles = ? WHERE name = ?', \
         '[\"DATAPUMP_EXP_FULL_DATABASE\", \"DATAPUMP_IMP_FULL_DATABASE\"]', 'OTHER')",
    );
    let before = rig.exact("DOMIBUS");
    let stage = Stage::new(PASSWORD);
    let set = stage.sealed("set", &[rig.transfer::<Export>("OTHER", &json!({}))]);
    rig.sql("DOMIBUS", UPGRADE);
    let restore: Restore = rig.transfer("OTHER", &json!({}));
    let outcome = Stage::new(PASSWORD).restore(&set, &restore).unwrap();
    assert_eq!(rig.exact("DOMIBUS"), before);
    // The dump holds the user, which exists: exit code 5, and no failure.
    assert_eq!(outcome.warnings.len(), 1, "{:?}", outcome.warnings);
    assert!(outcome.warnings[0].starts_with("ORA-31684: Object type USER:"));
}

#[test]
fn a_clone_goes_into_another_schema_and_leaves_the_first_alone() {
    let rig = Rig::new();
    let (stage, set, before) = upgraded(&rig);
    let upgraded = rig.exact("DOMIBUS");
    let clone = json!({ "remap_schema": "OTHER" });
    let refused: Restore = rig.transfer("OTHER", &clone);
    let refused = stage.restore(&set, &refused).unwrap_err();
    assert!(text(&refused).contains("GRANT DATAPUMP_IMP_FULL_DATABASE TO \"OTHER\";"));
    rig.python("b.run('UPDATE m_users SET roles = ? WHERE name = ?', '[\"DATAPUMP_IMP_FULL_DATABASE\"]', 'OTHER')");
    let careful = json!({ "remap_schema": "OTHER", "into_empty": true });
    let careful: Restore = rig.transfer("OTHER", &careful);
    rig.sql("OTHER", "CREATE TABLE MINE (ID NUMBER);");
    let refused = Stage::new(PASSWORD).restore(&set, &careful).unwrap_err();
    assert_eq!(
        refused.0.message,
        "the schema `OTHER` is not empty: it holds 1"
    );
    let clone: Restore = rig.transfer("OTHER", &clone);
    stage.restore(&set, &clone).unwrap();
    assert_eq!(rig.exact("OTHER"), before);
    assert_eq!(rig.exact("DOMIBUS"), upgraded);
}

#[test]
fn foreign_sessions_are_refused_and_nothing_is_touched() {
    let rig = Rig::new();
    let (stage, set, _) = upgraded(&rig);
    let upgraded = rig.exact("DOMIBUS");
    rig.python("b.run('INSERT INTO m_sessions VALUES (77, ?, ?, ?, ?, ?)', 'DOMIBUS', 'DOMIBUS', 'app1', 'JDBC Thin Client', 'USER')");
    let failure = stage.restore(&set, &restore(&rig)).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert!(text(&failure).contains("session 77,7 of DOMIBUS"));
    assert_eq!(rig.exact("DOMIBUS"), upgraded);
}

#[test]
fn a_damaged_dump_is_found_before_anything_is_dropped() {
    let rig = Rig::new();
    let (stage, set, _) = upgraded(&rig);
    let upgraded = rig.exact("DOMIBUS");
    let file = set.directory().join("database/DOMIBUS.dmp.zst");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&file, bytes).unwrap();
    stage.restore(&set, &restore(&rig)).unwrap_err();
    assert_eq!(rig.exact("DOMIBUS"), upgraded);
    assert_eq!(rig.files(), Vec::<String>::new());
}

#[test]
fn a_dump_that_the_database_cannot_read_is_found_before_anything_is_dropped() {
    let rig = Rig::new();
    let (stage, set, _) = upgraded(&rig);
    let upgraded = rig.exact("DOMIBUS");
    // Seen from the database, the directory is another one.
    std::fs::create_dir(rig.path("elsewhere")).unwrap();
    let elsewhere = rig.path("elsewhere").display().to_string();
    rig.python(&format!(
        "b.run('UPDATE m_directories SET path = ?', '{elsewhere}')"
    ));
    let failure = stage.restore(&set, &restore(&rig)).unwrap_err();
    assert!(
        text(&failure).contains("nothing was changed"),
        "{}",
        text(&failure)
    );
    assert!(
        text(&failure).contains("`directory_path` must be the path"),
        "{}",
        text(&failure)
    );
    assert_eq!(rig.exact("DOMIBUS"), upgraded);
}

#[test]
fn objects_that_no_statement_drops_are_refused() {
    let rig = Rig::new();
    let (stage, set, _) = upgraded(&rig);
    rig.python("b.run(\"INSERT INTO m_objects VALUES ('DOMIBUS', 'QUEUE', 'Q', 'VALID', '', 0)\")");
    let failure = stage.restore(&set, &restore(&rig)).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert!(text(&failure).contains("queue Q"));
    assert_eq!(stage.check(&restore(&rig), Some(&set)).len(), 1);
}

#[test]
fn a_resumable_wait_is_an_error_with_its_remedy() {
    let (_, failure) = failure(&json!({ "wait_at": "TB_MESSAGE" }));
    assert!(
        text(&failure).contains("a tablespace is full"),
        "{}",
        text(&failure)
    );
    assert!(text(&failure).contains("the schema is incomplete now"));
}

#[test]
fn an_object_that_does_not_compile_any_more_is_a_failure() {
    let (_, failure) = failure(&json!({ "invalid": true, "stays_invalid": true }));
    assert_eq!(failure.kind(), FailureKind::Verification);
    assert!(text(&failure).contains("procedure P_PURGE is INVALID, recorded was VALID"));
}

#[test]
fn an_object_that_compiles_at_last_is_a_warning() {
    let rig = Rig::new();
    let (stage, set, before) = upgraded(&rig);
    rig.faults(&json!({ "invalid": true }));
    let outcome = stage.restore(&set, &restore(&rig)).unwrap();
    assert_eq!(rig.exact("DOMIBUS"), before);
    assert!(outcome.warnings[0].starts_with("ORA-39082"));
}

/// A restore that was stopped while its import was at work.
fn stopped(rig: &Rig) -> (Stage, SealedSet, String) {
    let (mut stage, set, before) = upgraded(rig);
    rig.faults(&json!({ "slow": 30 }));
    let restore = restore(rig);
    let stop = stage.control.stop.clone();
    let failure = std::thread::scope(|scope| {
        let working = scope.spawn(|| stage.restore(&set, &restore));
        rig.until("no job", || {
            rig.jobs().contains("EXECUTING") && rig.tables("DOMIBUS") == "[]"
        });
        stop.raise(StopLevel::Kill);
        working.join().unwrap().unwrap_err()
    });
    assert_eq!(failure.kind(), FailureKind::Stopped, "{failure:?}");
    stage.control.stop = upgrade_kit::host::StopFlag::default();
    (stage, set, before)
}

#[test]
fn an_import_that_is_still_at_work_is_attached_to() {
    let rig = Rig::new();
    let (stage, set, before) = stopped(&rig);
    let restore = restore(&rig);
    std::thread::scope(|scope| {
        let working = scope.spawn(|| stage.restore(&set, &restore));
        rig.until("nobody attached", || {
            rig.calls().iter().any(|call| call.contains("ATTACH="))
        });
        rig.go();
        working.join().unwrap().unwrap()
    });
    assert_eq!(rig.exact("DOMIBUS"), before);
    let imports = rig
        .calls()
        .iter()
        .filter(|call| call.contains("PARFILE=import.par"))
        .count();
    assert_eq!(imports, 1);
    assert_eq!((rig.files(), rig.jobs()), (Vec::new(), "[]".to_owned()));
}

#[test]
fn an_import_that_died_half_way_begins_with_an_empty_schema_again() {
    let rig = Rig::new();
    let (stage, set, before) = stopped(&rig);
    rig.faults(&json!({ "crash_import": true }));
    rig.go();
    rig.until("the job dies", || rig.jobs().contains("NOT RUNNING"));
    rig.faults(&json!({}));
    stage.restore(&set, &restore(&rig)).unwrap();
    assert_eq!(rig.exact("DOMIBUS"), before);
    assert_eq!((rig.files(), rig.jobs()), (Vec::new(), "[]".to_owned()));
}

#[test]
fn an_artifact_of_another_schema_is_refused() {
    let rig = Rig::new();
    let (stage, set, _) = upgraded(&rig);
    let other: Restore = rig.transfer(
        "DOMIBUS",
        &json!({ "schema": "OTHER", "artifact": "database/DOMIBUS" }),
    );
    let failure = stage.restore(&set, &other).unwrap_err();
    assert!(text(&failure).contains("is a dump of `DOMIBUS`"));
    let same = json!({ "remap_schema": "DOMIBUS", "schema": "DOMIBUS", "directory": "D", "directory_path": "/d",
        "connection": { "external": true } });
    assert_eq!(
        serde_json::from_value::<Restore>(same)
            .unwrap()
            .validate()
            .len(),
        1
    );
}
