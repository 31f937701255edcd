//! What a backup set remembers of a store, and how it is held against directories.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::error::ArtemisError;
use super::inventory::ArtemisInventory;
use super::places::{Places, Role};
use super::reader::{Directories, read_inventory};
use crate::adapter::Failure;
use crate::backup::SealedSet;
use crate::event::{ArtifactRecord, FailureKind};

/// The format of these details. A reader accepts additions and refuses a higher number.
const FORMAT: u64 = 1;

/// Adds what the store holds to the details of the artifact with its journal.
pub(super) fn write(artifact: &mut ArtifactRecord, inventory: &ArtemisInventory) {
    if let Value::Object(details) = &mut artifact.details {
        details.insert("store_format".to_owned(), FORMAT.into());
        details.insert("store".to_owned(), json!(inventory));
    }
}

/// What the store held, from the artifact with its journal.
pub(super) fn read(artifact: &ArtifactRecord) -> Result<ArtemisInventory, Failure> {
    let damaged = |problem: String| {
        let text = format!("the record of the artifact `{}` {problem}", artifact.name);
        Failure::new(FailureKind::DamagedSet, text).hint("use another backup set")
    };
    let format = artifact.details.get("store_format").and_then(Value::as_u64);
    if format.is_some_and(|format| format > FORMAT) {
        return Err(damaged("was written by a newer upgrade-kit".to_owned())
            .hint("restore with the version of upgrade-kit that wrote the backup set"));
    }
    let store = artifact.details.get("store").cloned();
    serde_json::from_value(store.unwrap_or_default())
        .map_err(|error| damaged(format!("cannot be read: {error}")))
}

/// The record of the artifact with the journal.
pub(super) fn journal_of<'a>(
    set: &'a SealedSet,
    artifact: &str,
) -> Result<&'a ArtifactRecord, Failure> {
    let name = Role::Journal.artifact(artifact);
    set.artifact(&name).ok_or_else(|| {
        Failure::refused(format!("the set {} has no artifact `{name}`", set.id()))
            .hint("use a set whose backup saved the messages")
    })
}

/// What directories hold.
pub(in crate::adapter) fn inventory(
    directories: &Directories<'_>,
) -> Result<ArtemisInventory, Failure> {
    read_inventory(directories).map_err(|error| match error {
        ArtemisError::Foreign { .. } => Failure::refused(error.to_string())
            .hint("correct the paths of the broker's directories in the site"),
        error => {
            let failure = Failure::new(FailureKind::System, error.to_string());
            match std::error::Error::source(&error) {
                Some(source) => failure.because(source),
                None => failure,
            }
        }
    })
}

/// Where a set, written or being written, keeps the copies of a broker's directories.
pub(super) fn in_set(set: &std::path::Path, artifact: &str) -> Places {
    let content = |role: Role| -> PathBuf { set.join(role.artifact(artifact)).join("content") };
    Places {
        journal: content(Role::Journal),
        bindings: content(Role::Bindings),
        paging: content(Role::Paging),
        large_messages: content(Role::LargeMessages),
        transactions: None,
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
            name: "jms/journal".to_owned(),
            kind: "artemis-store".to_owned(),
            files: Vec::new(),
            source: "/data/journal".to_owned(),
            source_bytes: 0,
            level: Level::L3,
            details,
        }
    }

    #[test]
    fn a_record_comes_back() {
        let mut artifact = artifact(json!({ "index": "jms/journal/tree.jsonl" }));
        let inventory = ArtemisInventory {
            prepared_transactions: 3,
            ..ArtemisInventory::default()
        };
        write(&mut artifact, &inventory);
        assert_eq!(read(&artifact).unwrap(), inventory);
    }

    #[test]
    fn a_record_that_cannot_be_is_refused() {
        let of = |details| read(&artifact(details)).unwrap_err();
        let newer = of(json!({ "store_format": 2, "store": "other" }));
        assert!(newer.to_string().ends_with("newer upgrade-kit"), "{newer}");
        assert_eq!(of(json!({})).kind(), FailureKind::DamagedSet);
    }
}
