//! The plan: runbook + site + scenario + phase, resolved to a frozen step graph.
//!
//! Pure and synchronous: nothing here reads the clock, the environment, a file or a machine, so a
//! dry run cannot drift from a run: both read the same [`Plan`]. May import: `runbook`, `site`,
//! `adapter` (previews), `event`, `diagnostic`. Must never: act.

mod graph;
mod lint;
mod options;
mod order;
mod references;
mod resolve;
mod select;
mod turns;
mod types;

pub use crate::runbook::expression::fill_outputs;
pub use lint::lint;
pub use options::sample_options;
pub use resolve::{PlanRequest, resolve};
pub use select::Selection;
pub use types::{OnFailure, Phase, Plan, PlannedStep, Retry, RunbookFile};
