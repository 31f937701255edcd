//! What a backup set remembers of an export.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::digest::digest_of_set;
use super::contents::Contents;
use crate::adapter::Failure;
use crate::backup::SealedSet;
use crate::event::{ArtifactFile, ArtifactRecord, FailureKind};

/// The kind of the artifact.
pub(super) const KIND: &str = "artemis-export";

/// Version of the record. A reader accepts additions and refuses a higher number.
pub(super) const FORMAT: u32 = 1;

/// The details of the artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ExportRecord {
    pub(super) export_format: u32,
    /// Messages; one that is in two queues counts once.
    pub(super) messages: u64,
    /// By queue.
    pub(super) queues: BTreeMap<String, QueueRecord>,
    /// Tabs and line ends that were written so that a reader keeps them.
    pub(super) mended: u64,
    /// Lines for `RESTORE.md`.
    pub(super) by_hand: Vec<String>,
}

/// The messages of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct QueueRecord {
    pub(super) messages: u64,
    /// As [`ArtemisQueue::ids_sha256`](super::super::ArtemisQueue::ids_sha256).
    pub(super) ids_sha256: String,
    pub(super) large: u64,
}

/// By queue, as a record has it.
pub(super) fn queues(contents: &Contents) -> BTreeMap<String, QueueRecord> {
    let queues = contents.queues().into_iter();
    let record = queues.map(|(name, queue)| {
        let record = QueueRecord {
            messages: queue.ids.len() as u64,
            large: queue.large,
            ids_sha256: digest_of_set(queue.ids),
        };
        (name, record)
    });
    record.collect()
}

impl ExportRecord {
    /// In what an export differs from the recorded one.
    pub(super) fn difference(&self, contents: &Contents) -> Option<String> {
        let found = queues(contents);
        if found == self.queues && contents.messages.len() as u64 == self.messages {
            return None;
        }
        let differs = |name: &&String| found.get(*name) != self.queues.get(*name);
        let names = found.keys().chain(self.queues.keys());
        let name = names.into_iter().find(differs).map_or("", String::as_str);
        Some(format!(
            "its messages of queue {name} are not the recorded ones"
        ))
    }
}

/// The artifact of a set with its record and its one file.
pub(super) fn exported<'a>(
    set: &'a SealedSet,
    name: &str,
) -> Result<(ExportRecord, &'a ArtifactFile), Failure> {
    let artifact = set.artifact(name).filter(|artifact| artifact.kind == KIND);
    let artifact = artifact.ok_or_else(|| {
        Failure::refused(format!("the set {} has no export `{name}`", set.id()))
            .hint("use a set whose backup exported the messages: that of scenario new-server does")
    })?;
    read(artifact).map_err(|problem| {
        let text = format!("the record of the artifact `{name}` {problem}");
        Failure::new(FailureKind::DamagedSet, text).hint("use another backup set")
    })
}

/// The record and the file of an artifact; else what is wrong with them.
pub(super) fn read(artifact: &ArtifactRecord) -> Result<(ExportRecord, &ArtifactFile), String> {
    let format = artifact.details.get("export_format");
    if format
        .and_then(serde_json::Value::as_u64)
        .is_some_and(|format| format > FORMAT.into())
    {
        return Err("was written by a newer upgrade-kit".to_owned());
    }
    let record = serde_json::from_value(artifact.details.clone())
        .map_err(|error| format!("cannot be read: {error}"))?;
    match artifact.files.as_slice() {
        [file] => Ok((record, file)),
        files => Err(format!("names {} files instead of one", files.len())),
    }
}
