//! `command.run`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::program::{OUTPUTS, Program, check_argv, ended_with, outcome};
use crate::adapter::{
    Action, Effect, Failure, OutputSpec, Preview, PreviewLine, Probe, StepContext,
};
use crate::event::Outcome;
use crate::host::ExitStatus;
use crate::site::SecretRef;

/// Runs a program once. Nothing is known of what it does, so after a crash it is never simply
/// repeated: `probe_argv` tells whether it is done already, and without that a person is asked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandRun {
    /// Program and arguments. No shell is involved.
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
    /// Program and arguments that look whether the effect is there already: exit code 0 means it
    /// is, 1 that it is not, anything else that it cannot tell. It must change nothing.
    #[serde(default)]
    pub probe_argv: Option<Vec<String>>,
    /// Running it twice comes to the same as running it once: after an interruption it is simply run
    /// again.
    #[serde(default)]
    pub repeatable: bool,
}

pub(super) fn zero() -> Vec<i32> {
    vec![0]
}

impl CommandRun {
    fn program<'a>(&'a self, argv: &'a [String], stdin: Option<&'a str>) -> Program<'a> {
        Program {
            argv,
            directory: self.directory.as_deref(),
            environment: &self.environment,
            secret_environment: &self.secret_environment,
            stdin,
        }
    }
}

impl Action for CommandRun {
    const NAME: &'static str = "command.run";
    const SUMMARY: &'static str = "Runs a program once";
    const EFFECT: Effect = Effect::Once;
    const OUTPUTS: &'static [OutputSpec] = OUTPUTS;

    fn validate(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        wrong.extend(check_argv("argv", &self.argv));
        if let Some(argv) = &self.probe_argv {
            wrong.extend(check_argv("probe_argv", argv));
        }
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
        let program = self.program(&self.argv, None);
        preview.push(PreviewLine::Command(program.invocation().to_string()));
        if let Some(argv) = &self.probe_argv {
            let probe = self.program(argv, None).invocation();
            preview.push(PreviewLine::Note(format!(
                "after an interruption `{probe}` tells whether it is done"
            )));
        }
        preview
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.secret_environment.values().collect()
    }

    fn programs(&self) -> Vec<String> {
        let probe = self.probe_argv.iter().filter_map(|argv| argv.first());
        self.argv
            .first()
            .into_iter()
            .chain(probe)
            .cloned()
            .collect()
    }

    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        let Some(argv) = &self.probe_argv else {
            if self.repeatable {
                return Ok(Probe::Absent);
            }
            return Ok(Probe::Unknown(format!(
                "whether `{}` has done its work cannot be read back; look at what it changes",
                self.program(&self.argv, None).invocation()
            )));
        };
        let (invocation, exit) = self.program(argv, None).run(context)?;
        Ok(match exit.status {
            ExitStatus::Code(0) if exit.success() => Probe::Present(Outcome {
                summary: format!("done already: `{invocation}` says so"),
                ..outcome(&exit)
            }),
            ExitStatus::Code(1) if !exit.timed_out => Probe::Absent,
            status => Probe::Unknown(format!("`{invocation}` cannot tell: {status}")),
        })
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let (invocation, exit) = self
            .program(&self.argv, self.stdin.as_deref())
            .run(context)?;
        if ended_with(&exit, &self.success_codes) {
            return Ok(Outcome {
                summary: exit.status.to_string(),
                ..outcome(&exit)
            });
        }
        Err(Failure::tool("the command failed", &invocation, &exit))
    }
}
