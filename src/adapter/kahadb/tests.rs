//! Against stores that real brokers wrote, against stores written here, and against bytes that
//! nobody should write.

mod brokers;
mod hostile;
mod rules;
mod writing;

use std::fs;
use std::path::{Path, PathBuf};

/// The directory of a store that a real broker wrote.
fn store(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/kahadb")
        .join(name)
}

/// The journal files of all plain stores that brokers wrote with checksums.
fn checked_files() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for name in [
        "queues",
        "transactions",
        "compacted",
        "updated",
        "scheduled",
        "killed",
    ] {
        for entry in fs::read_dir(store(name)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "log") {
                files.push(fs::read(path).unwrap());
            }
        }
    }
    files
}
