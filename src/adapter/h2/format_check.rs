//! Whether the database file in a set is whole.

use super::action_backup::KIND;
use super::action_restore::record;
use super::store_file::inspect;
use crate::backup::{FormatCheck, SealedSet, SetPath, tree_index};
use crate::event::ArtifactRecord;

/// Looks into database files of a set by H2's own checksums.
pub struct H2Check;

impl FormatCheck for H2Check {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn check(&self, set: &SealedSet, artifact: &ArtifactRecord) -> Vec<String> {
        let folder = tree_index(artifact).and_then(|(_, folder)| SetPath::parse(folder).ok());
        let Some(folder) = folder else {
            return vec![format!("`{}` has no index of a tree", artifact.name)];
        };
        let content = set.directory().join(folder.relative()).join("content");
        match (record(artifact), inspect(&content)) {
            (Err(failure), _) => vec![failure.to_string()],
            (_, Err(error)) => vec![error.to_string()],
            (Ok(expected), Ok(found)) if expected != found => {
                vec![format!(
                    "{} is not the file that was saved",
                    content.display()
                )]
            }
            _ => Vec::new(),
        }
    }
}
