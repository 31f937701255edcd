//! `gate`: the run waits for a person.

use schemars::JsonSchema;
use serde::Deserialize;

use super::action::{Action, Effect, Preview, PreviewLine};
use super::context::StepContext;
use super::failure::Failure;
use crate::event::Outcome;

/// A question that a person answers. The executor asks it; steps after the gate run once the
/// answer is yes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// What is asked; yes lets the run go on.
    pub question: String,
    /// Lines that help to answer it.
    #[serde(default)]
    pub details: Vec<String>,
    /// Whether it is asked at all: usually an output of an earlier step.
    #[serde(default = "always")]
    pub only_if: bool,
}

fn always() -> bool {
    true
}

impl Action for Gate {
    const NAME: &'static str = "gate";
    const SUMMARY: &'static str = "Waits until a person answers a question with yes";
    const EFFECT: Effect = Effect::Pure;

    fn validate(&self) -> Vec<String> {
        if self.question.trim().is_empty() {
            vec!["question: it is empty".to_owned()]
        } else {
            Vec::new()
        }
    }

    fn preview(&self) -> Preview {
        let mut preview = vec![PreviewLine::Checks(format!(
            "a person answers yes: {}",
            self.question
        ))];
        preview.extend(self.details.iter().cloned().map(PreviewLine::Note));
        preview
    }

    fn perform(&self, _: &StepContext<'_>) -> Result<Outcome, Failure> {
        Err(Failure::refused("gates are answered by the executor"))
    }
}
