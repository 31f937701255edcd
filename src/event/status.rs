//! Where a step and a run stand.

use jiff::Timestamp;
use serde::Serialize;

use super::kinds::{Progress, StepCard};
use super::outcome::{Because, FailureReport, Outcome, RunOutcome};

/// A tool that a step started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot.
    pub start_time: u64,
    /// Masked command.
    pub command: String,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum StepStatus {
    /// Not started yet.
    Pending,
    /// At work.
    Running {
        /// Attempt, from 1.
        attempt: u32,
        /// Start of the first attempt.
        since: Timestamp,
        /// Latest progress.
        progress: Option<Progress>,
    },
    /// Waits for a person.
    Waiting {
        /// What is asked.
        question: String,
    },
    /// Done and verified.
    Done {
        /// What it left behind.
        outcome: Outcome,
        /// Milliseconds.
        elapsed_ms: u64,
    },
    /// Failed for good.
    Failed {
        /// Why.
        failure: FailureReport,
        /// Whether the run goes on regardless.
        tolerated: bool,
        /// Milliseconds.
        elapsed_ms: u64,
    },
    /// Will not run.
    NotRun {
        /// Why.
        because: Because,
    },
    /// Ended by a stop or a crash; `resume` takes it up.
    Interrupted,
}

impl StepStatus {
    /// Whether nothing more will happen to the step in this run.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Done { .. } | Self::Failed { .. } | Self::NotRun { .. }
        )
    }
}

/// A step and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepState {
    /// What is known before it starts.
    pub card: StepCard,
    /// Where it stands.
    pub status: StepStatus,
    /// Attempts started so far.
    pub attempts: u32,
    /// Tools it started, in order.
    pub tools: Vec<Tool>,
    /// When it first started.
    pub started: Option<Timestamp>,
    /// When it reached a final status.
    pub ended: Option<Timestamp>,
}

impl StepState {
    /// What the resumption of the run makes of the step.
    pub(super) fn resume(&mut self) {
        match &self.status {
            StepStatus::Pending | StepStatus::Done { .. } => {}
            StepStatus::Failed { .. } if self.card.optional => {}
            StepStatus::NotRun { .. } if self.card.left_out.is_some() => {}
            StepStatus::Failed { .. } | StepStatus::NotRun { .. } => self.reopen(),
            StepStatus::Running { .. } | StepStatus::Waiting { .. } | StepStatus::Interrupted => {
                self.status = StepStatus::Interrupted;
            }
        }
    }

    pub(super) fn reopen(&mut self) {
        self.status = StepStatus::Pending;
        self.ended = None;
    }
}

/// Where the run as a whole stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Phase {
    /// No event seen.
    New,
    /// Between `RunStarted` (or `RunResumed`) and `RunFinished`.
    Running,
    /// After `RunFinished`.
    Finished(RunOutcome),
}
