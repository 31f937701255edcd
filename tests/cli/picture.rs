//! A picture of a tree, to tell that nothing in it was touched, or that everything came back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Bytes of a file that is read; only a trap is larger.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Path below the tree, and all that a restore must bring back of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture(BTreeMap<String, String>);

impl Picture {
    /// Of a tree, without the paths below any of `without`. A tree that is not there is empty.
    pub(crate) fn of(tree: &Path, without: &[&str]) -> Self {
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
    pub(crate) fn without_times(mut self, directories: &[&str]) -> Self {
        for directory in directories {
            let line = self.0.get_mut(*directory).unwrap();
            assert!(line.starts_with("directory"), "{directory}: {line}");
            if let Some(end) = line.rfind(" at ") {
                line.truncate(end);
            }
        }
        self
    }

    /// Without what lies at or below that path, and the time of the directory it lies in.
    pub(crate) fn without(mut self, path: &str) -> Self {
        self.0
            .retain(|inner, _| !Path::new(inner).starts_with(path));
        let holder = Path::new(path).parent().unwrap().display().to_string();
        self.without_times(&[&holder])
    }

    /// Fails with the paths that differ.
    #[track_caller]
    pub(crate) fn assert_same(&self, other: &Self, what: &str) {
        let difference = self.difference(other, what);
        assert!(difference.is_none(), "{}", difference.unwrap_or_default());
    }

    /// The paths that differ, one after the other.
    pub(crate) fn difference(&self, other: &Self, what: &str) -> Option<String> {
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
        (!differences.is_empty()).then(|| format!("{what}:\n{differences}"))
    }

    /// How many paths there are.
    pub(crate) fn len(&self) -> usize {
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
    } else if meta.is_file() && meta.len() > LARGEST {
        format!("file of {} bytes", meta.len())
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
