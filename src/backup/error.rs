//! What can be wrong with a backup set.

use std::io;
use std::path::{Path, PathBuf};

/// A failed operation on a backup set.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file operation inside the set failed.
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
    /// A path that must not be used inside a set.
    #[error("the path `{path}` is refused inside a backup set: {problem}")]
    Path {
        /// As it was given.
        path: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An id that cannot name a set.
    #[error("`{id}` cannot name a backup set: use letters, digits, `.`, `_` and `-`")]
    Id {
        /// As it was given.
        id: String,
    },
    /// There is no sealed set of that id.
    #[error("there is no sealed backup set `{id}` in {}{}", directory.display(), if *.partial { " (it was never finished)" } else { "" })]
    NotFound {
        /// The id.
        id: String,
        /// Where sets of the site are.
        directory: PathBuf,
        /// Whether an unfinished set of that id is there.
        partial: bool,
    },
    /// A set of that id exists already.
    #[error("the backup set {} exists already", directory.display())]
    Exists {
        /// Its directory.
        directory: PathBuf,
    },
    /// The set is not what its records say.
    #[error("the backup set {} is damaged: {problem}", set.display())]
    Damaged {
        /// The set's directory.
        set: PathBuf,
        /// What is wrong, with the file it concerns.
        problem: String,
    },
    /// The set was written by a newer program.
    #[error("the backup set {} has format {format}; this program reads formats up to {known}", set.display())]
    NewerFormat {
        /// The set's directory.
        set: PathBuf,
        /// Its format.
        format: u32,
        /// The newest known one.
        known: u32,
    },
    /// The run was asked to stop while a set was read.
    #[error("stopped on request")]
    Stopped,
}

impl BackupError {
    /// A file error with its path.
    pub fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// Whether the set itself is at fault, and not the machine it stands on.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::NewerFormat { .. } | Self::Path { .. } => true,
            Self::File { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
            ),
            Self::Id { .. } | Self::NotFound { .. } | Self::Exists { .. } | Self::Stopped => false,
        }
    }
}
