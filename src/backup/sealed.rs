//! A set that is complete.

use std::path::PathBuf;

/// A sealed set.
#[derive(Debug, Clone)]
pub struct SealedSet {
    /// Its directory.
    pub(super) directory: PathBuf,
}

impl SealedSet {
    /// Its directory.
    pub fn directory(&self) -> &std::path::Path {
        &self.directory
    }
}
