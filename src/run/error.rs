//! Why a run could not be started, or had to be left.

use std::io;

use crate::backup::BackupError;
use crate::event::FailureKind;
use crate::journal::JournalError;

/// A run that did not come to an end of its own. A failed step is no such error: it is an outcome.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The run's directory, journal or lock.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal could not be written on. Running tools were asked to end and have ended.
    #[error("run {run} was left {}because its journal could not be written", during(.steps))]
    JournalLost {
        /// Id of the run, for `resume`.
        run: String,
        /// Steps that were at work, as far as the journal tells.
        steps: Vec<String>,
        /// What happened.
        #[source]
        source: JournalError,
    },
    /// The backup set that the run writes or uses.
    #[error(transparent)]
    Set(#[from] BackupError),
    /// The plan contradicts itself.
    #[error("the plan is not one that can run: {reason}")]
    Plan {
        /// What is wrong.
        reason: String,
    },
    /// The run has ended well, there is nothing to resume.
    #[error("run {run} is done, there is nothing left to resume")]
    AlreadyDone {
        /// Id of the run.
        run: String,
    },
    /// What the killed run left behind could not be ended.
    #[error("process {pid} of the killed run is still alive and could not be ended: {reason}")]
    Orphan {
        /// Its process id.
        pid: u32,
        /// Why.
        reason: String,
    },
    /// A killed run has left a job at work that only itself can take up again.
    #[error("step `{step}` of run {run}, which was killed, is still at work (process {pid})")]
    JobLeft {
        /// Id of the killed run.
        run: String,
        /// The step.
        step: String,
        /// Process id of the job's tool.
        pid: u32,
    },
    /// The program could not set itself up.
    #[error("failed to start the executor")]
    Runtime(#[source] io::Error),
}

fn during(steps: &[String]) -> String {
    match steps {
        [] => String::new(),
        steps => format!("during {}, ", steps.join(", ")),
    }
}

impl RunError {
    /// What to do about it, where that can be said. `options` name the site on a command line.
    pub fn hint(&self, options: &str) -> Option<String> {
        let resume = |run: &str| format!("`upgrade-kit resume {run} {options}`");
        Some(match self {
            Self::Journal(error) => return error.hint(),
            Self::JournalLost { run, source, .. } => match source.hint() {
                Some(hint) => format!("{hint} ({})", resume(run)),
                None => format!("when the cause is gone, {} goes on", resume(run)),
            },
            Self::JobLeft { run, pid, .. } => format!(
                "{} takes it up again; if it may be cut off, `kill {pid}` ends it",
                resume(run)
            ),
            Self::Plan { .. } => "make a new plan; a plan file is not for editing".to_owned(),
            Self::Orphan { pid, .. } => {
                format!("look at it with `ps -fp {pid}`, end it, then resume the run")
            }
            Self::Set(_) | Self::AlreadyDone { .. } | Self::Runtime(_) => return None,
        })
    }

    /// The family, for the exit code.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Journal(_) | Self::JournalLost { .. } => FailureKind::System,
            Self::Set(_) => FailureKind::DamagedSet,
            Self::Plan { .. }
            | Self::AlreadyDone { .. }
            | Self::Orphan { .. }
            | Self::JobLeft { .. } => FailureKind::Refused,
            Self::Runtime(_) => FailureKind::Internal,
        }
    }
}
