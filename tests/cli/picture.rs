//! A picture of a tree, to tell that nothing in it was touched, or that everything came back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Path below the tree, and all that a restore must bring back of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture(BTreeMap<String, String>);

impl Picture {
    /// Of a tree, without the paths below any of `without`. A tree that is not there is empty.
    pub(super) fn of(tree: &Path, without: &[&str]) -> Self {
        let mut lines = BTreeMap::new();
        if tree.symlink_metadata().is_ok() {
            let walk = walkdir::WalkDir::new(tree)
                .into_iter()
                .filter_entry(|entry| {
                    let inner = entry.path().strip_prefix(tree).unwrap();
                    !without.iter().any(|left_out| inner == Path::new(left_out))
                });
            for entry in walk {
                let entry = entry.unwrap();
                let inner = entry.path().strip_prefix(tree).unwrap();
                lines.insert(inner.display().to_string(), line(entry.path()));
            }
        }
        Self(lines)
    }

    /// Without the times of these directories: what lies in them was swapped.
    pub(super) fn without_times(mut self, directories: &[&str]) -> Self {
        for directory in directories {
            let line = self.0.get_mut(*directory).unwrap();
            assert!(line.starts_with("directory"), "{directory}: {line}");
            let end = line.rfind(" at ").unwrap();
            line.truncate(end);
        }
        self
    }

    /// Fails with the paths that differ.
    #[track_caller]
    pub(super) fn assert_same(&self, other: &Self, what: &str) {
        let mut differences = String::new();
        let paths: std::collections::BTreeSet<&String> =
            self.0.keys().chain(other.0.keys()).collect();
        for path in paths {
            let none = "nothing".to_owned();
            let before = self.0.get(path).unwrap_or(&none);
            let after = other.0.get(path).unwrap_or(&none);
            if before != after {
                differences.push_str(&format!("{path}\n  before {before}\n  after  {after}\n"));
            }
        }
        assert!(differences.is_empty(), "{what}:\n{differences}");
    }

    /// How many paths there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn line(path: &Path) -> String {
    let meta = path.symlink_metadata().unwrap();
    let content = if meta.is_symlink() {
        let target = fs::read_link(path).unwrap();
        format!(
            "link to {}",
            String::from_utf8_lossy(target.as_os_str().as_bytes())
        )
    } else if meta.is_dir() {
        "directory".to_owned()
    } else if meta.is_file() {
        let digest = Sha256::digest(fs::read(path).unwrap());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("file of {} bytes {digest}", meta.len())
    } else {
        "special".to_owned()
    };
    format!(
        "{content} mode {:o} owner {}:{} at {}.{:09}",
        meta.mode() & 0o7777,
        meta.uid(),
        meta.gid(),
        meta.mtime(),
        meta.mtime_nsec()
    )
}
