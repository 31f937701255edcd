//! What an action is.

use schemars::{JsonSchema, Schema, schema_for};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::context::{CheckContext, Finding, StepContext};
use super::failure::Failure;
use crate::event::Outcome;
use crate::site::SecretRef;

/// What repeating an action means. Decides what `resume` does with a step that a crash cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Changes nothing: repeat freely.
    Pure,
    /// Repeating it gives the same state: repeat after leftovers of the killed attempt are gone.
    Idempotent,
    /// Must not happen twice: [`Action::probe`] decides, and if it cannot, a person does.
    Once,
    /// Starts a job that lives on in a server: look for the job and take it up again.
    External,
}

/// What of a done step a restart of the machine takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transient {
    /// A server that it started: it does not run any more.
    Up,
    /// A server that it stopped: the machine may have started it again.
    Down,
    /// Work that it holds back in a running server: a pause is a matter of memory.
    Held,
    /// The end of that.
    Free,
}

/// What the world says of a step whose end is not in the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Probe {
    /// Nothing of it is there: run it.
    Absent,
    /// The whole effect is there: count it as done with this outcome.
    Present(Outcome),
    /// Part of it is there and the action can start over or continue by itself: run it. The text
    /// says what was found.
    Partial(String),
    /// Nobody but a person can tell. The text says what to look at.
    Unknown(String),
}

/// One line of what a step will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreviewLine {
    /// A command, exactly as it will run, secrets masked.
    Command(String),
    /// A file or tree is read.
    Reads(String),
    /// A file or tree is written or replaced.
    Writes(String),
    /// A file or tree is removed.
    Removes(String),
    /// A condition that is checked, or something waited for.
    Checks(String),
    /// A word to the reader.
    Note(String),
}

/// What a step will do, in order.
pub type Preview = Vec<PreviewLine>;

/// The kind of an output, for checks at plan time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputKind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// True or false.
    Boolean,
    /// A list or map.
    Structure,
}

/// An output that an action promises.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct OutputSpec {
    /// Name in `${ steps.ID.NAME }`.
    pub name: &'static str,
    /// Kind.
    pub kind: OutputKind,
    /// What it is, one line.
    pub about: &'static str,
}

/// The typed options of a step and what it does with them. Implemented by the options' type itself:
/// fields are what `with:` may hold (`#[serde(deny_unknown_fields)]`, doc comments on every field:
/// they become the schema's and `upgrade-kit actions NAME`'s text).
pub trait Action: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Name as `uses:` writes it: `mysql.dump`.
    const NAME: &'static str;
    /// What it does, one line.
    const SUMMARY: &'static str;
    /// What repeating it means.
    const EFFECT: Effect;
    /// What of it does not outlive a restart of the machine. Such an action must be one that repeating
    /// does no harm to.
    const TRANSIENT: Option<Transient> = None;
    /// Outputs it promises.
    const OUTPUTS: &'static [OutputSpec] = &[];

    /// Rules that types cannot say (`either a or b`). Each text names the option first.
    fn validate(&self) -> Vec<String> {
        Vec::new()
    }

    /// What it will do, to the argument. Pure.
    fn preview(&self) -> Preview;

    /// Secrets that it will ask for.
    fn secrets(&self) -> Vec<&SecretRef> {
        Vec::new()
    }

    /// Programs that must be found on the host before a run starts.
    fn programs(&self) -> Vec<String> {
        Vec::new()
    }

    /// A read-only look at the real installation: everything that would make `perform` fail.
    fn check(&self, _context: &CheckContext<'_>) -> Vec<Finding> {
        Vec::new()
    }

    /// After a crash: how far did it come? Asked only for steps whose start is in the journal and
    /// whose end is not, after the killed attempt's processes are gone.
    fn probe(&self, _context: &StepContext<'_>) -> Result<Probe, Failure> {
        Ok(match Self::EFFECT {
            Effect::Pure | Effect::Idempotent => Probe::Absent,
            Effect::Once | Effect::External => {
                Probe::Unknown("its effect cannot be read back".to_owned())
            }
        })
    }

    /// Does it and verifies the result.
    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure>;
}

/// [`Action`] without its type.
pub trait AnyAction: Send + Sync {
    /// See [`Action::validate`].
    fn validate(&self) -> Vec<String>;
    /// See [`Action::preview`].
    fn preview(&self) -> Preview;
    /// See [`Action::secrets`].
    fn secrets(&self) -> Vec<&SecretRef>;
    /// See [`Action::programs`].
    fn programs(&self) -> Vec<String>;
    /// See [`Action::check`].
    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding>;
    /// See [`Action::probe`].
    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure>;
    /// See [`Action::perform`].
    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure>;
}

impl<T: Action> AnyAction for T {
    fn validate(&self) -> Vec<String> {
        Action::validate(self)
    }
    fn preview(&self) -> Preview {
        Action::preview(self)
    }
    fn secrets(&self) -> Vec<&SecretRef> {
        Action::secrets(self)
    }
    fn programs(&self) -> Vec<String> {
        Action::programs(self)
    }
    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        Action::check(self, context)
    }
    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        Action::probe(self, context)
    }
    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        Action::perform(self, context)
    }
}

/// Options that do not fit their action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DecodeError {
    /// Where in `with:`: keys and list positions, outermost first.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
}

type Decode = fn(Map<String, Value>) -> Result<Box<dyn AnyAction>, DecodeError>;

/// An action in the registry.
pub struct ActionEntry {
    /// See [`Action::NAME`].
    pub name: &'static str,
    /// See [`Action::SUMMARY`].
    pub summary: &'static str,
    /// See [`Action::EFFECT`].
    pub effect: Effect,
    /// See [`Action::TRANSIENT`].
    pub transient: Option<Transient>,
    /// See [`Action::OUTPUTS`].
    pub outputs: &'static [OutputSpec],
    decode: Decode,
    schema: fn() -> Schema,
}

impl ActionEntry {
    /// The entry of an action.
    pub const fn of<T: Action>() -> Self {
        Self {
            name: T::NAME,
            summary: T::SUMMARY,
            effect: T::EFFECT,
            transient: T::TRANSIENT,
            outputs: T::OUTPUTS,
            decode: decode::<T>,
            schema: schema::<T>,
        }
    }

    /// The typed action from its resolved options.
    pub fn decode(&self, options: Map<String, Value>) -> Result<Box<dyn AnyAction>, DecodeError> {
        (self.decode)(options)
    }

    /// JSON Schema of its options.
    pub fn schema(&self) -> Schema {
        (self.schema)()
    }
}

fn decode<T: Action>(options: Map<String, Value>) -> Result<Box<dyn AnyAction>, DecodeError> {
    match serde_path_to_error::deserialize::<_, T>(Value::Object(options)) {
        Ok(action) => Ok(Box::new(action)),
        Err(error) => {
            let path = error
                .path()
                .iter()
                .filter_map(|segment| match segment {
                    serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
                    serde_path_to_error::Segment::Map { key } => Some(key.clone()),
                    serde_path_to_error::Segment::Enum { variant } => Some(variant.clone()),
                    serde_path_to_error::Segment::Unknown => None,
                })
                .collect();
            Err(DecodeError {
                path,
                message: error.into_inner().to_string(),
            })
        }
    }
}

fn schema<T: Action>() -> Schema {
    schema_for!(T)
}
