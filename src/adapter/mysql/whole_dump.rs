//! Is a dump whole?

use std::io::{self, Read};

use super::compare::missing_in_text;
use super::record::DumpRecord;
use super::scanner::DumpScanner;
use crate::adapter::Failure;
use crate::backup::SealedSet;
use crate::event::{ArtifactFile, FailureKind, StopLevel};
use crate::host::Control;

/// Reads the whole dump as a restore would: hash, frames, first lines, trailer, every object.
pub(super) fn verify(
    set: &SealedSet,
    file: &ArtifactFile,
    record: &DumpRecord,
    control: &Control,
) -> Result<(), Failure> {
    let damaged = |problem: String| {
        Failure::new(
            FailureKind::DamagedSet,
            format!("{} cannot be restored: {problem}", file.path),
        )
        .hint("nothing was changed; use another backup set (`upgrade-kit backups list`)")
    };
    let mut reader = set.decompressed(file)?;
    let mut scanner = DumpScanner::default();
    let mut chunk = vec![0; 256 * 1024];
    loop {
        if control.stop.level() >= StopLevel::Ask {
            return Err(Failure::stopped());
        }
        match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => scanner.feed(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(damaged(error.to_string())),
        }
    }
    let text = scanner.finish();
    if text.header.is_none() {
        return Err(damaged("it does not begin as a dump does".to_owned()));
    }
    if !text.complete {
        return Err(damaged(
            "it has no `-- Dump completed` at its end".to_owned(),
        ));
    }
    match missing_in_text(&record.inventory, &record.contents, &text).first() {
        Some(first) => Err(damaged(format!("it lacks {first}"))),
        None => Ok(()),
    }
}
