//! Whether exported messages in a set are still whole.

use std::io::{self, BufReader};

use super::message::walk;
use super::record::{Exported, KIND};
use crate::backup::{FormatCheck, SealedSet};
use crate::event::ArtifactRecord;

/// Reads every message of a set: the frame of each file, whole XML, the recorded id and contents.
pub struct WeblogicJmsCheck;

impl FormatCheck for WeblogicJmsCheck {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn check(&self, set: &SealedSet, artifact: &ArtifactRecord) -> Vec<String> {
        let exported = match Exported::read(set, artifact) {
            Ok(exported) => exported,
            Err(problem) => return vec![problem],
        };
        let mut problems = Vec::new();
        for (one, lines) in exported.record.holders.iter().zip(&exported.messages) {
            let path = &one.holder.file;
            let check = || -> Result<(), String> {
                let reader = set
                    .reader(exported.file(path)?)
                    .map_err(|error| error.to_string())?;
                let mut expected = lines.iter();
                let pieces = lines.iter().map(|line| (line.offset, line.length));
                walk(
                    BufReader::new(reader),
                    pieces,
                    &mut io::sink(),
                    |_, message| {
                        let line = expected.next().ok_or("there are more than recorded")?;
                        if (&message.id, &message.fingerprint) == (&line.id, &line.fingerprint) {
                            Ok(())
                        } else {
                            Err(format!("it is not the recorded message {}", line.id))
                        }
                    },
                )
            };
            if let Err(problem) = check() {
                problems.push(format!("{path}: {problem}"));
            }
        }
        problems
    }
}
