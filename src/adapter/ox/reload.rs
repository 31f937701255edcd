//! `ox.reload-configuration`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tools::Tools;
use crate::adapter::{Action, Effect, Failure, Preview, PreviewLine, StepContext};
use crate::event::Outcome;
use crate::host::Invocation;
use crate::site::SecretRef;

/// Lets a running node read its reloadable settings again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReloadConfiguration {
    /// The node.
    pub tools: Tools,
}

impl ReloadConfiguration {
    fn call(&self) -> Invocation {
        self.tools.plain("reloadconfiguration")
    }
}

impl Action for ReloadConfiguration {
    const NAME: &'static str = "ox.reload-configuration";
    const SUMMARY: &'static str = "Lets a running OX node read its settings again";
    const EFFECT: Effect = Effect::Idempotent;

    fn validate(&self) -> Vec<String> {
        self.tools.validate()
    }

    fn preview(&self) -> Preview {
        vec![PreviewLine::Command(self.call().to_string())]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.tools.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![self.tools.program("reloadconfiguration")]
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        self.tools.run(context, self.call())?;
        Ok(Outcome {
            summary: "reloaded".to_owned(),
            ..Outcome::default()
        })
    }
}
