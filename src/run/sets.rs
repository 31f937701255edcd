//! The backup sets of a run.

use super::error::RunError;
use crate::backup::{PartialSet, SealedSet};
use crate::plan::Plan;

/// The sets that a run's steps work on.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// For `RunStarted`: the set that is written, else the one that is used.
    pub(super) id: Option<String>,
    /// The set that the run writes; its id is the run's.
    pub(super) writing: Option<PartialSet>,
    /// The set that the run uses.
    pub(super) using: Option<SealedSet>,
}

impl Sets {
    /// The sets of a new run.
    pub(super) fn create(plan: &Plan, run: &str) -> Result<Self, RunError> {
        Ok(Self {
            id: plan
                .writes_set
                .then(|| run.to_owned())
                .or_else(|| plan.uses_set.clone()),
            writing: None,
            using: None,
        })
    }
}
