//! Why a command ends without having done what was asked: the one translator to exit codes.

use std::io::{IsTerminal, Write};

use super::exit::Exit;
use crate::backup::BackupError;
use crate::diagnostic::{Code, Problems, Rendering};
use crate::event::disk_advice;
use crate::journal::JournalError;
use crate::run::RunError;

/// Why a command ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// Documents with problems.
    Documents(Problems),
    /// Anything else: what happened, why, what to do.
    Other {
        /// How the program ends.
        exit: Exit,
        /// What happened.
        message: String,
        /// Causes, outermost first.
        causes: Vec<String>,
        /// What to do.
        hints: Vec<String>,
        /// The reader of standard output went away.
        broken_pipe: bool,
    },
}

impl Stop {
    /// With that exit code and message.
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Other {
            exit,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            broken_pipe: false,
        }
    }

    /// Refused before anything was changed.
    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// An error with its causes.
    pub(super) fn because(exit: Exit, error: &dyn std::error::Error) -> Self {
        match error.source() {
            Some(source) => Self::caused(exit, error.to_string(), source),
            None => Self::new(exit, error.to_string()),
        }
    }

    /// With a message of its own for an error, which becomes its first cause.
    pub(super) fn caused(
        exit: Exit,
        message: impl Into<String>,
        error: &dyn std::error::Error,
    ) -> Self {
        let mut stop = Self::new(exit, message);
        let mut next = Some(error);
        while let Some(error) = next {
            stop = stop.cause(error.to_string());
            next = error.source();
        }
        stop
    }

    /// With a further cause.
    #[must_use]
    pub(super) fn cause(mut self, cause: impl Into<String>) -> Self {
        if let Self::Other { causes, .. } = &mut self {
            causes.push(cause.into());
        }
        self
    }

    /// With what to do.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Other { hints, .. } = &mut self {
            hints.push(hint.into());
        }
        self
    }

    /// Whether the reader of standard output went away, which is no failure.
    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(
            self,
            Self::Other {
                broken_pipe: true,
                ..
            }
        )
    }

    /// How the program ends.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Documents(problems) => exit_of(problems),
            Self::Other { exit, .. } => *exit,
        }
    }

    /// Writes it to standard error.
    pub(super) fn print(&self) {
        let mut stderr = anstream::stderr();
        _ = match self {
            Self::Documents(problems) => {
                let colour = std::io::stderr().is_terminal();
                write!(
                    stderr,
                    "{}",
                    problems.render(Rendering {
                        colour,
                        ..Rendering::default()
                    })
                )
            }
            Self::Other {
                message,
                causes,
                hints,
                ..
            } => {
                let causes = causes.iter().map(|cause| format!("  cause: {cause}\n"));
                let hints = hints.iter().map(|hint| format!("  hint: {hint}\n"));
                let more: String = causes.chain(hints).collect();
                let text = format!("error: {message}\n{more}");
                stderr.write_all(text.as_bytes())
            }
        };
    }
}

/// A wrong `--skip` is no fault of a document, and a document may be right although the installation
/// that it speaks of is not there.
fn exit_of(problems: &Problems) -> Exit {
    let all = |code| problems.iter().all(|problem| problem.code == code);
    if all(Code::UNKNOWN_SELECTION) || all(Code::UNKNOWN_SCENARIO) {
        Exit::Usage
    } else if all(Code::DISCOVERY) {
        Exit::Refused
    } else {
        Exit::Document
    }
}

impl From<Problems> for Stop {
    fn from(problems: Problems) -> Self {
        Self::Documents(problems)
    }
}

impl From<BackupError> for Stop {
    fn from(error: BackupError) -> Self {
        let (exit, hint) = match &error {
            BackupError::NewerFormat { .. } => (
                Exit::Refused,
                Some("use the version of upgrade-kit that wrote it".to_owned()),
            ),
            BackupError::NotFound { .. } | BackupError::Id { .. } => (
                Exit::Refused,
                Some("`upgrade-kit backups list` lists the sets of the site".to_owned()),
            ),
            error if error.is_damage() => (
                Exit::DamagedSet,
                Some(
                    "name another one with `--from`; `upgrade-kit backups list` lists them"
                        .to_owned(),
                ),
            ),
            BackupError::File { source, .. } => (Exit::Refused, place_hint(source)),
            _ => (Exit::Refused, None),
        };
        let stop = Self::because(exit, &error);
        match hint {
            Some(hint) => stop.hint(hint),
            None => stop,
        }
    }
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        let exit = match &error {
            JournalError::Held { .. } | JournalError::InstanceHeld { .. } => Exit::Held,
            JournalError::NoSuchRun { .. }
            | JournalError::Newer { .. }
            | JournalError::File { .. } => Exit::Refused,
            _ => Exit::Internal,
        };
        let hint = match &error {
            JournalError::File { source, .. } => place_hint(source),
            error => error.hint(),
        };
        let stop = Self::because(exit, &error);
        match hint {
            Some(hint) => stop.hint(hint),
            None => stop,
        }
    }
}

impl Stop {
    /// Of a run that could not begin or go on; `options` name the site on a command line.
    pub(super) fn of_run(error: RunError, options: &str) -> Self {
        match error {
            RunError::Journal(error) => error.into(),
            RunError::Set(error) => error.into(),
            error => {
                let exit = match error {
                    RunError::AlreadyDone { .. } => Exit::Refused,
                    RunError::Orphan { .. } | RunError::JobLeft { .. } => Exit::Held,
                    RunError::JournalLost { .. } => Exit::Interrupted,
                    _ => Exit::Internal,
                };
                let stop = Self::because(exit, &error);
                match error.hint(options) {
                    Some(hint) => stop.hint(hint),
                    None => stop,
                }
            }
        }
    }
}

/// What to do when a place that the site file names cannot be used.
fn place_hint(error: &std::io::Error) -> Option<String> {
    use std::io::ErrorKind;
    let text = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "`backups` and `state` in the site file must lead to directories"
        }
        ErrorKind::PermissionDenied => {
            "run upgrade-kit as a user that may write there, or change `backups` or `state` in the \
             site file"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "free some space, or change `backups` or `state` in the site file"
        }
        _ => {
            let advice = disk_advice(error)?;
            return Some(format!(
                "{advice}, or change `backups` or `state` in the site file"
            ));
        }
    };
    Some(text.to_owned())
}

/// Of an answer that could not be written.
impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        let message = "failed to write to standard output";
        let mut stop = Self::caused(Exit::Internal, message, &error);
        if let Self::Other { broken_pipe, .. } = &mut stop {
            *broken_pipe = error.kind() == std::io::ErrorKind::BrokenPipe;
        }
        stop
    }
}
