//! Backup sets, looked at from outside.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use super::kit::{Kit, command, names};

/// What of a set's artifacts must be equal in two backups of the same state.
pub(crate) fn artifacts(kit: &Kit, set: &str) -> Value {
    let text = std::fs::read(kit.sets.join(set).join("manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_slice(&text).unwrap();
    manifest["artifacts"].take()
}

/// A set is proven by the program and by `sha256sum`.
pub(crate) fn check(kit: &Kit, set: &str) {
    kit.succeed(&["backups", "verify", set]);
    let output = command("sha256sum")
        .args(["-c", "--quiet", "--strict", "SHA256SUMS"])
        .current_dir(kit.sets.join(set))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{set}: {said}");
}

/// No unfinished set and no remnant of one is left.
pub(crate) fn no_remnants(kit: &Kit) {
    let strange: Vec<String> = names(&kit.sets)
        .into_iter()
        .filter(|name| {
            !kit.sets.join(name).join("manifest.json").is_file() || name.contains("partial")
        })
        .collect();
    assert!(
        strange.is_empty(),
        "remnants in {}: {strange:?}",
        kit.sets.display()
    );
}

/// Nothing below a folder can be read by others.
pub(crate) fn private(folder: &Path) {
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        let open = !entry.path_is_symlink() && mode & 0o077 != 0;
        assert!(!open, "{} has mode {mode:o}", entry.path().display());
    }
}
