//! What every dump and restore of a database tells: rows and tables, and what was written.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::adapter::{Failure, OutputKind, OutputSpec};
use crate::event::{ArtifactFile, ArtifactRecord, FailureKind, Level, Outcome};

/// Output: rows of all tables.
pub(in crate::adapter) const ROWS: OutputSpec = OutputSpec {
    name: "rows",
    kind: OutputKind::Number,
    about: "rows of all tables",
};

/// Output: tables.
pub(in crate::adapter) const TABLES: OutputSpec = OutputSpec {
    name: "tables",
    kind: OutputKind::Number,
    about: "tables",
};

/// Outputs of a dump program's step.
pub(in crate::adapter) const DUMP_OUTPUTS: &[OutputSpec] = &[
    ROWS,
    TABLES,
    OutputSpec {
        name: "bytes",
        kind: OutputKind::Number,
        about: "bytes of the dump before compression",
    },
    OutputSpec {
        name: "tool_version",
        kind: OutputKind::Text,
        about: "program that wrote the dump, and its version",
    },
];

/// Rows and tables of a database.
#[derive(Clone, Copy)]
pub(in crate::adapter) struct Counts {
    pub(in crate::adapter) rows: u64,
    pub(in crate::adapter) tables: usize,
}

impl Counts {
    fn outputs(self) -> Map<String, Value> {
        let mut outputs = Map::new();
        outputs.insert("rows".to_owned(), self.rows.into());
        outputs.insert("tables".to_owned(), self.tables.into());
        outputs
    }

    fn words(self) -> String {
        format!("{} rows in {} tables", self.rows, self.tables)
    }

    /// The outcome of a restore that was compared with its record.
    pub(in crate::adapter) fn restored(self, warnings: Vec<String>) -> Outcome {
        Outcome {
            outputs: self.outputs(),
            artifacts: Vec::new(),
            warnings,
            summary: format!("{}, all as recorded", self.words()),
        }
    }
}

/// A dump that was proven complete.
pub(in crate::adapter) struct Dumped<'a, R> {
    /// Name of the artifact.
    pub(in crate::adapter) name: String,
    /// Kind of the artifact.
    pub(in crate::adapter) kind: &'a str,
    /// Its files.
    pub(in crate::adapter) files: Vec<ArtifactFile>,
    /// What was dumped, for people.
    pub(in crate::adapter) source: String,
    /// Bytes before compression.
    pub(in crate::adapter) bytes: u64,
    /// What wrote it.
    pub(in crate::adapter) tool: String,
    /// What was in it.
    pub(in crate::adapter) counts: Counts,
    /// What a restore needs to know.
    pub(in crate::adapter) record: &'a R,
}

impl<R: Serialize> Dumped<'_, R> {
    /// The outcome of its step.
    pub(in crate::adapter) fn outcome(self, warnings: Vec<String>) -> Result<Outcome, Failure> {
        let details = serde_json::to_value(self.record).map_err(|error| {
            Failure::new(FailureKind::Internal, "cannot write the record").because(&error)
        })?;
        let mut outputs = self.counts.outputs();
        outputs.insert("bytes".to_owned(), self.bytes.into());
        outputs.insert("tool_version".to_owned(), self.tool.into());
        Ok(Outcome {
            outputs,
            artifacts: vec![ArtifactRecord {
                name: self.name,
                kind: self.kind.to_owned(),
                files: self.files,
                source: self.source,
                source_bytes: self.bytes,
                level: Level::L3,
                details,
            }],
            warnings,
            summary: self.counts.words(),
        })
    }
}

/// What was dumped is no one moment's state: what changed meanwhile, a sentence each.
pub(in crate::adapter) fn used_meanwhile(name: &str, changes: &[String]) -> Failure {
    let mut changes = changes.iter();
    let first = changes.next().map_or("", String::as_str);
    let message = format!("`{name}` was used while it was dumped: {first}");
    let mut failure = Failure::verification(message);
    failure.0.causes = changes.take(8).cloned().collect();
    failure.hint("stop the application and whatever else writes, then try again")
}
