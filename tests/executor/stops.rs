//! Requests to stop, and gates.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use upgrade_kit::event::{Because, EventKind, RunOutcome, StepStatus, StopLevel};
use upgrade_kit::plan::Retry;
use upgrade_kit::run::{GateAnswer, StopRequest, StopSource};

use super::execute::{assert_not_run, kinds};
use super::fake::locked;
use super::world::{Keeper, Stage};

/// Sends a request to stop after a while.
fn stop_after(stage: &mut Stage, times: &'static [(u64, StopRequest)]) {
    let (sender, receiver): (UnboundedSender<StopRequest>, _) = unbounded_channel();
    stage.stops = StopSource::Channel(receiver);
    std::thread::spawn(move || {
        for (milliseconds, request) in times {
            std::thread::sleep(Duration::from_millis(*milliseconds));
            _ = sender.send(*request);
        }
        std::thread::sleep(Duration::from_secs(5));
    });
}

#[test]
fn the_first_ctrl_c_lets_running_steps_finish() {
    let mut stage = Stage::new();
    stage.step("at-work", &[], json!({ "works_ms": 300 }));
    stage.step("next", &[0], json!({}));
    stop_after(&mut stage, &[(60, StopRequest::More)]);
    let (state, outcome, events) = stage.run();
    assert_eq!(outcome, RunOutcome::Interrupted);
    assert_eq!(state.stop, StopLevel::NoNewSteps);
    assert!(matches!(state.steps[0].status, StepStatus::Done { .. }));
    assert_not_run(&state, "next", Because::RunStopped);
    let by = kinds(&events).into_iter().find_map(|kind| match kind {
        EventKind::StopRequested { by, .. } => Some(by.clone()),
        _ => None,
    });
    assert_eq!(by.as_deref(), Some("Ctrl-C"));
}

#[test]
fn the_second_ctrl_c_and_sigterm_end_running_steps() {
    let requests: [&'static [(u64, StopRequest)]; 2] = [
        &[(60, StopRequest::More), (20, StopRequest::More)],
        &[(60, StopRequest::End("SIGTERM"))],
    ];
    for requests in requests {
        let mut stage = Stage::new();
        stage.step("at-work", &[], json!({ "works_ms": 20_000 }));
        stage.step("with-tool", &[], json!({ "command": ["sleep", "20"] }));
        stage.step("next", &[0], json!({}));
        stop_after(&mut stage, requests);
        let began = Instant::now();
        let (state, outcome, _) = stage.run();
        assert!(began.elapsed() < Duration::from_secs(10));
        assert_eq!(outcome, RunOutcome::Interrupted);
        assert_eq!(state.steps[0].status, StepStatus::Interrupted);
        assert_eq!(state.steps[1].status, StepStatus::Interrupted);
        assert_not_run(&state, "next", Because::RunStopped);
    }
}

#[test]
fn the_third_ctrl_c_kills_a_tool_that_does_not_listen() {
    let mut stage = Stage::new();
    let script = "trap '' TERM; while :; do sleep 0.1; done";
    stage.step("stubborn", &[], json!({ "command": ["sh", "-c", script] }));
    stop_after(
        &mut stage,
        &[
            (200, StopRequest::More),
            (20, StopRequest::More),
            (300, StopRequest::More),
        ],
    );
    let began = Instant::now();
    let (state, outcome, _) = stage.run();
    // Well before the ten seconds of grace that the second one would have given.
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(outcome, RunOutcome::Interrupted);
    assert_eq!(state.stop, StopLevel::Kill);
}

#[test]
fn a_stop_ends_the_pause_before_a_retry() {
    let mut stage = Stage::new();
    let retry = Retry {
        attempts: 3,
        delay_ms: 60_000,
        backoff: 1.0,
    };
    stage.step("shaky", &[], json!({ "fails": 1 })).retry = Some(retry);
    stop_after(&mut stage, &[(60, StopRequest::More)]);
    let began = Instant::now();
    let (state, outcome, _) = stage.run();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(outcome, RunOutcome::Interrupted);
    assert_eq!(state.steps[0].status, StepStatus::Interrupted);
}

fn gated(answers: &[GateAnswer]) -> Stage {
    let mut stage = Stage::new();
    locked(&stage.keeper.answers).extend(answers);
    let options = json!({ "question": "Is the queue empty?", "details": "one\ntwo" });
    stage.step("ask", &[], options).action = String::from("gate");
    stage.step("behind", &[0], json!({}));
    stage.step("beside", &[], json!({}));
    stage
}

#[test]
fn a_gate_is_asked_and_obeyed() {
    let mut stage = gated(&[GateAnswer::Yes]);
    let (_, outcome, _) = stage.run();
    assert_eq!(outcome, RunOutcome::Done);
    let gate = locked(&stage.keeper.asked)[0].clone();
    assert_eq!(gate.question, "Is the queue empty?");
    assert_eq!(gate.details, ["one", "two"]);

    let mut stage = gated(&[GateAnswer::No]);
    stage.limits.keep_going = true;
    let (state, outcome, _) = stage.run();
    assert_eq!(outcome, RunOutcome::Failed);
    assert_not_run(
        &state,
        "ask",
        Because::Declined("Is the queue empty?".to_owned()),
    );
    assert_not_run(&state, "behind", Because::UpstreamFailed("ask".to_owned()));
    assert_eq!(stage.world.effects_of("beside"), 1);

    let mut stage = gated(&[GateAnswer::Wait]);
    let (state, outcome, _) = stage.run();
    assert_eq!(outcome, RunOutcome::Waiting);
    let question = "Is the queue empty?".to_owned();
    assert_eq!(
        state.step("ask").unwrap().status,
        StepStatus::Waiting { question }
    );
    assert_eq!(state.step("behind").unwrap().status, StepStatus::Pending);
    assert_eq!(stage.world.effects_of("beside"), 1);
}

#[test]
fn a_stop_does_not_wait_for_an_answer() {
    let mut stage = gated(&[]);
    stage.keeper = std::sync::Arc::new(Keeper {
        sits: true,
        ..Keeper::default()
    });
    stop_after(&mut stage, &[(60, StopRequest::More)]);
    let began = Instant::now();
    let (state, outcome, events) = stage.run();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(outcome, RunOutcome::Interrupted);
    assert_eq!(state.step("ask").unwrap().status, StepStatus::Interrupted);
    let waits = |kind: &&EventKind| matches!(kind, EventKind::GateWaiting { .. });
    assert_eq!(kinds(&events).into_iter().filter(waits).count(), 1);
}
