//! What a backup set remembers of exported messages.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use serde::{Deserialize, Serialize};

use crate::backup::SealedSet;
use crate::event::{ArtifactFile, ArtifactRecord};

/// Kind of the artifact.
pub(super) const KIND: &str = "weblogic-jms";

/// Version of the record.
pub(super) const FORMAT: u32 = 1;

/// What held messages: a queue, a member of a distributed one, or a durable subscriber of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    pub(super) server: String,
    pub(super) jms_server: String,
    /// What stands before the `@` of a distributed member's name; empty otherwise.
    pub(super) member: String,
    /// Full name at run time: `module!jmsServer@queue`.
    pub(super) name: String,
    /// Name of the destination in its module.
    pub(super) queue: String,
    pub(super) jndi: Option<String>,
    /// Client id and name of a durable subscriber; empty for a queue.
    pub(super) client: String,
    pub(super) subscription: String,
    pub(super) selector: Option<String>,
    pub(super) no_local: u8,
    /// Its file: in a result, relative to the step's directory; in a set, relative to the set.
    pub(super) file: String,
}

impl Holder {
    /// For messages.
    pub(super) fn label(&self) -> String {
        let subscriber = match self.subscription.as_str() {
            "" => String::new(),
            name => format!(" (subscriber {name} of {})", self.client),
        };
        format!(
            "{}{subscriber} of {} on {}",
            self.name, self.jms_server, self.server
        )
    }
}

/// A holder with its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HolderRecord {
    pub(super) holder: Holder,
    pub(super) messages: u64,
    pub(super) delayed: u64,
}

/// The details of the artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JmsRecord {
    pub(super) format: u32,
    pub(super) module: String,
    /// The file with one line a message. Not `index`, which names the index of a tree.
    pub(super) message_index: String,
    pub(super) holders: Vec<HolderRecord>,
    pub(super) by_hand: Vec<String>,
}

/// A line of the index: a message in the file of a holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IndexLine {
    /// Number of the holder in the record, from 0. Lines are in the order of holders and places.
    pub(super) holder: usize,
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) id: String,
    pub(super) fingerprint: String,
    pub(super) expiration: u64,
}

/// An artifact, read: its record and the messages of each holder.
pub(super) struct Exported<'a> {
    pub(super) record: JmsRecord,
    pub(super) messages: Vec<Vec<IndexLine>>,
    files: BTreeMap<&'a str, &'a ArtifactFile>,
}

impl<'a> Exported<'a> {
    /// Reads record and index; their numbers must agree.
    pub(super) fn read(set: &SealedSet, artifact: &'a ArtifactRecord) -> Result<Self, String> {
        let record: JmsRecord = serde_json::from_value(artifact.details.clone())
            .map_err(|error| format!("its record cannot be read: {error}"))?;
        if record.format > FORMAT {
            return Err("a newer version of upgrade-kit wrote it".to_owned());
        }
        let files: BTreeMap<_, _> = artifact
            .files
            .iter()
            .map(|file| (file.path.as_str(), file))
            .collect();
        let mut exported = Self {
            messages: vec![Vec::new(); record.holders.len()],
            record,
            files,
        };
        let reader = set
            .reader(exported.file(&exported.record.message_index)?)
            .map_err(|error| error.to_string())?;
        for line in BufReader::new(reader).lines() {
            let line = line.map_err(|error| error.to_string())?;
            let line: IndexLine = serde_json::from_str(&line)
                .map_err(|error| format!("{}: {error}", exported.record.message_index))?;
            match exported.messages.get_mut(line.holder) {
                Some(messages) => messages.push(line),
                None => {
                    return Err(format!(
                        "{}: holder {}",
                        exported.record.message_index, line.holder
                    ));
                }
            }
        }
        for (one, messages) in exported.record.holders.iter().zip(&exported.messages) {
            if one.messages != messages.len() as u64 {
                return Err(format!(
                    "{}: {} messages are recorded and {} indexed",
                    one.holder.label(),
                    one.messages,
                    messages.len()
                ));
            }
        }
        Ok(exported)
    }

    /// The file of that path in the set.
    pub(super) fn file(&self, path: &str) -> Result<&'a ArtifactFile, String> {
        self.files
            .get(path)
            .copied()
            .ok_or_else(|| format!("it has no file {path}"))
    }
}
