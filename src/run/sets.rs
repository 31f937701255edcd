//! The backup sets of a run.

use crate::backup::{BackupError, PartialSet, SealedSet};
use crate::event::{RunState, StepState, StepStatus};
use crate::plan::Plan;

/// The sets that a run's steps work on.
#[derive(Debug)]
pub(super) struct Sets {
    /// The set that the run writes; its id is the run's.
    pub(super) writing: Option<PartialSet>,
    /// The set that the run uses.
    pub(super) using: Option<SealedSet>,
}

impl Sets {
    /// Opens the set that the plan uses, if it uses one.
    pub(super) fn used_by(plan: &Plan) -> Result<Self, BackupError> {
        let id = plan.uses_set.as_deref();
        Ok(Self {
            writing: None,
            using: id
                .map(|id| SealedSet::open(&plan.backups, id))
                .transpose()?,
        })
    }

    /// Begins the set that the run writes, if it writes one, or goes on with it: a run may have been
    /// killed before or after it began its set.
    pub(super) fn begin(mut self, plan: &Plan, run: &str) -> Result<Self, BackupError> {
        if plan.writes_set {
            let set = match PartialSet::create(&plan.backups, run) {
                Err(BackupError::Exists { .. }) => PartialSet::open(&plan.backups, run),
                created => created,
            };
            self.writing = Some(set?);
        }
        Ok(self)
    }

    /// Finished steps whose artifacts are not what was recorded, and what is wrong. A set that has
    /// its name was durable before it got it.
    pub(super) fn lost(&self, state: &RunState) -> Vec<(String, String)> {
        let Some(set) = self.writing.as_ref().filter(|set| !set.is_sealed()) else {
            return Vec::new();
        };
        let lost = |step: &StepState| {
            let StepStatus::Done { outcome, .. } = &step.status else {
                return None;
            };
            let mut artifacts = outcome.artifacts.iter();
            let problem = artifacts.find_map(|artifact| set.recheck(artifact).err())?;
            Some((step.card.id.clone(), problem.to_string()))
        };
        state.steps.iter().filter_map(lost).collect()
    }

    /// Id of the set that is written.
    pub(super) fn written(&self) -> Option<String> {
        self.writing.as_ref().map(|set| set.id().to_owned())
    }
}
