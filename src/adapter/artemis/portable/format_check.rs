//! Whether an export in a set is still the one that was counted.

use std::io::{self, BufReader};

use super::contents::pass;
use super::record::{KIND, read};
use crate::backup::{FormatCheck, SealedSet};
use crate::event::ArtifactRecord;

/// Reads an export of a set to its end, and holds its messages against the recorded ones.
pub struct ArtemisExportCheck;

impl FormatCheck for ArtemisExportCheck {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn check(&self, set: &SealedSet, artifact: &ArtifactRecord) -> Vec<String> {
        let (record, file) = match read(artifact) {
            Ok(found) => found,
            Err(problem) => return vec![format!("the record of `{}` {problem}", artifact.name)],
        };
        let problem = match set.decompressed(file) {
            Err(error) => Some(error.to_string()),
            Ok(reader) => match pass(BufReader::new(reader), &mut io::sink(), &|_| true) {
                Err(error) => Some(error.to_string()),
                Ok(contents) => record.difference(&contents),
            },
        };
        let problem = problem.map(|problem| format!("{}: {problem}", file.path));
        problem.into_iter().collect()
    }
}
