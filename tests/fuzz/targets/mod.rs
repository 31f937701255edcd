//! Every place of the program that reads what others wrote, each as a function of bytes.
//!
//! An input holds parts, divided by lines of [`DIVIDER`]: the files of an installation, the answers of
//! a tool. Whatever the bytes are, a target returns; a panic, a hang or memory without bounds is a find.

mod documents;
mod installation;
mod records;
mod stores;
mod tool_host;
mod tools;

use std::path::{Path, PathBuf};

/// Stands alone on a line between two parts.
const DIVIDER: &[u8] = b"%%%%";

/// A place that reads what others wrote.
pub(crate) struct Target {
    /// Its name, and that of its folder of inputs.
    pub(crate) name: &'static str,
    /// Reads the bytes.
    pub(crate) read: fn(&[u8]),
}

/// All of them.
pub(crate) static TARGETS: &[Target] = &[
    target("site", documents::site),
    target("runbook", documents::runbook),
    target("expression", documents::expression),
    target("properties", installation::properties),
    target("startup", installation::startup),
    target("tomcat", installation::tomcat),
    target("wildfly", installation::wildfly),
    target("weblogic", installation::weblogic),
    target("weblogic-json", documents::weblogic_json),
    target("xml-edit", tools::xml_edit),
    target("kahadb", stores::kahadb),
    target("artemis", stores::artemis),
    target("h2", tools::h2),
    target("dump", stores::dump),
    target("manifest", records::manifest),
    target("journal", records::journal),
    target("plan", records::plan),
    target("words", records::words),
    target("tools", tools::answers),
];

const fn target(name: &'static str, read: fn(&[u8])) -> Target {
    Target { name, read }
}

/// The parts of an input; further ones are left out.
fn parts(input: &[u8]) -> Vec<&[u8]> {
    const MOST: usize = 24;
    let mut parts = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at <= input.len() && parts.len() < MOST {
        let end = input[at..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(input.len(), |found| at + found);
        if &input[at..end] == DIVIDER {
            parts.push(&input[start..at.saturating_sub(1).max(start)]);
            start = (end + 1).min(input.len());
        }
        at = end + 1;
    }
    parts.push(&input[start..]);
    parts
}

/// The part as text, if it is UTF-8: programs refuse what is not before they read it.
fn text(part: &[u8]) -> Option<&str> {
    std::str::from_utf8(part).ok()
}

/// A folder of this thread that is empty at the start of every input.
fn folder() -> PathBuf {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
    }
    let folder = FOLDER.with(|folder| folder.path().to_owned());
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
    folder
}

/// Puts a file there, with the folders above it.
fn put(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}
