//! What the director takes in and gives out.

use super::request::{GateAnswer, Verdict};
use super::stop::StopRequest;
use super::work::Ended;
use crate::event::{EventKind, FailureReport, Progress, StopLevel};
use crate::host::{StopFlag, ToolStart};

/// Something that happened. Texts are masked.
pub(super) enum Notice {
    /// Somebody asked the run to stop.
    Stop(StopRequest),
    /// A step started a tool.
    Tool(usize, ToolStart),
    /// A step said something.
    Said(usize, String),
    /// How far a step is.
    Progress(usize, Progress),
    /// An attempt ended.
    Ended(usize, Ended),
    /// A gate need not be asked.
    NotNeeded(usize),
    /// A gate has no question: an output that it names is missing.
    NotAsked(usize, Box<FailureReport>),
    /// A gate was answered; with its question.
    Answered(usize, GateAnswer, String),
    /// A person said what came of a step; with the question.
    Judged(usize, Verdict, String),
}

/// Something to do.
pub(super) enum Order {
    /// Goes into the journal, the state and to the sink.
    Record(Box<EventKind>),
    /// Starts an attempt.
    Work(Task),
    /// Asks the question of a gate.
    Ask(usize, StopFlag),
    /// Asks what came of a step; with what there is to look at.
    Judge(usize, StopFlag, String),
    /// Makes the threads of a step stop.
    Raise(StopFlag, StopLevel),
}

/// Whether the action is asked what there is of its effect before it is performed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing is there, or doing it again gives the same.
    #[default]
    No,
    /// It is performed unless its whole effect is there.
    OrRepeat,
    /// As before, but if that cannot be told, a person is asked.
    OrAsk,
}

/// An attempt at a step.
#[derive(Debug, Clone)]
pub(super) struct Task {
    /// The step.
    pub(super) step: usize,
    /// Whether its effect may be there already.
    pub(super) look: Look,
    /// Raised when the attempt shall end.
    pub(super) stop: StopFlag,
}

/// What earlier stretches of the run did with a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct History {
    /// Attempts started.
    pub(super) attempts: u32,
    /// Whether the effect of the last one may be there.
    pub(super) look: Look,
}
