//! Everything that is known of a run from its events.

use jiff::Timestamp;
use serde_json::Value;

use crate::event::{Event, EventKind, RunOutcome, RunState, StepState, StepStatus};

/// How a stretch of a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// How.
    pub outcome: RunOutcome,
    /// Milliseconds since the run, or its resumption, started.
    pub elapsed_ms: u64,
    /// What to do next, as complete commands.
    pub next: Vec<String>,
    /// Additions of the phase.
    pub facts: Value,
}

/// The state of a run, with what the fold of `event` has no use for and a reader has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Story {
    /// The state.
    pub state: RunState,
    /// How its latest stretch ended, if it ended.
    pub ending: Option<Ending>,
    /// How often it was resumed.
    pub resumed: u32,
    ended_steps: usize,
    /// Steps that have no place in this run.
    idle_steps: usize,
}

impl Story {
    /// After all of `events`.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut story = Self::default();
        for event in events {
            story.take(event);
        }
        story
    }

    /// Takes in one event.
    pub fn take(&mut self, event: &Event) {
        let open_before = event.kind.step().is_some_and(|step| self.is_open(step));
        self.state.apply(event);
        match &event.kind {
            EventKind::RunStarted { .. } => self.count_ended(),
            EventKind::RunResumed { .. } => {
                self.resumed += 1;
                self.ending = None;
                self.count_ended();
            }
            EventKind::RunFinished {
                outcome,
                elapsed_ms,
                next,
                facts,
            } => {
                self.ending = Some(Ending {
                    at: event.at,
                    outcome: *outcome,
                    elapsed_ms: *elapsed_ms,
                    next: next.clone(),
                    facts: facts.clone(),
                });
            }
            kind => {
                let open = kind.step().is_some_and(|step| self.is_open(step));
                match (open_before, open) {
                    (true, false) => self.ended_steps += 1,
                    (false, true) => self.ended_steps = self.ended_steps.saturating_sub(1),
                    _ => {}
                }
            }
        }
    }

    fn is_open(&self, step: &str) -> bool {
        self.state
            .step(step)
            .is_some_and(|step| !step.status.is_final())
    }

    fn count_ended(&mut self) {
        self.ended_steps = self
            .state
            .steps
            .iter()
            .filter(|step| step.status.is_final())
            .count();
        let idle = |step: &&StepState| match &step.status {
            StepStatus::NotRun { because } => because.does_not_apply(),
            _ => false,
        };
        self.idle_steps = self.state.steps.iter().filter(idle).count();
    }

    /// Steps to which nothing more will happen, and all steps, of those that have a place in this run.
    pub fn ended_of_all(&self) -> (usize, usize) {
        let all = self.state.steps.len().saturating_sub(self.idle_steps);
        (self.ended_steps.saturating_sub(self.idle_steps), all)
    }

    /// Steps in plan order whose status the test accepts.
    pub(super) fn steps(&self, test: fn(&StepStatus) -> bool) -> Vec<&StepState> {
        self.state
            .steps
            .iter()
            .filter(|step| test(&step.status))
            .collect()
    }
}
