//! What every restore of a dump does the same way.

use std::io::{self, Read};

use crate::adapter::{Failure, StepContext};
use crate::backup::{DecompressedReader, SealedSet};
use crate::event::{ArtifactFile, ArtifactRecord, FailureKind, Progress, ProgressUnit};

/// Tells how much of a dump was read.
pub(in crate::adapter) struct Reported<'a> {
    reader: DecompressedReader,
    total: u64,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl<'a> Reported<'a> {
    /// `total` is the size of the compressed file, in bytes.
    pub(in crate::adapter) fn new(
        reader: DecompressedReader,
        total: u64,
        progress: &'a (dyn Fn(Progress) + Sync),
    ) -> Self {
        Self {
            reader,
            total,
            progress,
        }
    }
}

impl Read for Reported<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        (self.progress)(Progress {
            done: self.reader.compressed_bytes(),
            total: Some(self.total),
            unit: ProgressUnit::Bytes,
        });
        Ok(count)
    }
}

/// The artifact of that name.
pub(in crate::adapter) fn artifact_of<'a>(
    set: &'a SealedSet,
    name: &str,
) -> Result<&'a ArtifactRecord, Failure> {
    set.artifact(name).ok_or_else(|| {
        Failure::refused(format!(
            "the backup set {} has no artifact `{name}`",
            set.id()
        ))
        .hint("look what it holds with `upgrade-kit backups show`")
    })
}

/// The artifact of that name and its only file.
pub(in crate::adapter) fn only_file<'a>(
    set: &'a SealedSet,
    name: &str,
) -> Result<(&'a ArtifactRecord, ArtifactFile), Failure> {
    let artifact = artifact_of(set, name)?;
    match artifact.files.as_slice() {
        [file] => Ok((artifact, file.clone())),
        files => Err(Failure::new(
            FailureKind::DamagedSet,
            format!(
                "the artifact `{name}` has {} files instead of one",
                files.len()
            ),
        )),
    }
}

/// Whether an earlier attempt of this step has begun to replace: what is there now is its own.
pub(in crate::adapter) fn was_begun(context: &StepContext<'_>) -> Result<bool, Failure> {
    Ok(context.host.stat(&context.scratch.join("begun"))?.is_some())
}

/// Marks that this step has begun to replace.
pub(in crate::adapter) fn begin_once(context: &StepContext<'_>) -> Result<(), Failure> {
    let begun = context.make_scratch()?.join("begun");
    Ok(context.host.create_dir(&begun, 0o700)?)
}

/// What to do about a database that is not what was dumped, although the client has loaded the dump.
pub(in crate::adapter) fn loaded_otherwise(client: &str) -> String {
    format!(
        "keep the application stopped: `{client}` ended well and loaded less than it was given, \
         something wrote meanwhile, or the server reads the dump otherwise; restore again, and compare \
         the server's settings"
    )
}
