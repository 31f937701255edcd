//! What an action is given while it works.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use crate::backup::{PartialSet, SealedSet};
use crate::event::{Progress, RunState};
use crate::host::{Control, Host, Secret};
use crate::site::SecretRef;

/// Everything around a step while it works.
pub struct StepContext<'a> {
    /// Name of the step or instance.
    pub step: &'a str,
    /// The machine it acts on.
    pub host: &'a dyn Host,
    /// Stop requests, tool starts, log, masker.
    pub control: &'a Control,
    /// Tells how far the step is. Cheap; may be called for every chunk.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Says a line to the operator.
    pub say: &'a (dyn Fn(String) + Sync),
    /// Resolves a secret and registers it with the masker.
    pub secret: &'a (dyn Fn(&SecretRef) -> Result<Secret, Failure> + Sync),
    /// A directory of this step in the run's directory, mode 0700, kept across attempts and
    /// interruptions: checkpoints and scratch files. Missing until [`StepContext::make_scratch`].
    pub scratch: &'a Path,
    /// The run's directory: holds `site.yaml` (the document as it was read) and `plan.json` (the
    /// frozen plan).
    pub run_directory: &'a Path,
    /// The backup set being written (phase `backup`, and the safety backup of a restore).
    pub writing: Option<&'a PartialSet>,
    /// The sealed backup set that is used (phases `upgrade` and `restore`).
    pub using: Option<&'a SealedSet>,
    /// The state of the run so far: artifacts of finished steps, the consistency window.
    pub state: &'a (dyn Fn() -> RunState + Sync),
}

impl<'a> StepContext<'a> {
    /// The scratch directory, made if this is the first attempt that writes there.
    pub fn make_scratch(&self) -> Result<&'a Path, Failure> {
        if self.host.stat(self.scratch)?.is_none() {
            self.host.create_dir(self.scratch, 0o700)?;
        }
        Ok(self.scratch)
    }

    /// The set being written, or a failure that says the action belongs in a backup phase.
    pub fn writing(&self) -> Result<&'a PartialSet, Failure> {
        self.writing.ok_or_else(|| {
            Failure::refused("this action writes into a backup set, and this run writes none")
        })
    }

    /// The set in use, or a failure that says the action belongs in an upgrade or restore phase.
    pub fn using(&self) -> Result<&'a SealedSet, Failure> {
        self.using.ok_or_else(|| {
            Failure::refused("this action reads a backup set, and this run uses none")
        })
    }
}

/// Everything around a check.
pub struct CheckContext<'a> {
    /// Name of the step or instance.
    pub step: &'a str,
    /// The machine.
    pub host: &'a dyn Host,
    /// For tools that only read.
    pub control: &'a Control,
    /// Resolves a secret and registers it with the masker.
    pub secret: &'a (dyn Fn(&SecretRef) -> Result<Secret, Failure> + Sync),
    /// Where sets are written; for free space.
    pub backups: &'a Path,
    /// The sealed backup set that would be used.
    pub using: Option<&'a SealedSet>,
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// The run is possible; the operator should look.
    Warning,
    /// The run would fail or harm: it is refused.
    Refuse,
}

/// Something that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How serious.
    pub severity: Severity,
    /// What was found, one sentence.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// Good to know.
    pub fn info(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Info,
            message: message.into(),
            hint: None,
        }
    }

    /// The operator should look.
    pub fn warning(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            message: message.into(),
            hint: None,
        }
    }

    /// The run is refused.
    pub fn refuse(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Refuse,
            message: message.into(),
            hint: None,
        }
    }

    /// The refusal that a failure amounts to: its message with its causes, and what to do.
    pub fn of(failure: &Failure) -> Self {
        let mut message = failure.to_string();
        for cause in &failure.0.causes {
            message.push_str(": ");
            message.push_str(cause);
        }
        Self {
            hint: failure.0.hint.clone(),
            ..Self::refuse(message)
        }
    }

    /// With what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
