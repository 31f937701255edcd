//! Whether the dump file in a set is whole.

use std::io::{self, Read};

use super::record::{DumpRecord, KIND};
use crate::backup::{FormatCheck, SealedSet};
use crate::event::ArtifactRecord;

/// Data Pump writes whole blocks; `impdp` refuses a file of another size (ORA-27046).
const BLOCK: u64 = 4096;

/// Reads dump files to their ends: complete frames, the recorded size, whole blocks.
pub struct DumpCheck;

impl FormatCheck for DumpCheck {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn check(&self, set: &SealedSet, artifact: &ArtifactRecord) -> Vec<String> {
        let record = match DumpRecord::of(artifact) {
            Ok(record) => record,
            Err(failure) => return vec![failure.to_string()],
        };
        let Some(file) = artifact.files.iter().find(|file| is_dump(&file.path)) else {
            return vec![format!("`{}` has no dump file", artifact.name)];
        };
        let bytes = match set.decompressed(file) {
            Ok(mut reader) => length(&mut reader),
            Err(error) => return vec![format!("{}: {error}", file.path)],
        };
        match bytes {
            Err(error) => vec![format!("{}: {error}", file.path)],
            Ok(bytes) if bytes != record.dump_bytes => vec![format!(
                "{}: {bytes} bytes instead of {}",
                file.path, record.dump_bytes
            )],
            Ok(bytes) if bytes == 0 || bytes % BLOCK != 0 => {
                vec![format!("{}: {bytes} bytes are no whole blocks", file.path)]
            }
            Ok(_) => Vec::new(),
        }
    }
}

/// Whether a file of an artifact is the dump.
pub(super) fn is_dump(path: &str) -> bool {
    path.ends_with(".dmp.zst")
}

fn length(reader: &mut dyn Read) -> io::Result<u64> {
    io::copy(reader, &mut io::sink())
}
