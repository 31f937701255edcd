//! Against stores that real brokers wrote, against journals written here, and against bytes that nobody
//! should write.

mod brokers;
mod hostile;
mod rules;

use std::path::{Path, PathBuf};

use super::{ArtemisInventory, Directories, read_inventory};

const VERSIONS: [&str; 2] = ["2.19.1", "2.44.0"];

/// The directories of a store that a real broker wrote.
fn store(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/artemis")
        .join(version)
}

/// What the directories below `top` hold.
fn read(top: &Path) -> ArtemisInventory {
    let [bindings, journal, paging, large_messages] =
        ["bindings", "journal", "paging", "large-messages"].map(|name| top.join(name));
    read_inventory(&Directories {
        bindings: &bindings,
        journal: &journal,
        paging: &paging,
        large_messages: &large_messages,
    })
    .unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, target) = entry
            .map(|it| (it.path(), to.join(it.file_name())))
            .unwrap();
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(path, target).unwrap();
        }
    }
}
