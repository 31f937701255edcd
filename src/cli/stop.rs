//! Why a command ends without having done what was asked: the one translator to exit codes.

use std::io::{IsTerminal, Write};

use super::exit::Exit;
use crate::backup::BackupError;
use crate::diagnostic::{Problems, Rendering};
use crate::journal::JournalError;

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
        let mut stop = Self::new(exit, error.to_string());
        if let Self::Other { causes, .. } = &mut stop {
            let mut next = error.source();
            while let Some(error) = next {
                causes.push(error.to_string());
                next = error.source();
            }
        }
        stop
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
            Self::Documents(_) => Exit::Document,
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

impl From<Problems> for Stop {
    fn from(problems: Problems) -> Self {
        Self::Documents(problems)
    }
}

impl From<BackupError> for Stop {
    fn from(error: BackupError) -> Self {
        let exit = if error.is_damage() {
            Exit::DamagedSet
        } else {
            Exit::Refused
        };
        Self::because(exit, &error)
    }
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        let exit = match &error {
            JournalError::Held { .. } => Exit::Held,
            _ => Exit::Internal,
        };
        let stop = Self::because(exit, &error);
        match error.hint() {
            Some(hint) => stop.hint(hint),
            None => stop,
        }
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        let mut stop = Self::because(Exit::Internal, &error);
        if let Self::Other { broken_pipe, .. } = &mut stop {
            *broken_pipe = error.kind() == std::io::ErrorKind::BrokenPipe;
        }
        stop
    }
}
