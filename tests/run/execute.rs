//! A run from its start to its end.

use serde_json::json;
use upgrade_kit::event::{EventKind, RunOutcome, StepStatus};

use super::world::Stage;

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
    let begun = super::world::locked(&stage.world.begun).clone();
    assert_eq!(begun, ["first", "second", "third"]);
    assert!(
        state
            .steps
            .iter()
            .all(|step| matches!(step.status, StepStatus::Done { .. }))
    );
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
