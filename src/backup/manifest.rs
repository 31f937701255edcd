//! `manifest.json`: what a set holds and how far it is proven.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{ArtifactRecord, Level};

/// The format that this program writes. Readers accept additions; a change that an old reader would
/// misunderstand takes the next number, and old readers refuse it.
pub const FORMAT: u32 = 1;

/// What a set holds. Never a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format.
    pub format: u32,
    /// Id of the set.
    pub set: String,
    /// Name of the site.
    pub site: String,
    /// Product.
    pub product: String,
    /// Versions that the site told (of the product, its server, its database), by name.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    /// Phase of the run that wrote it: `backup`, or `restore` for the safety set of the state that a
    /// restore replaced.
    #[serde(default = "backup_phase")]
    pub phase: String,
    /// Scenario of the backup.
    pub scenario: String,
    /// Id of the run that wrote it.
    pub run: String,
    /// SHA-256 of the run's frozen plan.
    pub plan: String,
    /// Version of the program that wrote it.
    pub program: String,
    /// When it was sealed.
    pub sealed: Timestamp,
    /// Counts the sets of the site as they were sealed, from 1: which one is the newest is not for a clock
    /// to tell, that may be set back. 0 in manifests that are older than the count.
    #[serde(default)]
    pub order: u64,
    /// When the quiet window began from which all its data come.
    #[serde(default)]
    pub window_opened: Option<Timestamp>,
    /// When the quiet window ended.
    #[serde(default)]
    pub window_closed: Option<Timestamp>,
    /// Versions of the tools that wrote it, by step.
    #[serde(default)]
    pub tools: BTreeMap<String, String>,
    /// The level that every artifact reaches.
    pub level: Level,
    /// Its artifacts, sorted by name.
    pub artifacts: Vec<ArtifactRecord>,
}

fn backup_phase() -> String {
    "backup".to_owned()
}

impl Manifest {
    /// Whether it is the safety set of a restore, which nothing but an operator's word may choose.
    pub fn is_safety_set(&self) -> bool {
        self.phase != "backup"
    }

    /// The artifact of that name.
    pub fn artifact(&self, name: &str) -> Option<&ArtifactRecord> {
        self.artifacts.iter().find(|artifact| artifact.name == name)
    }
}
