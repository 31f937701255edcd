//! Copying the bytes of one file, holes and all.

use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use super::scan::changed;
use super::workers::Meter;
use crate::adapter::Failure;
use crate::backup::SetWriter;
use crate::host::{FileStat, Host, HostError, HostWriter};

/// Ranges of data (offset, length), in order.
pub(super) type DataRanges = Vec<(u64, u64)>;

/// More ranges than this are joined over the smallest holes: their list is held in memory and in the
/// tree's index.
const RANGES: usize = 4096;

/// Where a copy goes.
pub(super) trait Sink: Write {
    /// Leaves a hole.
    fn hole(&mut self, bytes: u64) -> std::io::Result<()>;
}

impl Sink for SetWriter {
    fn hole(&mut self, bytes: u64) -> std::io::Result<()> {
        SetWriter::hole(self, bytes)
    }
}

impl Sink for Box<dyn HostWriter> {
    fn hole(&mut self, bytes: u64) -> std::io::Result<()> {
        self.skip(bytes)
    }
}

/// The ranges of a file that hold data; `None` if it has no holes.
pub(super) fn data_ranges(
    host: &dyn Host,
    path: &Path,
    stat: &FileStat,
) -> Result<Option<DataRanges>, Failure> {
    if stat.allocated >= stat.bytes {
        return Ok(None);
    }
    let ranges = host.data_ranges(path).map_err(|error| {
        let there = host.stat(path).ok().flatten();
        let gone = error.io_kind() == Some(ErrorKind::NotFound);
        if !gone && there.is_some_and(|there| there.identity == stat.identity) {
            error.into()
        } else {
            changed(path)
        }
    })?;
    let held: u64 = ranges.iter().map(|(_, length)| length).sum();
    if held >= stat.bytes {
        return Ok(None);
    }
    Ok(Some(join_ranges(ranges)))
}

fn join_ranges(mut ranges: DataRanges) -> DataRanges {
    let mut smallest = 4096;
    while ranges.len() > RANGES {
        let mut joined: DataRanges = Vec::with_capacity(ranges.len());
        for (offset, length) in ranges {
            match joined.last_mut() {
                Some(last) if offset - (last.0 + last.1) <= smallest => {
                    last.1 = offset + length - last.0;
                }
                _ => joined.push((offset, length)),
            }
        }
        ranges = joined;
        smallest *= 2;
    }
    ranges
}

/// How a copy failed.
pub(super) enum CopyError {
    /// The bytes could not be read, or are not those that were expected.
    Source(Failure),
    /// They could not be written.
    Sink(std::io::Error),
}

impl CopyError {
    /// The failure, with what `sink` makes of an error of writing.
    pub(super) fn failure(self, sink: impl FnOnce(std::io::Error) -> Failure) -> Failure {
        match self {
            Self::Source(failure) => failure,
            Self::Sink(error) => sink(error),
        }
    }
}

/// A copy of one file: `bytes` bytes and not one more or less.
pub(super) struct Copy<'a> {
    /// Where the bytes come from, for messages.
    pub(super) path: &'a Path,
    /// How many there are.
    pub(super) bytes: u64,
    /// Ranges with data, if there are holes.
    pub(super) data: Option<&'a [(u64, u64)]>,
    /// Counts.
    pub(super) meter: &'a Meter<'a>,
}

impl Copy<'_> {
    /// Copies. What lies in a hole must be zeros.
    pub(super) fn run(
        &self,
        reader: &mut dyn Read,
        sink: &mut dyn Sink,
        buffer: &mut [u8],
    ) -> Result<(), CopyError> {
        let mut position = 0;
        for &(offset, length) in self.data.unwrap_or(&[(0, self.bytes)]) {
            let end = offset.checked_add(length);
            if offset < position || end.is_none_or(|end| end > self.bytes) {
                return Err(CopyError::Source(changed(self.path)));
            }
            self.skip(offset - position, reader, sink, buffer)?;
            self.copy(length, reader, sink, buffer)?;
            position = offset + length;
        }
        self.skip(self.bytes - position, reader, sink, buffer)?;
        match self.read(reader, &mut buffer[..1])? {
            0 => Ok(()),
            _ => Err(CopyError::Source(changed(self.path))),
        }
    }

    fn copy(
        &self,
        length: u64,
        reader: &mut dyn Read,
        sink: &mut dyn Sink,
        buffer: &mut [u8],
    ) -> Result<(), CopyError> {
        let mut left = length;
        while left > 0 {
            let part = self.part(left, reader, buffer)?;
            sink.write_all(part).map_err(CopyError::Sink)?;
            left -= part.len() as u64;
        }
        Ok(())
    }

    fn skip(
        &self,
        length: u64,
        reader: &mut dyn Read,
        sink: &mut dyn Sink,
        buffer: &mut [u8],
    ) -> Result<(), CopyError> {
        if length == 0 {
            return Ok(());
        }
        let mut left = length;
        while left > 0 {
            let part = self.part(left, reader, buffer)?;
            if part.iter().any(|&byte| byte != 0) {
                return Err(CopyError::Source(changed(self.path)));
            }
            left -= part.len() as u64;
        }
        sink.hole(length).map_err(CopyError::Sink)
    }

    fn part<'b>(
        &self,
        left: u64,
        reader: &mut dyn Read,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], CopyError> {
        let most = left.min(buffer.len() as u64) as usize;
        let count = self.read(reader, &mut buffer[..most])?;
        if count == 0 {
            return Err(CopyError::Source(changed(self.path)));
        }
        let counted = self.meter.advance(count as u64);
        counted.map_err(CopyError::Source)?;
        Ok(&buffer[..count])
    }

    fn read(&self, reader: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, CopyError> {
        loop {
            match reader.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    let failure =
                        Failure::new(crate::event::FailureKind::DamagedSet, error.to_string());
                    return Err(CopyError::Source(failure));
                }
                Err(error) => {
                    let failure = HostError::file("read", self.path, error).into();
                    return Err(CopyError::Source(failure));
                }
                Ok(count) => return Ok(count),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_ranges_are_joined_over_small_holes() {
        let ranges: DataRanges = (0..20_000)
            .map(|at| (at * 8192 + at / 5 * 1_000_000, 4096))
            .collect();
        let joined = join_ranges(ranges.clone());
        assert_eq!(joined.len(), 4_000);
        let end = |ranges: &DataRanges| ranges.last().map(|(offset, length)| offset + length);
        assert_eq!(joined.first().map(|range| range.0), Some(0));
        assert_eq!(end(&joined), end(&ranges));
        assert!(
            joined
                .windows(2)
                .all(|pair| pair[0].0 + pair[0].1 < pair[1].0)
        );
    }
}
