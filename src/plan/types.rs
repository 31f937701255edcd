//! The frozen plan, as it is shown, stored in the run's directory and executed.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::adapter::{Effect, PreviewLine};
use crate::diagnostic::SourceFile;
use crate::event::{Because, Mark, StepCard};

/// The three things that can be done to a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Save everything that a restore needs.
    Backup,
    /// Go to the new version.
    Upgrade,
    /// Bring back what a backup set holds.
    Restore,
}

impl Phase {
    /// `backup`, `upgrade` or `restore`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Upgrade => "upgrade",
            Self::Restore => "restore",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a failed step means for the rest.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// No new steps start (unless `--keep-going`).
    #[default]
    Stop,
    /// Steps that do not come after it still run; the run ends as failed.
    Continue,
}

/// How often a failed step is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// Pause before the second attempt, in milliseconds.
    pub delay_ms: u64,
    /// Factor by which each further pause grows.
    pub backoff: f64,
}

/// A document that the plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunbookFile {
    /// Name (`domibus/same-server`) or path.
    pub name: String,
    /// SHA-256 of its text, hex.
    pub sha256: String,
}

impl RunbookFile {
    /// Of a document that was read.
    pub fn of(source: &SourceFile) -> Self {
        use sha2::Digest;
        Self {
            name: source.name().to_owned(),
            sha256: hex(&sha2::Sha256::digest(source.text().as_bytes())),
        }
    }
}

/// One step or fan-out instance of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// `id` or `id[item]`.
    pub id: String,
    /// Id of the step in the runbook.
    pub step: String,
    /// Name of the item, for an instance of a fan-out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Title for people.
    pub title: String,
    /// The part that it comes from.
    pub part: String,
    /// Instructions of the source documents that it carries out.
    #[serde(default)]
    pub source: Vec<String>,
    /// Name of the action.
    pub action: String,
    /// Resolved options. Only `${ steps.… }` may still stand in them.
    pub options: Map<String, Value>,
    /// Steps it comes after: positions in [`Plan::steps`], ascending. Every position is smaller
    /// than the step's own, so plan order is an order of execution.
    pub after: Vec<usize>,
    /// The machine.
    pub host: String,
    /// Time limit of one attempt in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Further attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// What its failure means.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// Its failure is a warning: later steps run all the same.
    #[serde(default)]
    pub optional: bool,
    /// What repeating it means.
    pub effect: Effect,
    /// What it means for the maintenance window.
    #[serde(default)]
    pub marks: Vec<Mark>,
    /// How many instances of the same fan-out may run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<usize>,
    /// The queue in which its item takes its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Why it will not run. It stays in the graph, so that order through it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<Because>,
    /// What it will do, to the argument.
    #[serde(default)]
    pub preview: Vec<PreviewLine>,
}

/// A frozen step graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of this format: `1`. Readers accept additions and refuse a higher number.
    pub format: u32,
    /// Version of the program that made it.
    pub program: String,
    /// Name of the site.
    pub site: String,
    /// Product.
    pub product: String,
    /// Scenario.
    pub scenario: String,
    /// Phase.
    pub phase: Phase,
    /// The runbook's name.
    pub runbook: String,
    /// Every document that it was made from.
    pub documents: Vec<RunbookFile>,
    /// The backup set that it uses (upgrade, restore).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_set: Option<String>,
    /// Whether it writes a backup set of its own.
    #[serde(default)]
    pub writes_set: bool,
    /// Where backup sets of this site are: `<backups>/<site>`.
    pub backups: PathBuf,
    /// Where runs of this site are: `<state>/<site>`.
    pub state: PathBuf,
    /// The resolved site, as expressions saw it.
    pub values: Value,
    /// Steps; every step stands after those it comes after.
    pub steps: Vec<PlannedStep>,
}

impl Plan {
    /// The cards of all steps, for `RunStarted`.
    pub fn cards(&self) -> Vec<StepCard> {
        self.steps
            .iter()
            .map(|step| StepCard {
                id: step.id.clone(),
                title: step.title.clone(),
                action: step.action.clone(),
                after: step
                    .after
                    .iter()
                    .map(|&at| self.steps[at].id.clone())
                    .collect(),
                left_out: step.left_out.clone(),
                marks: step.marks.clone(),
                optional: step.optional,
            })
            .collect()
    }

    /// SHA-256 of the plan's JSON, hex.
    pub fn digest(&self) -> String {
        use sha2::Digest;
        let json = serde_json::to_vec(self).unwrap_or_default();
        hex(&sha2::Sha256::digest(&json))
    }
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            _ = write!(text, "{byte:02x}");
            text
        })
}
