//! The events of a run and the fold that turns them into its state.
//!
//! Everything that the operator, a JSON consumer, the journal or `resume` learns about a run is an
//! [`Event`]. This room is pure: no clock, no file, no terminal. It may import nothing of the kit.
//!
//! Compatibility: readers accept unknown fields and unknown kinds ([`EventKind::Unknown`]); a writer
//! never changes the meaning of a field that exists.

mod disk;
mod fold;
mod kinds;
mod outcome;
mod status;

pub use disk::disk_advice;
pub use fold::RunState;
pub use kinds::{Event, EventKind, Mark, Progress, ProgressUnit, StepCard, StopLevel};
pub use outcome::{
    ArtifactFile, ArtifactRecord, Because, FailureKind, FailureReport, Level, Outcome, RunOutcome,
    total,
};
pub use status::{Phase as RunPhase, StepState, StepStatus, Tool};
