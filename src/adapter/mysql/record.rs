//! What an artifact's `details` hold: all that a restore needs to bring a schema back and to prove it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::connection::Family;
use crate::adapter::Failure;
use crate::adapter::database::{Counts, record_of};
use crate::event::{ArtifactRecord, total};

/// `kind` of the artifacts of this room.
pub(super) const KIND: &str = "mysql-dump";

/// The format that is written. A reader accepts additions and refuses a higher number.
pub(super) const FORMAT: u32 = 1;

/// What a schema can hold beside tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A base table. Not an object of its own in a record; named in differences.
    Table,
    /// A sequence (MariaDB). Recorded among the tables, as the server lists it.
    Sequence,
    /// A view.
    View,
    /// A stored procedure.
    Procedure,
    /// A stored function.
    Function,
    /// The head of a package (MariaDB).
    Package,
    /// The body of a package (MariaDB).
    PackageBody,
    /// A trigger.
    Trigger,
    /// An event.
    Event,
}

impl ObjectKind {
    /// As statements name it, in lower case.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Sequence => "sequence",
            Self::View => "view",
            Self::Procedure => "procedure",
            Self::Function => "function",
            Self::Package => "package",
            Self::PackageBody => "package body",
            Self::Trigger => "trigger",
            Self::Event => "event",
        }
    }
}

/// A table's or sequence's definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRecord {
    /// Name.
    pub name: String,
    /// [`ObjectKind::Table`] or [`ObjectKind::Sequence`].
    pub kind: ObjectKind,
    /// Storage engine.
    pub engine: String,
    /// Number of columns.
    pub columns: u64,
    /// Columns of type FLOAT: the dump programs write six digits of them, the last bits are lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub floats: Vec<String>,
    /// Columns whose values are summed row by row in place of `CHECKSUM TABLE`; see
    /// `Contents::checksum`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub summed: Vec<String>,
    /// SHA-256 of what `SHOW CREATE` tells, hex.
    pub definition: String,
}

/// A view's, routine's, trigger's or event's definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRecord {
    /// Kind.
    pub kind: ObjectKind,
    /// Name.
    pub name: String,
    /// Account in whose name it acts, `user@host`.
    pub definer: String,
    /// An event that happens once and is gone then: the server drops it at creation if its time has
    /// passed.
    #[serde(default)]
    pub once: bool,
    /// SHA-256 of what `SHOW CREATE` tells, hex.
    pub definition: String,
}

/// What a schema holds, without its rows. Sorted by kind and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// `SHOW CREATE DATABASE`: creates the schema with its character set, collation, encryption and
    /// comment.
    pub create: String,
    /// Default character set of the schema.
    pub character_set: String,
    /// Default collation of the schema.
    pub collation: String,
    /// Tables and sequences.
    pub tables: Vec<TableRecord>,
    /// Everything else.
    pub objects: Vec<ObjectRecord>,
}

/// What a table contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Rows, counted.
    pub rows: u64,
    /// `CHECKSUM TABLE`, comparable within one family of servers; or a sum over the rows, for tables
    /// where that is not reproducible: MariaDB takes unset memory for generated columns, and a FLOAT
    /// loses its last bits in a dump while its six shown digits stay.
    pub checksum: String,
}

/// What is known of a dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpRecord {
    /// Version of this record: `1`.
    pub format: u32,
    /// The schema.
    pub schema: String,
    /// Family of its server.
    pub family: Family,
    /// `VERSION()` of its server.
    pub server_version: String,
    /// Program that wrote the dump, from the dump's first lines.
    pub tool: String,
    /// What the schema held.
    pub inventory: Inventory,
    /// What each table contained, by name.
    pub contents: BTreeMap<String, Contents>,
    /// Bytes of the longest line: a server's `max_allowed_packet` must be larger.
    pub longest_line: u64,
    /// Lines of a shell that restore the dump without this program, for `RESTORE.md`.
    #[serde(default)]
    pub by_hand: Vec<String>,
}

impl DumpRecord {
    /// The record of an artifact.
    pub(super) fn of(artifact: &ArtifactRecord) -> Result<Self, Failure> {
        record_of(artifact, KIND, FORMAT)
    }

    /// Rows of all tables, and tables.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            rows: total(self.contents.values().map(|contents| contents.rows)),
            tables: self.inventory.tables.len(),
        }
    }
}
