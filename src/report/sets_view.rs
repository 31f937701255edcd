//! Backup sets: the list of a site, one in full, a verification.

use std::fmt::Write;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::lines::stamp;
use super::table::{Lean, table};
use super::words::{self, clean};
use crate::backup::{Manifest, Verification};
use crate::event::total;

/// A set in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// `sealed`, `partial`, or `damaged: …`.
    pub status: String,
    /// When it was sealed, else when it last changed.
    pub time: Timestamp,
    /// Its manifest, if it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Manifest>,
}

/// The sets of a site, for reading.
pub fn list(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no backup sets yet\n".to_owned();
    }
    let heading = [
        ("BACKUP SET", Lean::Left),
        ("TIME", Lean::Left),
        ("KIND", Lean::Left),
        ("SCENARIO", Lean::Left),
        ("VERSIONS", Lean::Left),
        ("PROVEN", Lean::Left),
        ("SIZE", Lean::Right),
        ("STATUS", Lean::Left),
    ];
    let cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
    table(&heading, &cells, 0)
}

fn cells(row: &Row) -> Vec<String> {
    let none = || "-".to_owned();
    let manifest = row.manifest.as_ref();
    vec![
        row.id.clone(),
        stamp(row.time),
        manifest.map_or_else(none, |manifest| kind(manifest).to_owned()),
        manifest.map_or_else(none, |manifest| clean(&manifest.scenario)),
        manifest.map_or_else(none, versions),
        manifest.map_or_else(none, |manifest| words::level(manifest.level).to_owned()),
        manifest.map_or_else(none, |manifest| words::bytes(stored(manifest))),
        clean(&row.status),
    ]
}

/// The sets of a site, for programs: `{"format": 1, "sets": […]}` with the fields of [`Row`].
pub fn list_json(rows: &[Row]) -> String {
    super::json::document(&json!({ "format": 1, "sets": rows }))
}

/// A set in full, for reading.
pub fn set(manifest: &Manifest, directory: &Path) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| _ = writeln!(text, "{name:<12} {value}");
    line("backup set", clean(&manifest.set));
    let about = match kind(manifest) {
        "safety" => "safety: the state that a restore replaced",
        kind => kind,
    };
    line("kind", about.to_owned());
    line("directory", clean(&directory.to_string_lossy()));
    line(
        "site",
        format!(
            "{}, {}, {}",
            clean(&manifest.site),
            clean(&manifest.product),
            clean(&manifest.scenario)
        ),
    );
    line("versions", versions(manifest));
    line(
        "sealed",
        format!(
            "{} by upgrade-kit {}, run {}",
            stamp(manifest.sealed),
            clean(&manifest.program),
            clean(&manifest.run)
        ),
    );
    let window = match (manifest.window_opened, manifest.window_closed) {
        (Some(opened), Some(closed)) => {
            format!("all data from {} to {}", stamp(opened), stamp(closed))
        }
        (Some(opened), None) => format!("all data from {} on", stamp(opened)),
        _ => "no quiet window was recorded".to_owned(),
    };
    line("window", window);
    line("proven", words::level(manifest.level).to_owned());
    line(
        "size",
        format!(
            "{} ({} at the source)",
            words::bytes(stored(manifest)),
            words::bytes(at_source(manifest))
        ),
    );
    for (step, tool) in &manifest.tools {
        line("tool", format!("{}: {}", clean(step), clean(tool)));
    }
    text.push('\n');
    text += &artifacts(manifest);
    text
}

fn artifacts(manifest: &Manifest) -> String {
    let heading = [
        ("ARTIFACT", Lean::Left),
        ("KIND", Lean::Left),
        ("PROVEN", Lean::Left),
        ("FILES", Lean::Right),
        ("SIZE", Lean::Right),
        ("SOURCE", Lean::Left),
    ];
    let rows: Vec<Vec<String>> = manifest
        .artifacts
        .iter()
        .map(|artifact| {
            vec![
                clean(&artifact.name),
                clean(&artifact.kind),
                words::level(artifact.level).to_owned(),
                words::number(artifact.files.len() as u64),
                words::bytes(artifact.source_bytes),
                clean(&artifact.source),
            ]
        })
        .collect();
    table(&heading, &rows, 0)
}

/// A set in full, for programs: `{"format": 1, "directory": …, "manifest": …}`.
pub fn set_json(manifest: &Manifest, directory: &Path) -> String {
    let directory = directory.to_string_lossy();
    super::json::document(&json!({ "format": 1, "directory": directory, "manifest": manifest }))
}

/// A verification, for reading.
pub fn verification(set: &str, verification: &Verification) -> String {
    let looked = format!(
        "{}, {}",
        words::plural(verification.files, "file"),
        words::bytes(verification.bytes)
    );
    if verification.is_sound() {
        let level = words::level(verification.level);
        return format!("backup set {}: sound ({level}; {looked})\n", clean(set));
    }
    let mut text = String::new();
    for problem in &verification.problems {
        _ = writeln!(
            text,
            "DAMAGED  {}: {}",
            clean(&problem.path),
            clean(&problem.message)
        );
    }
    let count = words::plural(verification.problems.len() as u64, "problem");
    _ = writeln!(text, "\nbackup set {}: {count} ({looked})", clean(set));
    _ = writeln!(
        text,
        "do not restore from it; take another one: upgrade-kit backups list"
    );
    text
}

/// A verification, for programs: `{"format": 1, "set", "sound", "level", "files", "bytes", "problems":
/// [{"path", "kind", "message"}]}`; `kind` as [`crate::backup::ProblemKind`] names it.
pub fn verification_json(set: &str, verification: &Verification) -> String {
    super::json::document(&json!({
        "format": 1,
        "set": set,
        "sound": verification.is_sound(),
        "level": verification.level,
        "files": verification.files,
        "bytes": verification.bytes,
        "problems": verification.problems,
    }))
}

/// `safety` for the set of the state that a restore replaced.
fn kind(manifest: &Manifest) -> &'static str {
    if manifest.is_safety_set() {
        "safety"
    } else {
        "backup"
    }
}

fn versions(manifest: &Manifest) -> String {
    let all: Vec<String> = manifest
        .versions
        .iter()
        .map(|(name, version)| format!("{} {}", clean(name), clean(version)))
        .collect();
    if all.is_empty() {
        "-".to_owned()
    } else {
        all.join(", ")
    }
}

/// Bytes of the files in the set.
fn stored(manifest: &Manifest) -> u64 {
    let files = manifest
        .artifacts
        .iter()
        .flat_map(|artifact| &artifact.files);
    total(files.map(|file| file.bytes))
}

/// Bytes before compression.
fn at_source(manifest: &Manifest) -> u64 {
    let artifacts = manifest.artifacts.iter();
    total(artifacts.map(|artifact| artifact.source_bytes))
}
