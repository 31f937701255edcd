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
}
