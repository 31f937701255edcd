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
pub(in crate::adapter) struct RunScript {
    pub(in crate::adapter) path: PathBuf,
    pub(in crate::adapter) sha256: String,
}

/// A script that was begun and whose end was not seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::adapter) struct Begun {
    #[serde(flatten)]
    pub(in crate::adapter) script: RunScript,
    /// What the schema was before it: its digest.
    pub(in crate::adapter) before: String,
}

/// Which scripts of a step were run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::adapter) struct ScriptJournal {
    /// Ended well, in order.
    pub(in crate::adapter) finished: Vec<RunScript>,
    /// Begun and not ended well.
    #[serde(default)]
    pub(in crate::adapter) begun: Option<Begun>,
}

impl ScriptJournal {
    /// What the step's scratch directory holds; empty at first.
    pub(in crate::adapter) fn read(host: &dyn Host, scratch: &Path) -> Result<Self, Failure> {
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
    pub(in crate::adapter) fn write(&self, host: &dyn Host, scratch: &Path) -> Result<(), Failure> {
        let path = scratch.join(NAME);
        let text = serde_json::to_vec_pretty(self).map_err(|error| {
            Failure::new(FailureKind::Internal, "cannot write the journal of scripts")
                .because(&error)
        })?;
        Ok(host.write_atomic(&path, &text, 0o600)?)
    }
}
