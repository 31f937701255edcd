//! What a schema holds, and what an artifact's `details` say of it: all that a restore needs to bring a
//! schema back and to prove it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::adapter::Failure;
use crate::adapter::database::{Counts, record_of};
use crate::event::{ArtifactRecord, total};

/// `kind` of the artifacts of this room.
pub(super) const KIND: &str = "oracle-dump";

/// The format that is written. A reader accepts additions and refuses a higher number.
pub(super) const FORMAT: u32 = 1;

/// One object of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRecord {
    /// `TABLE`, `VIEW`, `PACKAGE BODY` …, as the dictionary says it.
    pub kind: String,
    /// Name.
    pub name: String,
    /// `VALID` or `INVALID`.
    pub status: String,
    /// What can be told of the definition without its words: columns, a sum over the source, a view's
    /// length, a sequence's number. Empty if nothing.
    #[serde(default)]
    pub definition: String,
}

/// What a table contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Rows, counted.
    pub rows: u64,
    /// The highest system change number of its blocks (`ORA_ROWSCN`): another one means that something
    /// was committed in between. Means nothing in another database or after a restore.
    pub change: String,
}

/// What a schema holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Its objects, without those whose names the database made.
    pub objects: Vec<ObjectRecord>,
    /// What each table contained, by name.
    pub contents: BTreeMap<String, Contents>,
}

impl Inventory {
    /// Rows of all tables.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            rows: total(self.contents.values().map(|contents| contents.rows)),
            tables: self.contents.len(),
        }
    }
}

/// What is known of a dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpRecord {
    /// Version of this record: `1`.
    pub format: u32,
    /// The schema.
    pub schema: String,
    /// Version of its database.
    pub server_version: String,
    /// Account that exported.
    pub account: String,
    /// What the account could do, if it is the schema itself: system privileges and roles.
    #[serde(default)]
    pub grants: BTreeSet<String>,
    /// What the schema held.
    pub inventory: Inventory,
    /// Size of the dump file before compression.
    pub dump_bytes: u64,
    /// Lines of a shell that restore the dump without this program, for `RESTORE.md`.
    #[serde(default)]
    pub by_hand: Vec<String>,
}

impl DumpRecord {
    /// The record of an artifact.
    pub(super) fn of(artifact: &ArtifactRecord) -> Result<Self, Failure> {
        record_of(artifact, KIND, FORMAT)
    }
}
