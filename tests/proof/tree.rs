//! Fingerprints of file trees.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Each entry with its type, mode, owner, time and content.
pub(crate) type Tree = BTreeMap<String, String>;

/// The fingerprint of a folder. `leaves_out` names paths below it that are not looked at, `untimed`
/// those whose own time does not count; both relative to the folder.
pub(crate) fn tree(folder: &Path, leaves_out: &[&str], untimed: &dyn Fn(&str) -> bool) -> Tree {
    let walk = walkdir::WalkDir::new(folder).min_depth(1).into_iter();
    let below = |path: &Path| {
        path.strip_prefix(folder)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    walk.filter_entry(|entry| !leaves_out.contains(&below(entry.path()).as_str()))
        .map(|entry| {
            let entry = entry.unwrap();
            let path = below(entry.path());
            let metadata = entry.path().symlink_metadata().unwrap();
            let time = if untimed(&path) {
                "-".to_owned()
            } else {
                format!("{}.{:09}", metadata.mtime(), metadata.mtime_nsec())
            };
            let content = if metadata.is_symlink() {
                std::fs::read_link(entry.path())
                    .unwrap()
                    .display()
                    .to_string()
            } else if metadata.is_file() {
                hash(&std::fs::read(entry.path()).unwrap())
            } else {
                "folder".to_owned()
            };
            let (mode, owner, group) = (metadata.mode(), metadata.uid(), metadata.gid());
            (path, format!("{mode:o} {owner}:{group} {time} {content}"))
        })
        .collect()
}

/// SHA-256 in hex.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Fails with the lines in which two trees differ.
pub(crate) fn same(before: &Tree, after: &Tree, what: &str) {
    let mut differences = String::new();
    for path in before
        .keys()
        .chain(after.keys().filter(|path| !before.contains_key(*path)))
    {
        if before.get(path) != after.get(path) {
            differences += &format!(
                "{path}\n  {:?}\n  {:?}\n",
                before.get(path),
                after.get(path)
            );
        }
    }
    assert!(differences.is_empty(), "{what}:\n{differences}");
}
