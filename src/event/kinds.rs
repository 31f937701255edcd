//! The events themselves.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::outcome::{Because, FailureReport, Outcome, RunOutcome};

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Rises by one for every event of a run, from 1, across interruptions. Progress events repeat
    /// the number of the last journaled event.
    pub seq: u64,
    /// When it happened, UTC.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What a step means for the operator's maintenance window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// From the start of this step the application is not available.
    OutageOpens,
    /// From the end of this step the application is available again.
    OutageCloses,
    /// From the start of this step the only way back is a restore.
    PointOfNoReturn,
    /// From the start of this step on, the data of the set come from one quiet window.
    WindowOpens,
    /// At the end of this step the quiet window ends.
    WindowCloses,
}

/// What a reader needs to know of a step before it starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepCard {
    /// Name of the step or instance: `dump-database[tenant_a]`.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// The action it uses.
    pub action: String,
    /// Ids of the steps it comes after.
    #[serde(default)]
    pub after: Vec<String>,
    /// Why it is left out, if the plan already says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<Because>,
    /// What it means for the maintenance window.
    #[serde(default)]
    pub marks: Vec<Mark>,
    /// Its failure is a warning: steps after it run all the same, and `resume` does not try it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// How urgently a run shall stop. Ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopLevel {
    /// Go on.
    None,
    /// Start no new steps (first Ctrl-C).
    NoNewSteps,
    /// Ask the running tools to end, with a grace period (second Ctrl-C, SIGTERM, SIGHUP).
    Ask,
    /// Kill the process groups (third Ctrl-C).
    Kill,
}

/// What progress is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgressUnit {
    /// Bytes.
    Bytes,
    /// Things: files, rows, messages.
    Items,
}

/// How far a step is. May be lost, always superseded, never journaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Done so far.
    pub done: u64,
    /// Expected total, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Unit of both.
    pub unit: ProgressUnit,
}

/// The kinds of event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// Always the first event. Holds a card for every step, so that a late reader knows them all.
    RunStarted {
        /// Version of this event format: `1`.
        format: u32,
        /// Id of the run.
        run: String,
        /// Name of the site.
        site: String,
        /// `backup`, `upgrade` or `restore`.
        phase: String,
        /// The scenario.
        scenario: String,
        /// SHA-256 of the frozen plan, hex.
        plan: String,
        /// Version of the program.
        program: String,
        /// The backup set that the run writes: that of a backup, the safety set of a restore.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        set: Option<String>,
        /// The backup set that the run uses (upgrade, restore).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uses: Option<String>,
        /// The boot id of the machine: tells a crash of the program from one of the machine.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        boot: Option<String>,
        /// Counts the runs of the site, from 1: which one came later is not for a clock to tell, that may
        /// be set back. 0 in journals that are older than the count.
        #[serde(default)]
        order: u64,
        /// What was done about what earlier runs had left at work.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
        /// Every step of the plan, in plan order.
        steps: Vec<StepCard>,
    },
    /// An interrupted run goes on. Steps that were cut off are [`crate::event::StepStatus`]
    /// `Interrupted` from here on; steps that failed, that were not run because of a failure, a stop
    /// or a person's no, are open again. Done steps, those that the plan leaves out and optional ones
    /// that failed stay as they are.
    RunResumed {
        /// Version of the program.
        program: String,
        /// The boot id of the machine.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        boot: Option<String>,
        /// Why an answer or a repeat was decided, for each unfinished step.
        #[serde(default)]
        notes: Vec<String>,
    },
    /// On disk before the step's first effect.
    StepStarted {
        /// The step.
        step: String,
        /// Counts from 1.
        attempt: u32,
    },
    /// A tool of the step was started.
    ToolStarted {
        /// The step.
        step: String,
        /// Process id; also the id of its process group and session.
        pid: u32,
        /// Start time of the process in clock ticks since boot (`/proc/PID/stat` field 22).
        start_time: u64,
        /// The command, secrets masked.
        command: String,
    },
    /// How far a step is.
    StepProgress {
        /// The step.
        step: String,
        /// How far.
        progress: Progress,
    },
    /// A line that a step or its tool says to the operator.
    StepMessage {
        /// The step.
        step: String,
        /// One line, masked.
        message: String,
    },
    /// An attempt failed and another follows.
    StepRetrying {
        /// The step.
        step: String,
        /// The attempt that failed.
        attempt: u32,
        /// Why.
        failure: FailureReport,
        /// Pause before the next attempt, in milliseconds.
        delay_ms: u64,
    },
    /// The step is done: its result was verified.
    StepDone {
        /// The step.
        step: String,
        /// What it left behind.
        outcome: Outcome,
        /// Time of all attempts in milliseconds.
        elapsed_ms: u64,
    },
    /// The step failed for good.
    StepFailed {
        /// The step.
        step: String,
        /// Why.
        failure: FailureReport,
        /// Whether the run goes on regardless (`on_failure: continue` or `optional`).
        tolerated: bool,
        /// Time of all attempts in milliseconds.
        elapsed_ms: u64,
    },
    /// The step will not run.
    StepNotRun {
        /// The step.
        step: String,
        /// Why.
        because: Because,
    },
    /// The step was ended by a stop of the run; `resume` takes it up again.
    StepInterrupted {
        /// The step.
        step: String,
        /// What stopped it.
        message: String,
    },
    /// A finished step is open again: what it left behind is not there any more.
    StepReopened {
        /// The step.
        step: String,
        /// What was found.
        because: String,
    },
    /// A gate waits for a person.
    GateWaiting {
        /// The step.
        step: String,
        /// What is asked.
        question: String,
    },
    /// Somebody asked the run to stop.
    StopRequested {
        /// How urgently.
        level: StopLevel,
        /// Who asked: `Ctrl-C`, `SIGTERM`.
        by: String,
    },
    /// Always the last event of a stretch of a run; after it nothing follows but `RunResumed`.
    RunFinished {
        /// How it ended.
        outcome: RunOutcome,
        /// Time since the run (or its resumption) started, in milliseconds.
        elapsed_ms: u64,
        /// What the operator can do next, as complete commands.
        #[serde(default)]
        next: Vec<String>,
        /// Free for additions of the phase (the sealed set, the downtime).
        #[serde(default, skip_serializing_if = "Value::is_null")]
        facts: Value,
    },
    /// An event of a newer version of the program.
    #[serde(other)]
    Unknown,
}

impl EventKind {
    /// Whether the event belongs in the journal. Progress is always superseded, so it does not.
    pub fn is_journaled(&self) -> bool {
        !matches!(self, Self::StepProgress { .. })
    }

    /// Whether the event must be on disk before anything else happens (write-ahead).
    pub fn is_durable(&self) -> bool {
        !matches!(
            self,
            Self::StepProgress { .. } | Self::StepMessage { .. } | Self::ToolStarted { .. }
        )
    }

    /// The step that the event speaks of, if it speaks of one.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::StepStarted { step, .. }
            | Self::ToolStarted { step, .. }
            | Self::StepProgress { step, .. }
            | Self::StepMessage { step, .. }
            | Self::StepRetrying { step, .. }
            | Self::StepDone { step, .. }
            | Self::StepFailed { step, .. }
            | Self::StepNotRun { step, .. }
            | Self::StepInterrupted { step, .. }
            | Self::StepReopened { step, .. }
            | Self::GateWaiting { step, .. } => Some(step),
            Self::RunStarted { .. }
            | Self::RunResumed { .. }
            | Self::StopRequested { .. }
            | Self::RunFinished { .. }
            | Self::Unknown => None,
        }
    }
}
