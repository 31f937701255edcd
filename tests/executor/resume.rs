//! Taking up a run again.

use std::time::Duration;

use serde_json::json;
use upgrade_kit::adapter::Effect;
use upgrade_kit::event::{
    ArtifactRecord, Event, EventKind, FailureKind, Level, Outcome, RunOutcome, StepStatus,
};
use upgrade_kit::journal::{Holder, JournalError, Lock, RunDirectory};
use upgrade_kit::run::{GateAnswer, RunError, Verdict};

use super::fake::locked;
use super::killed::{boot_id, done, killed_run, notes, started};
use super::world::Stage;

#[test]
fn failed_steps_and_what_they_held_back_run_again() {
    let mut stage = Stage::new();
    stage.limits.jobs = 1;
    stage.step("first", &[], json!({}));
    stage.step("bad", &[0], json!({}));
    stage.step("nice", &[0], json!({})).optional = true;
    stage.step("last", &[1, 2], json!({}));
    stage.limits.keep_going = true;
    *locked(&stage.world.failing) = vec!["bad".to_owned(), "nice".to_owned()];
    let (state, outcome, _) = stage.run();
    assert_eq!(outcome, RunOutcome::Failed);

    locked(&stage.world.failing).clear();
    let (state, outcome, events) = stage.go_on(&state.run);
    assert_eq!(outcome, RunOutcome::Done);
    assert_eq!(stage.world.effects_of("first"), 1);
    assert_eq!(stage.world.effects_of("bad"), 1);
    assert_eq!(stage.world.effects_of("last"), 1);
    assert_eq!(
        stage.world.effects_of("nice"),
        0,
        "an optional failure is final"
    );
    assert_eq!(state.step("bad").unwrap().attempts, 2);
    assert_eq!(notes(&events), ["step `bad` failed and runs again"]);

    let error = stage.resume(&state.run).0.unwrap_err();
    assert!(matches!(error, RunError::AlreadyDone { .. }), "{error}");
}

#[test]
fn a_gate_is_asked_again() {
    let mut stage = Stage::new();
    stage
        .step("ask", &[], json!({ "question": "Ready?" }))
        .action = "gate".to_owned();
    stage.step("behind", &[0], json!({}));
    let (state, outcome, _) = stage.run();
    assert_eq!(outcome, RunOutcome::Waiting);
    *locked(&stage.keeper.answers) = vec![GateAnswer::No];
    let (state, outcome, _) = stage.go_on(&state.run);
    assert_eq!(outcome, RunOutcome::Failed);
    *locked(&stage.keeper.answers) = vec![GateAnswer::Yes];
    let (_, outcome, _) = stage.go_on(&state.run);
    assert_eq!(outcome, RunOutcome::Done);
    assert_eq!(stage.world.effects_of("behind"), 1);
}

#[test]
fn what_was_cut_off_is_taken_up_as_its_effect_demands() {
    for (effect, happened, runs) in [
        (Effect::Pure, true, true),
        (Effect::Idempotent, true, true),
        (Effect::Once, true, false),
        (Effect::Once, false, true),
        (Effect::External, true, false),
        (Effect::External, false, true),
    ] {
        let mut stage = Stage::new();
        stage
            .step("cut", &[], json!({ "gives": "42 messages" }))
            .effect = effect;
        stage.step("next", &[0], json!({ "wants": "${cut}" }));
        killed_run(&stage, &boot_id(), vec![started("cut")]);
        if happened {
            locked(&stage.world.effects).insert("cut".to_owned(), 1);
        }
        let (state, outcome, events) = stage.go_on_with_killed();
        assert_eq!(outcome, RunOutcome::Done);
        let ran = locked(&stage.world.begun).contains(&"cut".to_owned());
        assert_eq!(ran, runs, "{effect:?}, happened: {happened}");
        assert_eq!(state.step("cut").unwrap().attempts, 2);
        assert_eq!(notes(&events).len(), 1);
    }
}

#[test]
fn what_nobody_can_tell_a_person_is_asked() {
    for (verdict, effects, outcome) in [
        (Verdict::Done, 0, RunOutcome::Done),
        (Verdict::Repeat, 1, RunOutcome::Done),
        (Verdict::Wait, 0, RunOutcome::Waiting),
    ] {
        let mut stage = Stage::new();
        stage.step("cut", &[], json!({ "probe": "unknown" })).effect = Effect::Once;
        stage.step("next", &[0], json!({}));
        killed_run(&stage, &boot_id(), vec![started("cut")]);
        *locked(&stage.keeper.verdicts) = vec![verdict];
        let (state, ended, _) = stage.go_on_with_killed();
        assert_eq!(ended, outcome);
        assert_eq!(stage.world.effects_of("cut"), effects);
        let question =
            "step `cut` was cut off and what came of it is not known: look at the counter";
        assert_eq!(locked(&stage.keeper.asked)[0].question, question);
        if verdict == Verdict::Wait {
            let question = question.to_owned();
            assert_eq!(state.steps[0].status, StepStatus::Waiting { question });
            // It is asked again, not forgotten.
            *locked(&stage.keeper.verdicts) = vec![Verdict::Done];
            assert_eq!(stage.go_on_with_killed().1, RunOutcome::Done);
            assert_eq!(stage.world.effects_of("cut"), 0);
        }
    }
}

#[test]
fn a_failure_that_leaves_open_what_was_done_is_not_trusted() {
    for (kind, asked) in [(FailureKind::Tool, 0), (FailureKind::Timeout, 1)] {
        let mut stage = Stage::new();
        stage
            .step("import", &[], json!({ "probe": "unknown" }))
            .effect = Effect::Once;
        let mut failure = *upgrade_kit::adapter::Failure::new(kind, "went wrong").0;
        failure.hint = None;
        let failed = EventKind::StepFailed {
            step: "import".to_owned(),
            failure,
            tolerated: false,
            elapsed_ms: 1,
        };
        killed_run(&stage, &boot_id(), vec![started("import"), failed]);
        *locked(&stage.keeper.verdicts) = vec![Verdict::Repeat];
        assert_eq!(stage.go_on_with_killed().1, RunOutcome::Done);
        assert_eq!(locked(&stage.keeper.asked).len(), asked, "{kind:?}");
        assert_eq!(stage.world.effects_of("import"), 1);
    }
}

/// A step whose artifact is in the set, and the file.
fn with_artifact(stage: &mut Stage) -> (Outcome, std::path::PathBuf) {
    use std::io::Write;
    stage.plan.writes_set = true;
    let set = upgrade_kit::backup::PartialSet::create(&stage.plan.backups, &stage.killed).unwrap();
    let mut writer = set.file("jms/db-1.log").unwrap();
    writer.write_all(b"messages").unwrap();
    let file = writer.finish().unwrap();
    let path = set.directory().join("jms/db-1.log");
    let artifact = ArtifactRecord {
        name: "jms".to_owned(),
        kind: "file".to_owned(),
        files: vec![file],
        source: "/data".to_owned(),
        source_bytes: 8,
        level: Level::L1,
        details: serde_json::Value::Null,
    };
    (
        Outcome {
            artifacts: vec![artifact],
            ..Outcome::default()
        },
        path,
    )
}

#[test]
fn after_a_restart_of_the_machine_lost_artifacts_are_written_again() {
    let boot = boot_id();
    for (boot, damaged, again) in [
        ("another-boot", true, 1),
        ("another-boot", false, 0),
        (boot.as_str(), true, 0),
    ] {
        let mut stage = Stage::new();
        let (outcome, path) = with_artifact(&mut stage);
        stage.step("export", &[], json!({}));
        stage.step("next", &[0], json!({}));
        killed_run(
            &stage,
            boot,
            vec![started("export"), done("export", outcome)],
        );
        if damaged {
            std::fs::write(path, b"\0\0\0\0\0\0\0\0").unwrap();
        }
        let (_, ended, events) = stage.go_on_with_killed();
        assert_eq!(ended, RunOutcome::Done);
        assert_eq!(stage.world.effects_of("export"), again, "boot {boot}");
        let reopened = |event: &&Event| matches!(event.kind, EventKind::StepReopened { .. });
        assert_eq!(events.iter().filter(reopened).count(), again as usize);
    }
}

#[test]
fn a_changed_runbook_is_told_and_the_frozen_plan_runs() {
    let mut stage = Stage::new();
    stage.step("one", &[], json!({}));
    killed_run(&stage, &boot_id(), vec![]);
    let frozen = stage.plan.digest();
    stage.step("two", &[], json!({}));
    let (report, events) = stage.resume_beside(&stage.killed.clone(), true);
    let report = report.unwrap();
    assert_eq!(report.state.plan, frozen);
    assert_eq!(report.state.steps.len(), 1);
    let note =
        "the runbook or the site has changed since the run started; the plan from then is used";
    assert_eq!(notes(&events), [note]);
}

#[test]
fn an_edited_plan_file_is_refused() {
    let mut stage = Stage::new();
    stage.step("one", &[], json!({}));
    let directory = killed_run(&stage, &boot_id(), vec![]);
    let path = directory.path().join("plan.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("Step one", "Step two")).unwrap();
    let error = stage
        .resume(&stage.killed.clone())
        .0
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("it is not the plan that the run started with"),
        "{error}"
    );
}

#[test]
fn a_run_that_is_at_work_is_not_resumed() {
    let mut stage = Stage::new();
    stage.step("one", &[], json!({}));
    killed_run(&stage, &boot_id(), vec![]);
    let lock = Lock::take(
        &stage.plan.state,
        &Holder::this_process(&stage.killed, "backup"),
    )
    .unwrap();
    let error = stage.resume(&stage.killed.clone()).0.unwrap_err();
    assert!(
        matches!(error, RunError::Journal(JournalError::Held { .. })),
        "{error}"
    );
    drop(lock);
    assert_eq!(stage.go_on_with_killed().1, RunOutcome::Done);
}

#[test]
fn a_run_that_does_not_exist_is_named() {
    let mut stage = Stage::new();
    for run in ["20200101T000000Z-none", "../../etc", ""] {
        let error = stage.resume(run).0.unwrap_err();
        assert!(
            matches!(error, RunError::Journal(JournalError::NoSuchRun { .. })),
            "{error}"
        );
    }
}

#[test]
fn runs_are_listed_newest_first() {
    let mut stage = Stage::new();
    stage.step("one", &[], json!({}));
    killed_run(&stage, &boot_id(), vec![started("one")]);
    let (summaries, _) = RunDirectory::list(&stage.plan.state).unwrap();
    assert_eq!((summaries[0].steps, summaries[0].outcome), (1, None));
    stage.go_on_with_killed();
    std::thread::sleep(Duration::from_millis(10));
    let (state, ..) = stage.run();
    let (summaries, _) = RunDirectory::list(&stage.plan.state).unwrap();
    let found: Vec<_> = summaries
        .iter()
        .map(|one| (one.run.as_str(), one.outcome))
        .collect();
    let done = Some(RunOutcome::Done);
    let mut expected = vec![(state.run.as_str(), done), (stage.killed.as_str(), done)];
    expected.sort_by(|one, other| other.0.cmp(one.0));
    assert_eq!(found, expected);
    assert_eq!(
        RunDirectory::list(std::path::Path::new("/nowhere"))
            .unwrap()
            .0,
        []
    );
}
