//! Reads a dump of a set to its end before anything is dropped for it.

use std::io::{self, Read};

use crate::adapter::Failure;
use crate::backup::SealedSet;
use crate::event::{ArtifactFile, FailureKind, StopLevel};
use crate::host::Control;

/// The dump is damaged, before anything was changed.
pub(in crate::adapter) fn damaged(file: &ArtifactFile, problem: &str) -> Failure {
    let text = format!("{} cannot be restored: {problem}", file.path);
    Failure::new(FailureKind::DamagedSet, text)
        .hint("nothing was changed; use another backup set (`upgrade-kit backups list`)")
}

/// Hands all that is in a dump to `feed`; hash and frames are proven on the way.
pub(in crate::adapter) fn read_whole(
    set: &SealedSet,
    file: &ArtifactFile,
    control: &Control,
    mut feed: impl FnMut(&[u8]),
) -> Result<(), Failure> {
    let mut reader = set.decompressed(file)?;
    let mut chunk = vec![0; 256 * 1024];
    loop {
        if control.stop.level() >= StopLevel::Ask {
            return Err(Failure::stopped());
        }
        match reader.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => feed(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(damaged(file, &error.to_string())),
        }
    }
}
