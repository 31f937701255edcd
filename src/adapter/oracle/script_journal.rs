//! Which scripts of a step were run, kept in the step's scratch directory across interruptions.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::adapter::Failure;
use crate::event::FailureKind;
use crate::host::Host;

const NAME: &str = "scripts.json";

/// A journal of thousands of scripts is far smaller.
const LIMIT: u64 = 16 * 1024 * 1024;

/// A script as it was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunScript {
    pub(super) path: PathBuf,
    pub(super) sha256: String,
}

/// Which scripts of a step were run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ScriptJournal {
    /// Ended well, in order.
    pub(super) finished: Vec<RunScript>,
    /// Begun and not ended well: the script, and what the schema was before it.
    #[serde(default)]
    pub(super) begun: Option<(RunScript, String)>,
}

impl ScriptJournal {
    /// What the step's scratch directory holds; empty at first.
    pub(super) fn read(host: &dyn Host, scratch: &Path) -> Result<Self, Failure> {
        let path = scratch.join(NAME);
        if host.stat(&path)?.is_none() {
            return Ok(Self::default());
        }
        serde_json::from_slice(&host.read(&path, LIMIT)?).map_err(|error| {
            let text = format!("{} is no journal of scripts", path.display());
            Failure::new(FailureKind::NeedsOperator, text).because(&error)
        })
    }

    /// On disk when it returns.
    pub(super) fn write(&self, host: &dyn Host, scratch: &Path) -> Result<(), Failure> {
        let path = scratch.join(NAME);
        let text = serde_json::to_vec_pretty(self).map_err(|error| {
            let text = "cannot write the journal of scripts";
            Failure::new(FailureKind::Internal, text).because(&error)
        })?;
        Ok(host.write_atomic(&path, &text, 0o600)?)
    }
}
