//! Writing a new file, holes included.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::host::{HostError, HostWriter};

pub(super) fn create_new(path: &Path) -> Result<Box<dyn HostWriter>, HostError> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| HostError::file("create", path, error))?;
    Ok(Box::new(NewFile { file, size: 0 }))
}

/// Unbuffered: the adapters write in large chunks.
struct NewFile {
    file: File,
    /// Position, which may lie behind the end of what was written.
    size: u64,
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl HostWriter for NewFile {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        self.size = self
            .size
            .checked_add(bytes)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        self.file.seek(SeekFrom::Start(self.size)).map(drop)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.file.set_len(self.size)
    }
}
