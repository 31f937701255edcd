//! `milestone`: a named point that other steps order themselves around.

use schemars::JsonSchema;
use serde::Deserialize;

use super::action::{Action, Effect, Preview, PreviewLine};
use super::context::StepContext;
use super::failure::Failure;
use crate::event::Outcome;

/// A milestone has no options.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Milestone {}

impl Action for Milestone {
    const NAME: &'static str = "milestone";
    const SUMMARY: &'static str =
        "Does nothing: a named point that steps of other parts place themselves around";
    const EFFECT: Effect = Effect::Pure;

    fn preview(&self) -> Preview {
        vec![PreviewLine::Note("nothing; a point of order".to_owned())]
    }

    fn perform(&self, _: &StepContext<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::default())
    }
}
