//! A run from its start to its end.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use upgrade_kit::adapter::Effect;
use upgrade_kit::event::{
    Because, Event, EventKind, FailureKind, FailureReport, RunOutcome, RunState, StepStatus,
};
use upgrade_kit::plan::{OnFailure, Retry};
use upgrade_kit::run::{Limits, RunError};

use super::fake::locked;
use super::world::Stage;

fn begun(stage: &Stage) -> Vec<String> {
    locked(&stage.world.begun).clone()
}

#[track_caller]
fn failure<'a>(state: &'a RunState, step: &str) -> &'a FailureReport {
    match &state.step(step).unwrap().status {
        StepStatus::Failed { failure, .. } => failure,
        other => panic!("`{step}` has not failed: {other:?}"),
    }
}

#[track_caller]
pub(super) fn assert_not_run(state: &RunState, step: &str, because: Because) {
    let status = &state.step(step).unwrap().status;
    assert_eq!(status, &StepStatus::NotRun { because }, "{step}");
}

pub(super) fn kinds(events: &[Event]) -> Vec<&EventKind> {
    events.iter().map(|event| &event.kind).collect()
}

#[test]
fn a_plan_runs_in_order_and_passes_outputs_on() {
    let mut stage = Stage::new();
    stage.step(
        "first",
        &[],
        json!({ "gives": "42 messages", "says": "two\nlines" }),
    );
    stage.step("second", &[0], json!({ "wants": "${first}" }));
    stage.step("third", &[1], json!({}));
    let (state, outcome, events) = stage.run();
    assert_eq!(outcome, RunOutcome::Done);
    assert_eq!(begun(&stage), ["first", "second", "third"]);
    let done = |status: &StepStatus| matches!(status, StepStatus::Done { .. });
    assert!(state.steps.iter().all(|step| done(&step.status)));
    let said: Vec<&str> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::StepMessage { message, .. } => Some(message.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["two", "lines"]);
    let Some(EventKind::RunFinished { next, .. }) = events.last().map(|event| &event.kind) else {
        panic!("the last event is not the end: {events:?}");
    };
    assert_eq!(next, &[format!("Done {}", state.run)]);
}

#[test]
fn a_failure_stops_the_run_and_everything_names_its_cause() {
    let mut stage = Stage::new();
    stage.limits.jobs = 1;
    stage.step("bad", &[], json!({ "fails": 9 }));
    stage.step("after-bad", &[0], json!({}));
    stage.step("later", &[1], json!({}));
    stage.step("beside", &[], json!({}));
    let (state, outcome, _) = stage.run();
    assert_eq!(outcome, RunOutcome::Failed);
    assert_eq!(
        failure(&state, "bad").message,
        "attempt 1 failed on purpose"
    );
    assert_not_run(
        &state,
        "after-bad",
        Because::UpstreamFailed("bad".to_owned()),
    );
    assert_not_run(&state, "later", Because::UpstreamFailed("bad".to_owned()));
    assert_not_run(&state, "beside", Because::RunFailed("bad".to_owned()));
    assert_eq!(begun(&stage), ["bad"]);
}

#[test]
fn keep_going_and_continue_let_unrelated_steps_run() {
    for keep_going in [true, false] {
        let mut stage = Stage::new();
        stage.limits = Limits {
            jobs: 1,
            keep_going,
            ..Limits::default()
        };
        let bad = stage.step("bad", &[], json!({ "fails": 9 }));
        if !keep_going {
            bad.on_failure = OnFailure::Continue;
        }
        stage.step("after-bad", &[0], json!({}));
        stage.step("beside", &[], json!({}));
        let (state, outcome, _) = stage.run();
        assert_eq!(outcome, RunOutcome::Failed);
        assert_not_run(
            &state,
            "after-bad",
            Because::UpstreamFailed("bad".to_owned()),
        );
        assert_eq!(begun(&stage), ["bad", "beside"]);
    }
}

#[test]
fn an_optional_failure_is_a_warning() {
    let mut stage = Stage::new();
    stage.step("nice", &[], json!({ "fails": 9 })).optional = true;
    stage.step("needed", &[0], json!({}));
    let (state, outcome, _) = stage.run();
    assert_eq!(outcome, RunOutcome::Done);
    let nice = &state.step("nice").unwrap().status;
    assert!(
        matches!(
            nice,
            StepStatus::Failed {
                tolerated: true,
                ..
            }
        ),
        "{nice:?}"
    );
    assert_eq!(begun(&stage), ["nice", "needed"]);
}

#[test]
fn a_step_is_tried_again_as_often_as_it_says() {
    let mut stage = Stage::new();
    let retry = Some(Retry {
        attempts: 3,
        delay_ms: 10,
        backoff: 2.0,
    });
    stage.step("shaky", &[], json!({ "fails": 2 })).retry = retry;
    stage.step("hopeless", &[0], json!({ "fails": 9 })).retry = retry;
    let (state, outcome, events) = stage.run();
    assert_eq!(outcome, RunOutcome::Failed);
    assert_eq!(state.step("shaky").unwrap().attempts, 3);
    let delays: Vec<u64> = events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::StepRetrying { delay_ms, .. } => Some(delay_ms),
            _ => None,
        })
        .collect();
    assert_eq!(delays, [10, 20, 10, 20]);
    assert_eq!(
        failure(&state, "hopeless").message,
        "attempt 3 failed on purpose"
    );
}

#[test]
fn a_repeat_of_what_must_not_happen_twice_looks_first() {
    let mut stage = Stage::new();
    // Its effect happens, then its verification fails.
    let step = stage.step("import", &[], json!({ "wants": "41 messages" }));
    step.effect = Effect::Once;
    step.retry = Some(Retry {
        attempts: 3,
        delay_ms: 1,
        backoff: 1.0,
    });
    let (_, outcome, _) = stage.run();
    assert_eq!(outcome, RunOutcome::Done);
    assert_eq!(stage.world.effects_of("import"), 1);
}

#[test]
fn the_time_limit_ends_an_attempt() {
    let mut stage = Stage::new();
    stage
        .step("slow", &[], json!({ "works_ms": 20_000 }))
        .timeout_ms = Some(60);
    let began = Instant::now();
    let (state, outcome, _) = stage.run();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(outcome, RunOutcome::Failed);
    let failure = failure(&state, "slow");
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert_eq!(failure.message, "not done within the time limit of 60ms");
    assert_eq!(failure.causes, ["stopped on request"]);
}

#[test]
fn the_time_limit_ends_the_tool_of_an_attempt() {
    let mut stage = Stage::new();
    let options = json!({ "command": ["sleep", "20"] });
    stage.step("slow", &[], options).timeout_ms = Some(100);
    let began = Instant::now();
    let (state, _, events) = stage.run();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(failure(&state, "slow").kind, FailureKind::Timeout);
    let tool = events.iter().find_map(|event| match &event.kind {
        EventKind::ToolStarted {
            pid,
            start_time,
            command,
            ..
        } => Some((*pid, *start_time, command)),
        _ => None,
    });
    let (pid, start_time, command) = tool.unwrap();
    assert_eq!(command, "sleep 20");
    assert!(pid > 0 && start_time > 0);
}

#[test]
fn a_fault_of_an_action_is_a_failed_step() {
    let mut stage = Stage::new();
    stage.step("faulty", &[], json!({ "panics": true }));
    let (state, outcome, _) = stage.run();
    assert_eq!(outcome, RunOutcome::Failed);
    let failure = failure(&state, "faulty");
    assert_eq!(failure.kind, FailureKind::Internal);
    assert_eq!(failure.causes, ["a fault that was put here on purpose"]);
}

#[test]
fn secrets_do_not_leave() {
    let mut stage = Stage::new();
    stage.step("login", &[], json!({ "leaks": true }));
    let (report, events) = stage.execute();
    let report = report.unwrap();
    assert_eq!(
        failure(&report.state, "login").message,
        "cannot log in as ***"
    );
    let journal = std::fs::read_to_string(report.directory.journal_path()).unwrap();
    assert!(!journal.contains("very-secret-password"));
    assert!(!format!("{events:?}").contains("very-secret-password"));
}

#[test]
fn what_cannot_be_started_says_why() {
    let mut stage = Stage::new();
    stage.limits.keep_going = true;
    stage.step("no-action", &[], json!({})).action = "test.missing".to_owned();
    stage.step("no-host", &[], json!({})).host = "elsewhere".to_owned();
    stage.step("bad-options", &[], json!({ "fails": "often" }));
    stage.step("no-output", &[], json!({ "gives": "${bad-options}" }));
    let (state, _, _) = stage.run();
    let messages: Vec<&str> = state
        .steps
        .iter()
        .map(|step| failure(&state, &step.card.id).message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "this program has no action `test.missing`",
            "there is no host `elsewhere`",
            "option `fails` of `test.fake`: invalid type: string \"often\", expected u32",
            "step `bad-options` gave no `value`",
        ]
    );
}

#[test]
fn no_more_steps_work_at_once_than_allowed() {
    for jobs in 1..=4 {
        let mut stage = Stage::new();
        stage.limits.jobs = jobs;
        for at in 0..8 {
            stage.step(&format!("s{at}"), &[], json!({ "works_ms": 15 }));
        }
        let (_, outcome, _) = stage.run();
        assert_eq!(outcome, RunOutcome::Done);
        assert_eq!(stage.world.most.load(Ordering::SeqCst), jobs);
    }
}

#[test]
fn one_run_at_a_time() {
    let mut stage = Stage::new();
    stage.step("long", &[], json!({ "works_ms": 400 }));
    let mut other = Stage::new();
    other.plan.state.clone_from(&stage.plan.state);
    let first = std::thread::spawn(move || stage.execute().0.map(|report| report.outcome));
    std::thread::sleep(Duration::from_millis(150));
    let refusal = other.execute().0.unwrap_err();
    assert!(
        refusal
            .to_string()
            .starts_with("another run holds the site: backup run 2"),
        "{refusal}"
    );
    assert_eq!(first.join().unwrap().unwrap(), RunOutcome::Done);
    assert_eq!(other.execute().0.unwrap().outcome, RunOutcome::Done);
}

#[test]
fn a_plan_whose_order_is_broken_is_refused() {
    let mut stage = Stage::new();
    stage.step("first", &[1], json!({}));
    stage.step("second", &[], json!({}));
    let error = stage.execute().0.unwrap_err();
    assert!(matches!(error, RunError::Plan { .. }), "{error}");
    assert!(!stage.plan.state.exists());
}

#[test]
fn a_run_whose_journal_cannot_be_written_stops_and_can_be_resumed() {
    let mut stage = Stage::new();
    stage.limits.jobs = 2;
    stage.step("first", &[], json!({ "fills_disk": true }));
    stage.step("at-work", &[], json!({ "works_ms": 2000 }));
    stage.step("next", &[0], json!({}));
    let began = Instant::now();
    let (report, events) = stage.execute();
    assert!(
        began.elapsed() < Duration::from_millis(1900),
        "it was asked to end"
    );
    let error = report.unwrap_err();
    let RunError::JournalLost { run, steps, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(steps, &["first", "at-work"]);
    assert!(
        error
            .hint("--site site.yaml")
            .unwrap()
            .starts_with("free some space, then resume the run")
    );
    assert_eq!(begun(&stage).len(), 2, "nothing new starts");
    // What is not on disk was told to nobody.
    let last = events.last().unwrap();
    assert!(
        matches!(last.kind, EventKind::StepStarted { .. }),
        "{last:?}"
    );

    let (state, outcome, _) = stage.go_on(run);
    assert_eq!(outcome, RunOutcome::Done);
    assert_eq!(state.step("next").unwrap().attempts, 1);
}
