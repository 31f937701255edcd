//! `command.check`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::program::{OUTPUTS, Program, check_argv, ended_with, outcome};
use super::run::zero;
use crate::adapter::{Action, Effect, Failure, OutputSpec, Preview, PreviewLine, StepContext};
use crate::event::{FailureKind, Outcome};
use crate::site::SecretRef;

/// Runs a program that only looks, and judges what it found.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandCheck {
    /// Program and arguments. No shell is involved. It must change nothing: it may be repeated.
    pub argv: Vec<String>,
    /// Working directory.
    #[serde(default)]
    pub directory: Option<PathBuf>,
    /// Additional environment.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Environment variables that hold secrets.
    #[serde(default)]
    pub secret_environment: BTreeMap<String, SecretRef>,
    /// Text for its standard input; without it the input is empty.
    #[serde(default)]
    pub stdin: Option<String>,
    /// Exit codes that mean success.
    #[serde(default = "zero")]
    pub success_codes: Vec<i32>,
    /// A text that its output must hold.
    #[serde(default)]
    pub stdout_contains: Option<String>,
}

impl CommandCheck {
    fn program(&self) -> Program<'_> {
        Program {
            argv: &self.argv,
            directory: self.directory.as_deref(),
            environment: &self.environment,
            secret_environment: &self.secret_environment,
            stdin: self.stdin.as_deref(),
        }
    }
}

impl Action for CommandCheck {
    const NAME: &'static str = "command.check";
    const SUMMARY: &'static str = "Runs a program that only looks, and judges what it found";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = OUTPUTS;

    fn validate(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        wrong.extend(check_argv("argv", &self.argv));
        if self.success_codes.is_empty() {
            wrong.push("success_codes: the list is empty".to_owned());
        }
        wrong
    }

    fn preview(&self) -> Preview {
        let mut preview = Vec::new();
        if let Some(directory) = &self.directory {
            preview.push(PreviewLine::Note(format!("in {}", directory.display())));
        }
        let invocation = self.program().invocation();
        preview.push(PreviewLine::Command(invocation.to_string()));
        if let Some(text) = &self.stdout_contains {
            preview.push(PreviewLine::Checks(format!("its output holds `{text}`")));
        }
        preview
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.secret_environment.values().collect()
    }

    fn programs(&self) -> Vec<String> {
        self.argv.first().cloned().into_iter().collect()
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let (invocation, exit) = self.program().run(context)?;
        if !ended_with(&exit, &self.success_codes) {
            return Err(Failure::tool("the check failed", &invocation, &exit));
        }
        match &self.stdout_contains {
            Some(text) if !exit.stdout.text().contains(text.as_str()) => {
                let message = format!("the output of the check does not hold `{text}`");
                let mut failure = Failure::tool(message, &invocation, &exit);
                failure.0.kind = FailureKind::Verification;
                failure.0.stderr = exit.stdout.last_lines(8);
                Err(failure)
            }
            _ => Ok(Outcome {
                summary: exit.status.to_string(),
                ..outcome(&exit)
            }),
        }
    }
}
