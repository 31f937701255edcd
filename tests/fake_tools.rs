//! Tools that lie.

use std::os::unix::fs::PermissionsExt;

/// A folder of executable scripts.
pub(crate) struct Tools(tempfile::TempDir);

impl Tools {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn write(&self, name: &str, script: &str) {
        let path = self.0.path().join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}
