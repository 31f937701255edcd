//! Is a dump whole?

use super::compare::missing_in_text;
use super::record::DumpRecord;
use super::scanner::DumpScanner;
use crate::adapter::Failure;
use crate::adapter::database::{damaged, read_whole};
use crate::backup::SealedSet;
use crate::event::ArtifactFile;
use crate::host::Control;

/// Reads the whole dump as a restore would: hash, frames, first lines, trailer, every object.
pub(super) fn verify(
    set: &SealedSet,
    file: &ArtifactFile,
    record: &DumpRecord,
    control: &Control,
) -> Result<(), Failure> {
    let mut scanner = DumpScanner::default();
    read_whole(set, file, control, |chunk| scanner.feed(chunk))?;
    let text = scanner.finish();
    if text.header.is_none() {
        return Err(damaged(file, "it does not begin as a dump does"));
    }
    if !text.complete {
        return Err(damaged(file, "it has no `-- Dump completed` at its end"));
    }
    match missing_in_text(&record.inventory, &record.contents, &text).first() {
        Some(first) => Err(damaged(file, &format!("it lacks {first}"))),
        None => Ok(()),
    }
}
