//! Whether a store in a backup set is still the one that was counted.

use super::places::{KIND, Role};
use super::record::{self, in_set};
use crate::backup::{FormatCheck, SealedSet};
use crate::event::ArtifactRecord;

/// Reads the journals and pages of a set, and holds the messages against the recorded ones.
pub struct ArtemisStoreCheck;

impl FormatCheck for ArtemisStoreCheck {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn check(&self, set: &SealedSet, artifact: &ArtifactRecord) -> Vec<String> {
        let Some(name) = artifact.name.strip_suffix(&Role::Journal.artifact("")) else {
            return vec![format!("`{}` is no name of a journal", artifact.name)];
        };
        let compare = || {
            let expected = record::read(artifact)?;
            let found = record::inventory(&in_set(set.directory(), name).directories())?;
            Ok::<_, crate::adapter::Failure>(found.difference(&expected))
        };
        compare().unwrap_or_else(|failure| vec![failure.to_string()])
    }
}
