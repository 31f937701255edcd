//! One journal file: batches of records, each batch with its checksum.
//!
//! The format is that of ActiveMQ's `disk/journal/Journal.java`, unchanged from 5.15 to 6.3:
//!
//! ```text
//! file    batch … batch end-mark unused
//! batch   i32 28 · u8 2 · "WRITE BATCH" · i32 length · i64 Adler-32 of what follows · record …
//! record  i32 size, these five bytes included · u8 1 · u8 command · varint length · protobuf
//! ```
//!
//! A file is read through one buffer. A batch is read twice: for its checksum, then for its records,
//! so that nothing of a damaged batch is believed. Whatever the bytes, each is looked at a bounded
//! number of times and no length is trusted before it was held against what is really there.

use std::io::{self, BufRead, BufReader, Read, Seek};
use std::ops::ControlFlow;

use super::adler32::Adler32;
use super::command::{self, Command};
use super::inventory::DamageKind;
use super::protobuf::{Fault, Message, Source};

/// `Journal.java`, `BATCH_CONTROL_RECORD_HEADER`.
pub(super) const BATCH_HEADER: [u8; 16] = *b"\0\0\0\x1C\x02WRITE BATCH";
/// `Journal.java`, `BATCH_CONTROL_RECORD_SIZE`.
pub(super) const BATCH_HEADER_SIZE: usize = 28;
/// `Journal.java`, `EOF_RECORD`; before 5.14 five zero bytes stood in its place.
pub(super) const END_MARK: [u8; 5] = *b"-qMa4";
/// `Journal.java`, `RECORD_HEAD_SPACE`.
const RECORD_HEAD: u64 = 5;
/// `Journal.java`, `USER_RECORD_TYPE`.
const USER_RECORD: u8 = 1;

const BUFFER: usize = 256 * 1024;

/// What reading a file found, besides its records.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) batches: u64,
    pub(super) unchecked_batches: u64,
    pub(super) damage: Vec<(u64, DamageKind)>,
    pub(super) further_damage: u64,
}

/// A file that could not be read on.
#[derive(Debug)]
pub(super) struct ReadFailure {
    pub(super) offset: u64,
    pub(super) source: io::Error,
}

/// Damage kept one by one in the inventory of a store; what exceeds it is only counted.
pub(super) const DAMAGE_KEPT: usize = 1_000;

/// What is done with a command. Break leaves the rest of the file unread.
pub(super) type OnCommand<'v> = dyn FnMut(Command) -> ControlFlow<()> + 'v;

/// Reads a journal file of `length` bytes from its beginning.
pub(super) fn scan(
    file: impl Read + Seek,
    length: u64,
    on_command: &mut OnCommand<'_>,
) -> Result<Scan, ReadFailure> {
    let reader = Tracked {
        reader: BufReader::with_capacity(BUFFER, file),
        at: 0,
    };
    let mut scanner = Scanner {
        reader,
        length,
        scan: Scan::default(),
    };
    match scanner.batches(on_command) {
        Ok(()) => Ok(scanner.scan),
        Err(source) => Err(ReadFailure {
            offset: scanner.reader.at,
            source,
        }),
    }
}

/// A buffered reader that knows where it stands without asking the system.
struct Tracked<R> {
    reader: BufReader<R>,
    at: u64,
}

impl<R: Read + Seek> Tracked<R> {
    fn go_to(&mut self, place: u64) -> io::Result<()> {
        let distance = i64::try_from(i128::from(place) - i128::from(self.at));
        self.reader
            .seek_relative(distance.map_err(io::Error::other)?)?;
        self.at = place;
        Ok(())
    }

    /// Bytes from the buffer, at least one and at most `most`, handed to `take`.
    fn chunk<T>(&mut self, most: u64, take: impl FnOnce(&[u8]) -> T) -> io::Result<Option<T>> {
        let bytes = self.reader.fill_buf()?;
        let bytes = &bytes[..bytes.len().min(usize::try_from(most).unwrap_or(usize::MAX))];
        if bytes.is_empty() {
            return Ok(None);
        }
        let read = bytes.len();
        let taken = take(bytes);
        self.reader.consume(read);
        self.at += read as u64;
        Ok(Some(taken))
    }
}

impl<R: Read + Seek> Read for Tracked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<R: Read + Seek> Source for Tracked<R> {
    fn pass(&mut self, length: u64) -> io::Result<()> {
        self.go_to(self.at.saturating_add(length))
    }
}

struct Scanner<R> {
    reader: Tracked<R>,
    length: u64,
    scan: Scan,
}

/// What stands where a batch may begin.
enum Head {
    Batch { length: i32, checksum: i64 },
    EndMark,
    Unused,
    Cut,
    Foreign,
}

impl Head {
    /// A broker ends every write with an end mark, so a file that ends without one was cut.
    fn of(bytes: &[u8]) -> Self {
        if bytes.len() < END_MARK.len() {
            return Self::Cut;
        }
        if bytes.starts_with(&END_MARK) {
            return Self::EndMark;
        }
        if bytes[..END_MARK.len()] == [0; END_MARK.len()] {
            return Self::Unused;
        }
        let Some((header, rest)) = bytes.split_first_chunk::<{ BATCH_HEADER.len() }>() else {
            return if BATCH_HEADER.starts_with(bytes) {
                Self::Cut
            } else {
                Self::Foreign
            };
        };
        if *header != BATCH_HEADER {
            return Self::Foreign;
        }
        let Some((length, rest)) = rest.split_first_chunk::<4>() else {
            return Self::Cut;
        };
        let Some(checksum) = rest.first_chunk::<8>() else {
            return Self::Cut;
        };
        Self::Batch {
            length: i32::from_be_bytes(*length),
            checksum: i64::from_be_bytes(*checksum),
        }
    }
}

impl<R: Read + Seek> Scanner<R> {
    fn batches(&mut self, on_command: &mut OnCommand<'_>) -> io::Result<()> {
        loop {
            let start = self.reader.at;
            let next = match self.head()? {
                Head::EndMark => return Ok(()),
                Head::Cut => {
                    self.damaged(start, DamageKind::Truncated);
                    return Ok(());
                }
                Head::Batch { length, checksum } => {
                    match self.batch(start, length, checksum, on_command)? {
                        After::End(end) => Some(end),
                        After::NextHeader => self.find_header(start + BATCH_HEADER_SIZE as u64)?,
                        After::Nothing => return Ok(()),
                    }
                }
                Head::Unused => {
                    let next = self.find_header(start + 1)?;
                    if next.is_some() || !self.is_unused_from(start)? {
                        self.unreadable(start, "unused space before used space");
                    }
                    next
                }
                Head::Foreign => {
                    self.unreadable(start, "no batch begins where one should");
                    self.find_header(start + 1)?
                }
            };
            let Some(next) = next else { return Ok(()) };
            self.reader.go_to(next)?;
        }
    }

    fn head(&mut self) -> io::Result<Head> {
        let mut buffer = [0; BATCH_HEADER_SIZE];
        let left = usize::try_from(self.length - self.reader.at).unwrap_or(usize::MAX);
        let head = &mut buffer[..left.min(BATCH_HEADER_SIZE)];
        self.reader.read_exact(head)?;
        Ok(Head::of(head))
    }

    /// Reads the batch whose head was just read.
    fn batch(
        &mut self,
        start: u64,
        length: i32,
        checksum: i64,
        on_command: &mut OnCommand<'_>,
    ) -> io::Result<After> {
        let body = self.reader.at;
        let Ok(length) = u64::try_from(length) else {
            self.unreadable(start, "the length of the batch is negative");
            return Ok(After::NextHeader);
        };
        let end = body + length;
        if end > self.length {
            self.damaged(start, DamageKind::Truncated);
            return Ok(After::NextHeader);
        }
        self.scan.batches += 1;
        if checksum == 0 {
            self.scan.unchecked_batches += 1;
        } else {
            if i64::from(self.checksum(end)?) != checksum {
                self.damaged(start, DamageKind::BadChecksum);
                return Ok(After::End(end));
            }
            self.reader.go_to(body)?;
        }
        self.records(end, on_command)
    }

    fn checksum(&mut self, end: u64) -> io::Result<u32> {
        let mut sum = Adler32::new();
        while self.reader.at < end {
            let left = end - self.reader.at;
            self.reader
                .chunk(left, |bytes| sum.update(bytes))?
                .ok_or(io::ErrorKind::UnexpectedEof)?;
        }
        Ok(sum.value())
    }

    fn records(&mut self, end: u64, on_command: &mut OnCommand<'_>) -> io::Result<After> {
        while self.reader.at < end {
            let start = self.reader.at;
            let mut head = [0; RECORD_HEAD as usize];
            if end - start > RECORD_HEAD {
                self.reader.read_exact(&mut head)?;
            }
            let [size @ .., kind] = head;
            let size = u64::from(u32::from_be_bytes(size));
            if size <= RECORD_HEAD || size > end - start || kind != USER_RECORD {
                self.unreadable(start, "no record begins where one should");
                break;
            }
            match self.record(size - RECORD_HEAD) {
                Ok(command) => {
                    if on_command(command).is_break() {
                        return Ok(After::Nothing);
                    }
                }
                Err(Fault::Io(error)) => return Err(error),
                Err(Fault::Shape(reason)) => self.unreadable(start, reason),
            }
            self.reader.go_to(start + size)?;
        }
        Ok(After::End(end))
    }

    fn record(&mut self, length: u64) -> Result<Command, Fault> {
        let mut payload = Message::new(&mut self.reader, length);
        let code = payload.byte()?;
        if payload.number()? != payload.left() {
            return Err(Fault::Shape(
                "the frame of a record does not fill the record",
            ));
        }
        command::read(code, payload)
    }

    /// The first batch header at or after `from`.
    fn find_header(&mut self, from: u64) -> io::Result<Option<u64>> {
        self.reader.go_to(from.min(self.length))?;
        let mut window = Vec::with_capacity(BUFFER + BATCH_HEADER.len());
        while self
            .reader
            .chunk(u64::MAX, |bytes| window.extend_from_slice(bytes))?
            .is_some()
        {
            // One of the header's letters is asked for first: unused space is full of zeros, which
            // is what the header begins with.
            let found = window
                .windows(BATCH_HEADER.len())
                .position(|window| window[5] == BATCH_HEADER[5] && window == BATCH_HEADER);
            if let Some(place) = found {
                return Ok(Some(self.reader.at - (window.len() - place) as u64));
            }
            let kept = window.len().min(BATCH_HEADER.len() - 1);
            window.drain(..window.len() - kept);
        }
        Ok(None)
    }

    /// Whether nothing follows but zeros and the end mark with which `Journal.java`
    /// (`doPreallocationSparseFile`) gives a new file its length.
    fn is_unused_from(&mut self, from: u64) -> io::Result<bool> {
        self.reader.go_to(from)?;
        let zeros = (self.length - from).saturating_sub(END_MARK.len() as u64);
        let end = from + zeros;
        while self.reader.at < end {
            let left = end - self.reader.at;
            let is_zero = self
                .reader
                .chunk(left, |bytes| bytes.iter().all(|&byte| byte == 0))?;
            if is_zero != Some(true) {
                return Ok(false);
            }
        }
        let mut last = [0; END_MARK.len()];
        let last = &mut last[..(self.length - end) as usize];
        self.reader.read_exact(last)?;
        Ok(last == END_MARK || last.iter().all(|&byte| byte == 0))
    }

    fn unreadable(&mut self, offset: u64, reason: &str) {
        self.damaged(offset, DamageKind::Unreadable(reason.to_owned()));
    }

    fn damaged(&mut self, offset: u64, kind: DamageKind) {
        if self.scan.damage.len() < DAMAGE_KEPT {
            self.scan.damage.push((offset, kind));
        } else {
            self.scan.further_damage += 1;
        }
    }
}

/// Where reading goes on after a batch.
enum After {
    /// At its end.
    End(u64),
    /// At the next batch header, wherever it is.
    NextHeader,
    /// Nowhere in this file.
    Nothing,
}
