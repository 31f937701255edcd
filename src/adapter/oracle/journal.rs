//! The job of a step, kept in its scratch directory across interruptions. Written before the job is
//! started, so that a job that lives on in the database is found by its name.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::record::Inventory;
use crate::adapter::{Failure, StepContext};
use crate::backup::hex;
use crate::event::FailureKind;
use crate::host::Host;

const NAME: &str = "job.json";

/// An inventory of ten thousand tables is far smaller.
const LIMIT: u64 = 64 * 1024 * 1024;

/// A job that was begun, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JobJournal {
    /// Counts the attempts of the step; every one has names of its own.
    pub(super) attempt: u32,
    /// `JOB_NAME`
    pub(super) job: String,
    /// What the schema held before.
    #[serde(default)]
    pub(super) before: Inventory,
}

impl JobJournal {
    /// What the step's scratch directory holds.
    pub(super) fn read(host: &dyn Host, scratch: &Path) -> Result<Option<Self>, Failure> {
        let path = scratch.join(NAME);
        if host.stat(&path)?.is_none() {
            return Ok(None);
        }
        let journal = serde_json::from_slice(&host.read(&path, LIMIT)?).map_err(|error| {
            let text = format!("{} is no journal of a job", path.display());
            Failure::new(FailureKind::NeedsOperator, text).because(&error)
        })?;
        Ok(Some(journal))
    }

    /// On disk when it returns.
    pub(super) fn write(&self, context: &StepContext<'_>) -> Result<(), Failure> {
        let path = context.make_scratch()?.join(NAME);
        let text = serde_json::to_vec_pretty(self).map_err(|error| {
            let text = "cannot write the journal of the job";
            Failure::new(FailureKind::Internal, text).because(&error)
        })?;
        Ok(context.host.write_atomic(&path, &text, 0o600)?)
    }

    /// The next attempt, with names that no other run, step or attempt has. 30 bytes are the longest name
    /// of a table, and so of a job, before 12.2.
    pub(super) fn next(context: &StepContext<'_>, before: Inventory, last: Option<&Self>) -> Self {
        let attempt = last.map_or(1, |journal| journal.attempt + 1);
        let mut hash = Sha256::new();
        hash.update(context.run_directory.as_os_str().as_encoded_bytes());
        hash.update([0]);
        hash.update(&context.control.run);
        hash.update([0]);
        hash.update(context.step);
        let digest = hex(&hash.finalize()).to_uppercase();
        Self {
            attempt,
            job: format!("UPK_{}_{attempt}", &digest[..12]),
            before,
        }
    }

    /// The dump file in the directory.
    pub(super) fn dump(&self) -> String {
        format!("{}.dmp", self.job.to_lowercase())
    }

    /// The log in the directory.
    pub(super) fn log(&self) -> String {
        format!("{}.log", self.job.to_lowercase())
    }

    /// The definitions that a probe writes into the directory.
    pub(super) fn definitions(&self) -> String {
        format!("{}.sql", self.job.to_lowercase())
    }
}
