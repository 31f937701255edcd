//! What an artifact's `details` hold: all that a restore needs to bring a database back and to prove it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::properties::Properties;
use crate::adapter::Failure;
use crate::adapter::database::{Counts, record_of};
use crate::event::{ArtifactRecord, total};

/// `kind` of the artifacts of this room.
pub(super) const KIND: &str = "postgres-dump";

/// The format that is written. A reader accepts additions and refuses a higher number.
pub(super) const FORMAT: u32 = 1;

/// What a table, a sequence or all large objects contain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Rows, counted.
    pub rows: u64,
    /// The sum of each row's MD5 (its first 60 bits) as a number; of a sequence its last value.
    pub checksum: String,
}

/// What is known of a dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpRecord {
    /// Version of this record: `1`.
    pub format: u32,
    /// The database.
    pub database: String,
    /// `server_version` of its server.
    pub server_version: String,
    /// `server_version_num` of its server.
    pub server_number: u32,
    /// Program that wrote the dump, from the dump's first lines.
    pub tool: String,
    /// How the database is created.
    pub properties: Properties,
    /// SHA-256 of every definition in the dump, by kind and name.
    pub definitions: BTreeMap<String, String>,
    /// What each table and sequence contained, by name.
    pub contents: BTreeMap<String, Contents>,
    /// Roles that own something in it.
    pub owners: BTreeSet<String>,
    /// Extensions.
    pub extensions: BTreeSet<String>,
    /// Lines of a shell that restore the dump without this program, for `RESTORE.md`.
    #[serde(default)]
    pub by_hand: Vec<String>,
}

impl DumpRecord {
    /// The record of an artifact.
    pub(super) fn of(artifact: &ArtifactRecord) -> Result<Self, Failure> {
        record_of(artifact, KIND, FORMAT)
    }

    /// Rows of all tables, and tables, partitioned ones included.
    pub(super) fn counts(&self) -> Counts {
        let tables = self.definitions.keys();
        Counts {
            rows: total(self.contents.values().map(|contents| contents.rows)),
            tables: tables.filter(|name| name.starts_with("TABLE ")).count(),
        }
    }
}
