//! Whether a store in a backup set is still the one that was counted.

use super::places::KIND;
use super::record::{self, StoreRecord, differences};
use crate::backup::{FormatCheck, SealedSet, SetPath, tree_index};
use crate::event::ArtifactRecord;

/// Reads the journals of a set: every checksum, and the messages against the recorded ones.
pub struct KahadbStoreCheck;

impl FormatCheck for KahadbStoreCheck {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn check(&self, set: &SealedSet, artifact: &ArtifactRecord) -> Vec<String> {
        let stores = match record::read(artifact) {
            Ok(stores) => stores,
            Err(failure) => return vec![failure.to_string()],
        };
        let Some((_, folder)) = tree_index(artifact) else {
            return vec![format!("`{}` has no index of a tree", artifact.name)];
        };
        let Ok(folder) = SetPath::parse(folder) else {
            return vec![format!("`{folder}` is no folder of a set")];
        };
        let content = set.directory().join(folder.relative()).join("content");
        let found: Vec<_> = stores.iter().map(StoreRecord::relative).collect();
        match differences(&content, &stores, &found) {
            Ok(sentences) => sentences,
            Err(failure) => vec![failure.to_string()],
        }
    }
}
