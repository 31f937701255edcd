//! A set that is being written.

use std::path::PathBuf;

/// A set that is being written: `<set-id>.partial`.
#[derive(Debug, Clone)]
pub struct PartialSet {
    /// Its directory.
    pub(super) directory: PathBuf,
}

impl PartialSet {
    /// Its directory.
    pub fn directory(&self) -> &std::path::Path {
        &self.directory
    }
}
