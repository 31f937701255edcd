//! Writing files of a set: the hash is taken while the bytes pass.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::stream_hash::StreamHash;
use super::{BackupError, SetPath};
use crate::event::ArtifactFile;

/// What is compressed here are dumps, mostly of hexadecimal blobs and keys. Of such text zstd's default
/// level 3 makes more (207 MB of 623 MB of SQL instead of 196, 22.6 of 82 MB instead of 19.5 without
/// blobs), in almost twice the time.
const COMPRESSION_LEVEL: i32 = 1;

/// Threads that compress beside the one that writes.
const COMPRESSION_WORKERS: u32 = 2;

/// Bytes that one compression job takes. zstd's own choice at this level (8 MiB) would hold more
/// than 40 MiB in flight; this keeps two workers below 20 MiB and costs less than 1 % of size.
const COMPRESSION_JOB: u32 = 1024 * 1024;

/// A file of a set being written. Unfinished ones are no part of the set: sealing removes them.
#[derive(Debug)]
pub struct SetWriter {
    file: File,
    path: SetPath,
    location: PathBuf,
    hash: StreamHash,
    bytes: u64,
    ends_in_hole: bool,
}

impl SetWriter {
    pub(super) fn new(file: File, path: SetPath, location: PathBuf) -> Self {
        Self {
            file,
            path,
            location,
            hash: StreamHash::new(),
            bytes: 0,
            ends_in_hole: false,
        }
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes `bytes` zeros that take no space on disk. They count and are hashed as zeros.
    pub fn hole(&mut self, bytes: u64) -> io::Result<()> {
        let skip = i64::try_from(bytes).map_err(io::Error::other)?;
        self.file
            .seek(SeekFrom::Current(skip))
            .map_err(|error| self.with_path(error))?;
        self.hash.update_zeros(bytes);
        self.bytes += bytes;
        self.ends_in_hole = bytes > 0 || self.ends_in_hole;
        Ok(())
    }

    /// The finished file. It is durable only when the set is sealed.
    pub fn finish(mut self) -> Result<ArtifactFile, BackupError> {
        let failed = |error| BackupError::file("write", &self.location, error);
        if self.ends_in_hole {
            self.file.set_len(self.bytes).map_err(failed)?;
        }
        let hash = self.hash.finish().map_err(failed)?;
        Ok(ArtifactFile {
            path: self.path.to_string(),
            bytes: self.bytes,
            sha256: hex(&hash),
        })
    }

    /// The same kind of error, with the path in its text.
    fn with_path(&self, error: io::Error) -> io::Error {
        let text = format!("failed to write {}: {error}", self.location.display());
        io::Error::new(error.kind(), text)
    }
}

impl Write for SetWriter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file
            .write_all(buffer)
            .map_err(|error| self.with_path(error))?;
        self.hash.update(buffer);
        self.bytes += buffer.len() as u64;
        self.ends_in_hole = self.ends_in_hole && buffer.is_empty();
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file of a set that is compressed with zstd while it is written. Two threads compress; the one
/// that calls `write` hashes and writes what they finished, so that a tool, the compression and the
/// file overlap.
pub struct CompressedWriter {
    encoder: zstd::stream::write::Encoder<'static, SetWriter>,
    location: PathBuf,
    content_bytes: u64,
}

/// A finished compressed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompressedArtifact {
    /// The file, as it is in the set (hash and size of the compressed bytes).
    pub file: ArtifactFile,
    /// Bytes before compression.
    pub content_bytes: u64,
}

impl CompressedWriter {
    pub(super) fn new(writer: SetWriter) -> Result<Self, BackupError> {
        let location = writer.location.clone();
        let encoder = encoder(writer)
            .map_err(|error| BackupError::file("prepare the compression of", &location, error))?;
        Ok(Self {
            encoder,
            location,
            content_bytes: 0,
        })
    }

    /// Bytes taken in so far, before compression.
    pub fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Ends the frame; the file is complete then.
    pub fn finish(self) -> Result<CompressedArtifact, BackupError> {
        let writer = self
            .encoder
            .finish()
            .map_err(|error| BackupError::file("finish", &self.location, error))?;
        Ok(CompressedArtifact {
            file: writer.finish()?,
            content_bytes: self.content_bytes,
        })
    }
}

impl Write for CompressedWriter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let taken = self.encoder.write(buffer)?;
        self.content_bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn encoder(writer: SetWriter) -> io::Result<zstd::stream::write::Encoder<'static, SetWriter>> {
    use zstd::zstd_safe::CParameter;
    let mut encoder = zstd::stream::write::Encoder::new(writer, COMPRESSION_LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.multithread(COMPRESSION_WORKERS)?;
    encoder.set_parameter(CParameter::JobSize(COMPRESSION_JOB))?;
    Ok(encoder)
}

/// Lower-case hexadecimal, as hashes are recorded everywhere.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}
