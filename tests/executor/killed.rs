//! Runs that were killed: their journals are written by hand.

use jiff::Timestamp;
use upgrade_kit::event::{Event, EventKind, Outcome};
use upgrade_kit::journal::{Journal, RunDirectory};

use super::world::Stage;

pub(super) fn boot_id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    id.trim().to_owned()
}

/// A run that was killed: its journal holds its start, on a machine booted as given, and `kinds`.
pub(super) fn killed_run(stage: &Stage, boot: &str, kinds: Vec<EventKind>) -> RunDirectory {
    let plan = &stage.plan;
    let (directory, mut journal): (RunDirectory, Journal) =
        RunDirectory::create(&plan.state, &stage.killed, plan, "site: test\n").unwrap();
    let started = EventKind::RunStarted {
        format: 1,
        run: stage.killed.clone(),
        site: plan.site.clone(),
        phase: plan.phase.to_string(),
        scenario: plan.scenario.clone(),
        plan: plan.digest(),
        program: "0.1.0".to_owned(),
        set: None,
        uses: None,
        boot: Some(boot.to_owned()),
        order: 1,
        notes: Vec::new(),
        steps: plan.cards(),
    };
    for (at, kind) in std::iter::once(started).chain(kinds).enumerate() {
        let event = Event {
            seq: at as u64 + 1,
            at: Timestamp::now(),
            kind,
        };
        journal.append(&event).unwrap();
    }
    directory
}

pub(super) fn started(step: &str) -> EventKind {
    EventKind::StepStarted {
        step: step.to_owned(),
        attempt: 1,
    }
}

pub(super) fn done(step: &str, outcome: Outcome) -> EventKind {
    EventKind::StepDone {
        step: step.to_owned(),
        outcome,
        elapsed_ms: 1,
    }
}

pub(super) fn notes(events: &[Event]) -> Vec<String> {
    let resumed = events.iter().find_map(|event| match &event.kind {
        EventKind::RunResumed { notes, .. } => Some(notes.clone()),
        _ => None,
    });
    resumed.expect("no RunResumed")
}
