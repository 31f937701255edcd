//! How a step or a run ended, and what it left behind.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How far an artifact is proven. Ordered: a higher level includes the lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// The files exist.
    L0,
    /// Their hashes match what was recorded while they were written.
    L1,
    /// Their formats are complete: trailers, checksums, archive ends.
    L2,
    /// Their contents were counted (rows, messages) against the source.
    L3,
    /// They were restored to a scratch place and compared.
    L4,
}

/// The sum of what records tell. They may lie: a sum that is too large is the largest number.
pub fn total(counts: impl IntoIterator<Item = u64>) -> u64 {
    counts.into_iter().fold(0, u64::saturating_add)
}

/// One artifact of a backup set, as the step that wrote it describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArtifactRecord {
    /// Unique in the set: `jms`, `database/domibus_a`, `config`.
    pub name: String,
    /// What restores it: `tree`, `mysql-dump`, `kahadb-store`, `file`.
    pub kind: String,
    /// Files of the artifact, relative to the set's directory, with `/` separators.
    pub files: Vec<ArtifactFile>,
    /// Absolute path or address that the artifact was taken from, for people and for restore.
    pub source: String,
    /// Bytes at the source (before compression).
    pub source_bytes: u64,
    /// How far it is proven.
    pub level: Level,
    /// What its kind needs to restore and compare it (inventories, counts, character sets).
    pub details: Value,
}

/// A file inside a backup set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactFile {
    /// Path relative to the set's directory. Bytes that are not UTF-8 are written as `\xNN`, a
    /// backslash as `\\`.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, lower-case hex.
    pub sha256: String,
}

/// Why something did not happen. Every non-success names its cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// The part's or step's `when:` was false; the text of the expression.
    WhenFalse(String),
    /// The operator left it out with `--skip`.
    SkippedByOperator,
    /// It comes before the step named with `--start-at`.
    BeforeStart(String),
    /// A site overlay disabled it; the reason that it gives.
    Disabled(String),
    /// `for_each` had no items.
    NoItems,
    /// A step it comes after failed.
    UpstreamFailed(String),
    /// The run was stopped before it could start.
    RunStopped,
    /// An earlier failure stopped the run (no `--keep-going`).
    RunFailed(String),
    /// A gate was answered with no.
    Declined(String),
    /// The reason of a newer version of the program.
    #[serde(other)]
    Unknown,
}

impl Because {
    /// Whether a step has no place in this run at all: its condition does not hold for the site, or
    /// there is nothing to do it for. Plans say so; a report of a run has nothing to tell of it.
    pub fn does_not_apply(&self) -> bool {
        matches!(self, Self::WhenFalse(_) | Self::NoItems)
    }
}

/// The family of a failure: decides the exit code and whether a retry makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// A tool ended with a failure or said so in its output.
    Tool,
    /// The tool claimed success but the state read back says otherwise.
    Verification,
    /// The step refused to act because a precondition does not hold.
    Refused,
    /// The time limit passed.
    Timeout,
    /// The run was stopped while the step worked; it can be resumed.
    Stopped,
    /// A file or system operation failed.
    System,
    /// A backup set is damaged or does not fit.
    DamagedSet,
    /// The outcome is not known and only a person can tell (after a crash).
    NeedsOperator,
    /// A fault of the program itself.
    Internal,
    /// A kind of a newer version of the program.
    #[serde(other)]
    Unknown,
}

/// A failed step, as the operator reads it: what happened, where, what to do next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailureReport {
    /// The family.
    pub kind: FailureKind,
    /// What happened, one sentence fragment without a final period.
    pub message: String,
    /// Causes, outermost first.
    #[serde(default)]
    pub causes: Vec<String>,
    /// The command that was run, secrets masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// How the tool ended (`exit code 2`, `killed by signal 9`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<String>,
    /// Last lines of the tool's error output, masked and capped.
    #[serde(default)]
    pub stderr: Vec<String>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// How an attempt at a step ended well.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Values that later steps may read as `${ steps.ID.NAME }`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub outputs: Map<String, Value>,
    /// What it put into the backup set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactRecord>,
    /// Things that the operator should know although the step succeeded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// One line for the operator: `42 messages in 4 queues`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// Every step that was to run is done.
    Done,
    /// At least one step failed.
    Failed,
    /// Stopped by a signal; `resume` continues.
    Interrupted,
    /// A gate waits for a person; `resume` continues.
    Waiting,
    /// An outcome of a newer version of the program.
    #[serde(other)]
    Unknown,
}
