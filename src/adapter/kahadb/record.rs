//! What a backup set remembers of a store, and how it is held against a directory.

use std::collections::BTreeSet;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::KahadbError;
use super::files::LOCK_FILE;
use super::inventory::StoreInventory;
use super::reader::read_inventory;
use crate::adapter::Failure;
use crate::backup::{SetPath, TREE_TOP, escape, unescape};
use crate::event::{ArtifactRecord, FailureKind};

/// The format of these details. A reader accepts additions and refuses a higher number.
const FORMAT: u64 = 1;

/// A store of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoreRecord {
    /// Where it is in the artifact's tree, `.` for the tree itself.
    path: String,
    /// What it held.
    pub(super) inventory: StoreInventory,
}

impl StoreRecord {
    pub(super) fn new(relative: &Path, inventory: StoreInventory) -> Self {
        let path = match relative.as_os_str().as_bytes() {
            b"" => TREE_TOP.to_owned(),
            bytes => escape(bytes),
        };
        Self { path, inventory }
    }

    /// Relative to the artifact's tree; empty for the tree itself.
    pub(super) fn relative(&self) -> PathBuf {
        if self.path == TREE_TOP {
            return PathBuf::new();
        }
        let bytes = unescape(&self.path).unwrap_or_default();
        PathBuf::from(std::ffi::OsString::from_vec(bytes))
    }
}

/// Adds the stores to the details of an artifact.
pub(super) fn write(artifact: &mut ArtifactRecord, stores: &[StoreRecord]) {
    if let Value::Object(details) = &mut artifact.details {
        details.insert("stores_format".to_owned(), FORMAT.into());
        details.insert("stores".to_owned(), json!(stores));
    }
}

/// The stores of an artifact.
pub(super) fn read(artifact: &ArtifactRecord) -> Result<Vec<StoreRecord>, Failure> {
    let damaged = |problem: String| {
        let text = format!("the record of the artifact `{}` {problem}", artifact.name);
        Failure::new(FailureKind::DamagedSet, text).hint("use another backup set")
    };
    let format = artifact
        .details
        .get("stores_format")
        .and_then(Value::as_u64);
    if format.is_some_and(|format| format > FORMAT) {
        return Err(damaged("was written by a newer upgrade-kit".to_owned())
            .hint("restore with the version of upgrade-kit that wrote the backup set"));
    }
    let stores = artifact.details.get("stores").cloned();
    let stores: Vec<StoreRecord> = serde_json::from_value(stores.unwrap_or_default())
        .map_err(|error| damaged(format!("cannot be read: {error}")))?;
    for store in &stores {
        if store.path != TREE_TOP && SetPath::parse(&store.path).is_err() {
            return Err(damaged(format!(
                "names an impossible path: `{}`",
                store.path
            )));
        }
    }
    Ok(stores)
}

/// What a store directory holds. Nothing, if it is not there or no broker has written into it.
pub(super) fn inventory(directory: &Path) -> Result<StoreInventory, Failure> {
    match read_inventory(directory) {
        Ok(inventory) => Ok(inventory),
        Err(KahadbError::List { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(StoreInventory::default())
        }
        Err(KahadbError::NoJournal { .. }) if is_fresh(directory) => Ok(StoreInventory::default()),
        Err(error @ KahadbError::NoJournal { .. }) => Err(Failure::refused(error.to_string())
            .hint("correct the path of the broker's store in the site")),
        Err(error) => {
            let failure = Failure::new(FailureKind::System, error.to_string());
            Err(match std::error::Error::source(&error) {
                Some(source) => failure.because(source),
                None => failure,
            })
        }
    }
}

/// Whether no broker has stored anything: the directory is empty, or holds its lock only.
fn is_fresh(directory: &Path) -> bool {
    std::fs::read_dir(directory).is_ok_and(|mut entries| {
        entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == LOCK_FILE))
    })
}

/// In what the stores below `top` differ from the recorded ones, a sentence each. `found` are those
/// that are there, whether recorded or not.
pub(super) fn differences(
    top: &Path,
    recorded: &[StoreRecord],
    found: &[PathBuf],
) -> Result<Vec<String>, Failure> {
    let known = recorded.iter().map(StoreRecord::relative);
    let paths: BTreeSet<PathBuf> = known.chain(found.iter().cloned()).collect();
    let nothing = StoreInventory::default();
    let mut sentences = Vec::new();
    for path in paths {
        let of_path = recorded.iter().find(|store| store.relative() == path);
        let expected = of_path.map_or(&nothing, |store| &store.inventory);
        let present = inventory(&below(top, &path))?;
        for sentence in present.difference(expected) {
            sentences.push(if path.as_os_str().is_empty() {
                sentence
            } else {
                format!("{}: {sentence}", path.display())
            });
        }
    }
    Ok(sentences)
}

/// Without a slash at the end where there is nothing to join.
pub(super) fn below(top: &Path, relative: &Path) -> PathBuf {
    if relative.as_os_str().is_empty() {
        top.to_owned()
    } else {
        top.join(relative)
    }
}

/// A failure that lists sentences, the first in its message.
pub(super) fn verification(text: &str, sentences: Vec<String>) -> Failure {
    const NAMED: usize = 10;
    let mut sentences = sentences.into_iter();
    let first = sentences.next().unwrap_or_default();
    let mut failure = Failure::verification(format!("{text}: {first}"));
    let rest = sentences.len();
    failure.0.causes = sentences.take(NAMED).collect();
    if rest > NAMED {
        failure.0.causes.push(format!("and {} more", rest - NAMED));
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Level;

    fn artifact(details: Value) -> ArtifactRecord {
        ArtifactRecord {
            name: "jms/kahadb".to_owned(),
            kind: "kahadb-store".to_owned(),
            files: Vec::new(),
            source: "/work/kahadb".to_owned(),
            source_bytes: 0,
            level: Level::L3,
            details,
        }
    }

    #[test]
    fn a_record_comes_back() {
        let mut artifact = artifact(json!({ "index": "jms/kahadb/tree.jsonl" }));
        let stores = ["", "local host/scheduler"].map(|path| {
            let inventory = StoreInventory {
                scheduled_jobs: 3,
                ..StoreInventory::default()
            };
            StoreRecord::new(Path::new(path), inventory)
        });
        write(&mut artifact, &stores);
        assert_eq!(read(&artifact).unwrap(), stores);
        assert_eq!(stores[0].relative(), PathBuf::new());
        assert_eq!(stores[1].relative(), PathBuf::from("local host/scheduler"));
    }

    #[test]
    fn a_record_that_cannot_be_is_refused() {
        let of = |details| read(&artifact(details)).unwrap_err();
        let newer = of(json!({ "stores_format": 2, "stores": "other" }));
        assert!(newer.to_string().ends_with("newer upgrade-kit"), "{newer}");
        assert_eq!(of(json!({})).kind(), FailureKind::DamagedSet);
        let inventory = StoreInventory::default();
        let stores = json!([{ "path": "../../etc", "inventory": inventory }]);
        let astray = of(json!({ "stores_format": 1, "stores": stores }));
        assert!(astray.to_string().contains("impossible path"), "{astray}");
    }

    #[test]
    fn a_directory_without_a_journal_is_a_store_only_if_it_is_fresh() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path();
        assert_eq!(inventory(&top.join("absent")).unwrap().messages(), 0);
        assert_eq!(inventory(top).unwrap().messages(), 0);
        std::fs::write(top.join("lock"), "").unwrap();
        assert_eq!(inventory(top).unwrap().messages(), 0);
        std::fs::write(top.join("db.data"), "").unwrap();
        assert_eq!(inventory(top).unwrap_err().kind(), FailureKind::Refused);
    }
}
