//! Reading files of a set: what is handed out was what was written, or the reader says so.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use super::BackupError;
use super::stream_hash::StreamHash;
use super::writer::hex;
use crate::event::ArtifactFile;

/// Largest window that a compressed file may demand (8 MiB): what `zstd -d` accepts is more, what
/// this program writes is 2 MiB, and a hostile frame must not take the machine's memory.
const WINDOW_LOG_MAX: u32 = 23;

/// Reads a file of a set. At its end the size and hash are compared with the record: a difference is
/// an error of kind `InvalidData` in place of the end of file, so nobody can finish with wrong bytes.
#[derive(Debug)]
pub struct VerifiedReader {
    file: File,
    location: PathBuf,
    hash: StreamHash,
    expected: ArtifactFile,
    bytes: u64,
    verdict: Option<Result<(), String>>,
}

impl VerifiedReader {
    pub(super) fn new(file: File, location: PathBuf, expected: ArtifactFile) -> Self {
        Self {
            file,
            location,
            hash: StreamHash::new(),
            expected,
            bytes: 0,
            verdict: None,
        }
    }

    /// Bytes handed out so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn end(&mut self) -> io::Result<usize> {
        let Self {
            hash,
            bytes,
            expected,
            ..
        } = self;
        let verdict = self.verdict.get_or_insert_with(|| {
            if *bytes != expected.bytes {
                return Err(format!("{bytes} bytes instead of {}", expected.bytes));
            }
            match hash.finish() {
                Ok(hash) if hex(&hash) == expected.sha256 => Ok(()),
                Ok(_) => Err("its SHA-256 is not the recorded one".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        });
        match verdict {
            Ok(()) => Ok(0),
            Err(problem) => {
                let text = format!("{} is damaged: {problem}", self.location.display());
                Err(io::Error::new(io::ErrorKind::InvalidData, text))
            }
        }
    }
}

impl Read for VerifiedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.file.read(buffer)?;
        if count == 0 {
            return self.end();
        }
        self.bytes += count as u64;
        if self.bytes > self.expected.bytes {
            return self.end();
        }
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

/// Decompresses a file of a set; ends only after its frame was complete and size and hash of the
/// compressed bytes were the recorded ones.
pub struct DecompressedReader {
    decoder: zstd::stream::read::Decoder<'static, BufReader<VerifiedReader>>,
    location: PathBuf,
    empty: bool,
}

impl DecompressedReader {
    pub(super) fn new(reader: VerifiedReader) -> Result<Self, BackupError> {
        let location = reader.location.clone();
        let empty = reader.expected.bytes == 0;
        let decoder = zstd::stream::read::Decoder::new(reader)
            .and_then(|mut decoder| {
                decoder.window_log_max(WINDOW_LOG_MAX)?;
                Ok(decoder)
            })
            .map_err(|error| BackupError::file("decompress", &location, error))?;
        Ok(Self {
            decoder,
            location,
            empty,
        })
    }

    /// Compressed bytes read so far, for progress against the file's size.
    pub fn compressed_bytes(&self) -> u64 {
        self.decoder.get_ref().get_ref().bytes()
    }
}

impl Read for DecompressedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.empty {
            let text = format!("{} holds no zstd frame", self.location.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        self.decoder
            .read(buffer)
            .map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData => error,
                kind => {
                    let text = format!("failed to decompress {}: {error}", self.location.display());
                    io::Error::new(kind, text)
                }
            })
    }
}
