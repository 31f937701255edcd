//! What a run is given from outside, and what comes back.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::decide::Limits;
use super::stop::StopSource;
use crate::adapter::{ActionEntry, Failure};
use crate::event::{RunOutcome, RunState};
use crate::host::{Host, Masker, Secret, StopFlag};
use crate::journal::RunDirectory;
use crate::plan::Plan;
use crate::site::SecretRef;

/// A new run.
pub struct RunRequest {
    /// What to do.
    pub plan: Plan,
    /// The site's text, kept beside the plan.
    pub site_text: String,
    /// Instance directories of this machine that it works on: no other run may.
    pub instances: Vec<PathBuf>,
    /// How much at once.
    pub limits: Limits,
    /// Where requests to stop come from.
    pub stops: StopSource,
}

/// Fills `${ steps.ID.NAME }` in the options of a step that is about to start. The function gives
/// the value of an output, `None` if there is none. The error says what is missing.
pub type FillOutputs = fn(
    &Map<String, Value>,
    &dyn Fn(&str, &str) -> Option<Value>,
) -> Result<Map<String, Value>, String>;

/// Finds the machine of a name.
pub type FindHost = Box<dyn Fn(&str) -> Option<Arc<dyn Host>> + Send + Sync>;

/// Resolves a reference to a secret.
pub type ResolveSecret = Box<dyn Fn(&SecretRef) -> Result<Secret, Failure> + Send + Sync>;

/// Finds the action of a name.
pub type FindAction = Box<dyn Fn(&str) -> Option<&'static ActionEntry> + Send + Sync>;

/// Words the end of a run.
pub type Close = Box<dyn Fn(&RunState, RunOutcome) -> Closing + Send + Sync>;

/// What the executor uses and does not know how to make.
pub struct Services {
    /// The machine of that name.
    pub hosts: FindHost,
    /// Resolves a secret. Called once for each; the executor remembers it and masks it from then on.
    pub secrets: ResolveSecret,
    /// Knows the secrets; shared with everybody who prints.
    pub masker: Masker,
    /// Asks a person.
    pub gatekeeper: Arc<dyn GateKeeper>,
    /// See [`FillOutputs`].
    pub fill_outputs: FillOutputs,
    /// The action of that name.
    pub actions: FindAction,
    /// What the operator is told at the end.
    pub closing: Close,
}

/// What the operator is told at the end of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Closing {
    /// What to do next, as complete commands.
    pub next: Vec<String>,
    /// See `facts` of [`crate::event::EventKind::RunFinished`].
    pub facts: Value,
}

/// A question to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Name of the step.
    pub step: String,
    /// Its title.
    pub title: String,
    /// The question.
    pub question: String,
    /// What helps to answer it, one line each.
    pub details: Vec<String>,
}

/// An answer at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateAnswer {
    /// Go on.
    Yes,
    /// Do not: what comes after the gate will not run.
    No,
    /// Nobody is there to answer; `resume` asks again.
    Wait,
}

/// What a person knows of a step whose outcome the program cannot find out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is done; go on after it.
    Done,
    /// It is not done, or may be done again.
    Repeat,
    /// Nobody is there to tell, or wants to look first; `resume` asks again.
    Wait,
}

/// Asks a person. Called on a thread of its own; may take as long as it likes, and should give up
/// when `stop` is raised (the run does not wait for it then).
pub trait GateKeeper: Send + Sync {
    /// Whether a person will be asked. Then the run says that it waits before it asks.
    fn asks_a_person(&self) -> bool;

    /// The question of a gate.
    fn answer(&self, gate: &Gate, stop: &StopFlag) -> GateAnswer;

    /// What came of a step that was cut off: the question says what to look at. An answer that was
    /// given in advance (`--yes`) is none to this question.
    fn verdict(&self, gate: &Gate, stop: &StopFlag) -> Verdict;
}

/// A run that has ended.
#[derive(Debug)]
pub struct RunReport {
    /// Its directory, which names its id.
    pub directory: RunDirectory,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Where every step stands.
    pub state: RunState,
}
