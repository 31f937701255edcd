//! Trees that do not stand still while they are saved, restored or removed: names that come and go, files
//! that grow, shrink and change their kind, directories that are swapped for links to another place.
//!
//! Two ways. *Certain*: a directory is swapped for a link before the n-th operation on the machine and
//! put back some operations later, for every n and every directory ([`saved`], [`restored`]). *By chance*:
//! somebody works on the tree without pause, drawn from a seed, while the real host works ([`meddler`]).
//!
//! What is demanded: the step fails and says which path did not stand still, or the set holds exactly one
//! state that was there, verifies and restores to it. What lies outside is never read into a set, never
//! written, never removed. And what happened is over in time.
//!
//! `UPGRADE_KIT_POINTS=all` takes every operation and many more rounds.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers end the test where it cannot go on"
)]

mod meddler;
mod removed;
mod restored;
mod saved;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use upgrade_kit::adapter::Failure;

use crate::faults::fault::everything;
use crate::tree_world::{put, settle};

/// What every file outside holds, and no file of a tree.
const OUTSIDE: &str = "FROM-OUTSIDE";

/// Directories of the tree, relative to it.
const FOLDERS: &[&str] = &["", "a", "a/b", "c"];

const FILES: &[&str] = &["a/1", "a/b/2", "a/b/3", "c/4", "5"];

/// How long something is done by chance.
fn patience() -> Duration {
    Duration::from_secs(if everything() { 120 } else { 6 })
}

/// A tree with links and a hole in its file system's sense of time: all is long ago.
fn tree(top: &Path) {
    for file in FILES {
        put(&top.join(file), &format!("content of {file}"), 0o640, 1_000);
    }
    std::os::unix::fs::symlink("1", top.join("a/link")).unwrap();
    for folder in FOLDERS.iter().rev() {
        settle(&place_in(top, folder), 0o750, 2_000);
    }
}

/// The same names elsewhere, with contents of the same size.
fn outside(top: &Path) {
    for file in FILES {
        let size = format!("content of {file}").len();
        let mut text = OUTSIDE.repeat(2);
        text.truncate(size);
        put(&top.join(file), &text, 0o640, 1_000);
    }
    std::os::unix::fs::symlink("1", top.join("a/link")).unwrap();
    for folder in FOLDERS.iter().rev() {
        settle(&place_in(top, folder), 0o750, 2_000);
    }
}

/// A path below a top, the top itself without a slash at its end.
fn place_in(top: &Path, relative: &str) -> PathBuf {
    if relative.is_empty() {
        top.to_owned()
    } else {
        top.join(relative)
    }
}

/// A directory that somebody swaps for a link and puts back, so that nothing tells of it but the moment.
struct Swapped {
    path: PathBuf,
    aside: PathBuf,
    to: PathBuf,
}

impl Swapped {
    fn turn(&self, out: bool) {
        let above = self.path.parent().unwrap();
        let time = fs::metadata(above).unwrap().modified().unwrap();
        if out && self.path.is_dir() && !self.path.is_symlink() {
            fs::rename(&self.path, &self.aside).unwrap();
            std::os::unix::fs::symlink(&self.to, &self.path).unwrap();
        } else if !out && self.path.is_symlink() {
            fs::remove_file(&self.path).unwrap();
            fs::rename(&self.aside, &self.path).unwrap();
        }
        fs::File::open(above).unwrap().set_modified(time).unwrap();
    }
}

/// Whether a file below holds what is only outside.
fn holds_outside(folder: &Path) -> Option<PathBuf> {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten();
    let mut files = files.filter(|entry| entry.file_type().is_file());
    let found = files.find(|entry| {
        let content = fs::read(entry.path()).unwrap_or_default();
        let needle = OUTSIDE.as_bytes();
        content.windows(needle.len()).any(|window| window == needle)
    })?;
    Some(found.into_path())
}

/// What is wrong with how a failure tells of a tree that did not stand still.
fn wrong_words(failure: &Failure, top: &Path) -> Option<String> {
    let mut words = failure.to_string();
    words.extend(failure.0.causes.iter().map(|cause| format!(": {cause}")));
    if !words.contains(top.parent().unwrap().to_str().unwrap()) {
        return Some(format!("it does not say where: {words}"));
    }
    if words.contains("/proc/self") {
        return Some(format!("it tells a path that nobody knows: {words}"));
    }
    failure
        .0
        .hint
        .is_none()
        .then(|| format!("it does not say what to do: {words}"))
}
