//! Reports: folds of events, plans and backup sets into something to look at.
//!
//! A [`Reporter`] takes the events of a run one by one: [`TerminalReporter`] draws bars,
//! [`LinesReporter`] writes a line an event, [`JsonReporter`] hands the events on. Both of the first
//! close with the [`summary`]. The views ([`plan_view`], [`check_view`], [`sets_view`], [`runs_view`])
//! put one thing into words or JSON.
//!
//! Every writer is given from outside; times and durations come from the events, so that a run that is
//! told again tells the same. What is shown is understandable without colour and without Unicode.
//!
//! May import: `event`, `plan` (types), `adapter` (findings, previews), `backup` (records). Must never:
//! import `run` or `host`, read the environment or a file, or act.

mod bars;
pub mod check_view;
mod json;
mod lines;
mod look;
pub mod plan_view;
mod reporter;
pub mod runs_view;
pub mod sets_view;
mod story;
pub mod summary;
mod table;
mod terminal;
#[cfg(test)]
mod tests;
pub mod words;

pub use json::JsonReporter;
pub use lines::LinesReporter;
pub use look::Look;
pub use reporter::Reporter;
pub use story::{Ending, Story};
pub use terminal::TerminalReporter;
