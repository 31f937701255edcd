//! What can go wrong with a run's directory.

use std::io;
use std::path::{Path, PathBuf};

use super::lock::Holder;
use crate::event::disk_advice;

/// A failed operation on a run's directory.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file operation failed.
    #[error("failed to {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A file of the run was changed or is broken.
    #[error("{} is damaged at line {line}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Written by a newer program.
    #[error("{} has format {found}, this program reads up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Format that was found.
        found: u32,
        /// Highest format that this program reads.
        known: u32,
    },
    /// An earlier write failed, so that nothing may follow it.
    #[error("nothing more is written to {} after a failed write", path.display())]
    Poisoned {
        /// The journal.
        path: PathBuf,
    },
    /// No such run.
    #[error("there is no run `{run}` in {}", state.display())]
    NoSuchRun {
        /// Id that was asked for.
        run: String,
        /// Where runs of the site are.
        state: PathBuf,
    },
    /// Another run holds the site.
    #[error("another run holds the site: {holder}")]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it.
        holder: Box<Holder>,
    },
    /// A run of another site file, or with another state directory, works on the installation.
    #[error("another run works on the installation {}{holder}", directory.display())]
    InstanceHeld {
        /// The instance directory.
        directory: PathBuf,
        /// `: process ID, COMMAND in DIRECTORY`, if that can be told.
        holder: String,
    },
}

impl JournalError {
    /// Text of a file of the run, `line` of it, that is no JSON of ours.
    pub(super) fn json(path: &Path, line: usize, error: &serde_json::Error) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            line,
            reason: reason(error),
        }
    }

    /// A file error with its path.
    pub fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// What to do about it, where that can be said.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::File { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull => "free some space, then resume the run".to_owned(),
                io::ErrorKind::PermissionDenied => {
                    "run upgrade-kit as the user that owns the state directory".to_owned()
                }
                _ => format!("{}, then resume the run", disk_advice(source)?),
            },
            Self::Damaged { path, .. } => {
                let run = path.parent().unwrap_or(path).display();
                format!(
                    "the file was changed after it was written; look at the installation, then start a new \
                     run; one that is refused because of this one begins once {run} is moved away"
                )
            }
            Self::Newer { .. } => "use the version of upgrade-kit that wrote it".to_owned(),
            Self::Held { .. } => "wait until it has ended, or stop it with Ctrl-C".to_owned(),
            Self::InstanceHeld { .. } => {
                "wait until it has ended; it was begun with another site file \
                 or another `state`, and its sets and runs are there"
                    .to_owned()
            }
            Self::NoSuchRun { .. } => "`upgrade-kit runs` lists the runs of the site".to_owned(),
            Self::Poisoned { .. } => return None,
        })
    }
}

/// What the parser found, without its line: it counts from the text that it was given.
pub(super) fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(found) => format!("{found} in column {}", error.column()),
        None => text,
    }
}
