//! Holds the code to the arrows between its rooms that `src/lib.rs` draws, and to a few habits.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each room with the rooms that it may import.
const ROOMS: &[(&str, &[&str])] = &[
    ("adapter", &["backup", "event", "host", "site"]),
    ("backup", &["event", "host"]),
    (
        "cli",
        &[
            "adapter",
            "backup",
            "diagnostic",
            "event",
            "host",
            "journal",
            "plan",
            "report",
            "run",
            "runbook",
            "site",
        ],
    ),
    ("diagnostic", &[]),
    ("event", &[]),
    ("host", &["event"]),
    ("journal", &["event", "plan"]),
    ("plan", &["adapter", "diagnostic", "event", "runbook"]),
    ("report", &["adapter", "backup", "event", "plan"]),
    (
        "run",
        &[
            "adapter", "backup", "event", "host", "journal", "plan", "site",
        ],
    ),
    ("runbook", &["diagnostic", "event"]),
    ("site", &["diagnostic", "host"]),
];

fn sources(room: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
    walkdir::WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| {
            entry
                .path()
                .extension()
                .is_some_and(|ending| ending == "rs")
        })
        .filter(|entry| {
            !entry
                .path()
                .components()
                .any(|part| part.as_os_str() == "tests")
        })
        .filter(|entry| entry.file_name() != "tests.rs")
        .map(|entry| {
            (
                entry.path().to_owned(),
                std::fs::read_to_string(entry.path()).unwrap(),
            )
        })
        .map(|(path, text)| {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            (path, code.to_owned())
        })
        .collect()
}

/// Rooms named by `crate::ROOM` in code, comments left out.
fn imports(code: &str) -> BTreeSet<String> {
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn every_room_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut rooms: Vec<String> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    rooms.sort();
    let listed: Vec<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    assert_eq!(rooms, listed);
}

#[test]
fn arrows_point_down() {
    let names: BTreeSet<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    let mut wrong = Vec::new();
    for (room, allowed) in ROOMS {
        for (path, code) in sources(room) {
            for import in imports(&code) {
                let is_room = names.contains(import.as_str());
                if is_room && import != *room && !allowed.contains(&import.as_str()) {
                    wrong.push(format!("{} imports {import}", path.display()));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that point up:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn only_host_starts_processes_and_only_cli_decides_exits() {
    for (room, _) in ROOMS {
        for (path, code) in sources(room) {
            if *room != "host" {
                assert!(
                    !code.contains("process::Command"),
                    "{} starts a process",
                    path.display()
                );
            }
            assert!(!code.contains("process::exit"), "{} exits", path.display());
            if *room != "cli" {
                assert!(!code.contains("anyhow"), "{} uses anyhow", path.display());
            }
        }
    }
}

#[test]
fn no_unfinished_business() {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME")];
    for (room, _) in ROOMS {
        for (path, code) in sources(room) {
            for word in &words {
                assert!(!code.contains(word), "{} says {word}", path.display());
            }
        }
    }
}
