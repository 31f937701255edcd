//! Stopped and killed: a job lives on in the database and is found by its name.

use serde_json::json;
use upgrade_kit::adapter::Action;
use upgrade_kit::adapter::oracle::Export;
use upgrade_kit::backup::PartialSet;
use upgrade_kit::event::{FailureKind, StopLevel};

use super::rig::{PASSWORD, Rig};
use crate::database_stage::Stage;

/// How many jobs were started and how many attached to, of the export or import program.
fn starts(rig: &Rig, program: &str) -> (usize, usize) {
    let calls = rig.calls();
    let of = |what: &str| {
        let calls = calls
            .iter()
            .filter(|call| call.contains(&format!("[\"{program}\"")));
        calls.filter(|call| call.contains(what)).count()
    };
    (of("PARFILE="), of("ATTACH="))
}

/// An export that was stopped while its job was at work; the set that it was to be written to.
fn stopped_export(rig: &Rig, stage: &mut Stage, level: StopLevel) -> PartialSet {
    rig.faults(&json!({ "slow": 30 }));
    left(rig, stage, level, "EXECUTING")
}

/// An export that was stopped when its job had come to that state.
fn left(rig: &Rig, stage: &mut Stage, level: StopLevel, state: &str) -> PartialSet {
    let export: Export = rig.transfer("DOMIBUS", &json!({}));
    let set = PartialSet::create(&stage.backups(), "set").unwrap();
    let stop = stage.control.stop.clone();
    let failure = std::thread::scope(|scope| {
        let working =
            scope.spawn(|| stage.step(Some(&set), None, |context| export.perform(context)));
        rig.until("no job", || rig.jobs().contains(state));
        stop.raise(level);
        working.join().unwrap().unwrap_err()
    });
    assert_eq!(failure.kind(), FailureKind::Stopped, "{failure:?}");
    assert!(failure.0.message.contains("goes on in the database"));
    assert!(rig.jobs().contains(state));
    stage.control.stop = upgrade_kit::host::StopFlag::default();
    set
}

#[test]
fn a_job_that_is_still_at_work_is_attached_to() {
    for level in [StopLevel::Ask, StopLevel::Kill] {
        let rig = Rig::new();
        let mut stage = Stage::new(PASSWORD);
        let set = stopped_export(&rig, &mut stage, level);
        let export: Export = rig.transfer("DOMIBUS", &json!({}));
        let outcome = std::thread::scope(|scope| {
            let working =
                scope.spawn(|| stage.step(Some(&set), None, |context| export.perform(context)));
            rig.until("nobody attached", || starts(&rig, "expdp").1 == 1);
            rig.go();
            working.join().unwrap().unwrap()
        });
        assert_eq!(outcome.outputs["rows"], 4);
        assert_eq!(starts(&rig, "expdp"), (1, 1));
        assert_eq!((rig.files(), rig.jobs()), (Vec::new(), "[]".to_owned()));
    }
}

#[test]
fn a_job_that_ended_unwatched_is_taken_over_by_its_log() {
    let rig = Rig::new();
    let mut stage = Stage::new(PASSWORD);
    let set = stopped_export(&rig, &mut stage, StopLevel::Kill);
    rig.go();
    rig.until("the job goes on", || rig.jobs() == "[]");
    let export: Export = rig.transfer("DOMIBUS", &json!({}));
    let outcome = stage
        .step(Some(&set), None, |context| export.perform(context))
        .unwrap();
    assert_eq!(outcome.outputs["rows"], 4);
    assert_eq!(starts(&rig, "expdp"), (1, 0));
}

#[test]
fn what_a_dead_job_left_is_removed_before_another_begins() {
    let rig = Rig::new();
    let mut stage = Stage::new(PASSWORD);
    let set = stopped_export(&rig, &mut stage, StopLevel::Kill);
    rig.faults(&json!({ "crash": true }));
    rig.go();
    rig.until("the job dies", || rig.jobs().contains("NOT RUNNING"));
    assert!(!rig.files().is_empty());
    rig.faults(&json!({}));
    let export: Export = rig.transfer("DOMIBUS", &json!({}));
    stage
        .step(Some(&set), None, |context| export.perform(context))
        .unwrap();
    assert_eq!(starts(&rig, "expdp"), (2, 1));
    assert_eq!((rig.files(), rig.jobs()), (Vec::new(), "[]".to_owned()));
}

#[test]
fn the_database_changed_while_a_job_was_left_alone() {
    let rig = Rig::new();
    let mut stage = Stage::new(PASSWORD);
    let set = stopped_export(&rig, &mut stage, StopLevel::Kill);
    rig.sql("DOMIBUS", "DELETE FROM TB_MESSAGE WHERE ID = 3;\nCOMMIT;");
    rig.go();
    rig.until("the job goes on", || rig.jobs() == "[]");
    let export: Export = rig.transfer("DOMIBUS", &json!({}));
    let again = || stage.step(Some(&set), None, |context| export.perform(context));
    assert_eq!(again().unwrap_err().kind(), FailureKind::Verification);
    // The next attempt begins anew, with another name.
    assert_eq!(again().unwrap().outputs["rows"], 3);
}

#[test]
fn a_job_that_its_client_had_only_defined_is_removed() {
    let rig = Rig::new();
    let mut stage = Stage::new(PASSWORD);
    rig.faults(&json!({ "slow_start": 20 }));
    let set = left(&rig, &mut stage, StopLevel::Kill, "DEFINING");
    rig.faults(&json!({}));
    let export: Export = rig.transfer("DOMIBUS", &json!({}));
    let outcome = stage
        .step(Some(&set), None, |context| export.perform(context))
        .unwrap();
    assert_eq!(outcome.outputs["rows"], 4);
    assert_eq!(starts(&rig, "expdp"), (2, 1));
    assert_eq!((rig.files(), rig.jobs()), (Vec::new(), "[]".to_owned()));
}

#[test]
fn a_job_whose_worker_was_killed_ends_the_client_that_watches_it() {
    let rig = Rig::new();
    let mut stage = Stage::new(PASSWORD);
    let set = stopped_export(&rig, &mut stage, StopLevel::Kill);
    let export: Export = rig.transfer("DOMIBUS", &json!({}));
    let failure = std::thread::scope(|scope| {
        let working =
            scope.spawn(|| stage.step(Some(&set), None, |context| export.perform(context)));
        rig.until("nobody attached", || starts(&rig, "expdp").1 == 1);
        rig.python(
            "import os, signal\n\
             for pid, in b.run('SELECT pid FROM m_jobs'):\n    os.kill(pid, signal.SIGKILL)",
        );
        working.join().unwrap().unwrap_err()
    });
    assert_eq!(failure.kind(), FailureKind::Tool, "{failure:?}");
    assert_eq!((rig.files(), rig.jobs()), (Vec::new(), "[]".to_owned()));
}
