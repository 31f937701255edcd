//! The journal: appended to by one run, read by everybody.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::{JournalError, reason};
use super::format;
use crate::event::Event;

/// `,"sum":"01234567"}`: stands in the place of a line's closing brace.
const SUM_BEFORE: &str = ",\"sum\":\"";
const SUM_AFTER: &str = "\"}";
const SUM_DIGITS: usize = 8;
const SUM_LENGTH: usize = SUM_BEFORE.len() + SUM_DIGITS + SUM_AFTER.len();

/// The chained check sum of the line before.
type Sum = [u8; SUM_DIGITS];

/// What stands before the first line.
const FIRST: Sum = *b"00000000";

/// A journal that is open for writing.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    sum: Sum,
    seq: u64,
    poisoned: bool,
}

impl Journal {
    /// Creates the journal of a new run, which must not exist yet.
    pub(super) fn create(path: &Path) -> Result<Self, JournalError> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| JournalError::file("create", path, error))?;
        Ok(Self::over(file, path))
    }

    fn over(file: File, path: &Path) -> Self {
        Self {
            file,
            path: path.to_owned(),
            sum: FIRST,
            seq: 0,
            poisoned: false,
        }
    }

    /// Opens the journal of an earlier run to go on with it. A torn last line is cut off; the
    /// replay says so. What is left is on disk when this returns.
    pub(super) fn open(
        path: &Path,
        event: impl FnMut(Event),
    ) -> Result<(Self, Replay), JournalError> {
        let replay = replay(path, event)?;
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(|error| JournalError::file("open", path, error))?;
        if replay.torn.is_some() {
            file.set_len(replay.bytes)
                .map_err(|error| JournalError::file("cut the torn line off", path, error))?;
        }
        renew(path).map_err(|error| JournalError::file("write again", path, error))?;
        let mut journal = Self::over(file, path);
        journal.sum = replay.sum;
        journal.seq = replay.seq;
        Ok((journal, replay))
    }

    /// Number of the last event in it.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Appends one event; see [`Journal::append_all`].
    pub fn append(&mut self, event: &Event) -> Result<(), JournalError> {
        self.append_all(std::slice::from_ref(event))
    }

    /// Appends events in one write. When it returns, they are on disk if any of them must be
    /// ([`is_durable`](crate::event::EventKind::is_durable)); those that are not journaled are left out.
    /// After a failure the journal takes nothing more: what follows a lost event would not be true.
    pub fn append_all(&mut self, events: &[Event]) -> Result<(), JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned {
                path: self.path.clone(),
            });
        }
        let mut text = Vec::new();
        let mut durable = false;
        for event in events.iter().filter(|event| event.kind.is_journaled()) {
            let start = text.len();
            let encoded = serde_json::to_writer(&mut text, event);
            encoded.map_err(|error| self.poison("encode an event for", error.into()))?;
            text.pop();
            self.sum = sum_of(self.sum, &text[start..]);
            text.extend_from_slice(SUM_BEFORE.as_bytes());
            text.extend_from_slice(&self.sum);
            text.extend_from_slice(SUM_AFTER.as_bytes());
            text.push(b'\n');
            self.seq = self.seq.max(event.seq);
            durable |= event.kind.is_durable();
        }
        if text.is_empty() {
            return Ok(());
        }
        // One call, so that a crash of the program leaves whole lines; only a full disk or a crash
        // of the machine can tear one.
        self.file
            .write_all(&text)
            .map_err(|error| self.poison("write to", error))?;
        if durable {
            self.file
                .sync_data()
                .map_err(|error| self.poison("sync", error))?;
        }
        Ok(())
    }

    fn poison(&mut self, action: &'static str, error: std::io::Error) -> JournalError {
        self.poisoned = true;
        JournalError::file(action, &self.path, error)
    }
}

/// Writes every byte once more where it stands, and syncs. The earlier stretch may have ended because
/// a sync failed: Linux takes such pages for written from then on, so that a later sync would succeed
/// without them.
fn renew(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut buffer = vec![0; 1 << 16];
    let mut at = 0;
    loop {
        let read = file.read_at(&mut buffer, at)?;
        if read == 0 {
            return file.sync_data();
        }
        file.write_all_at(&buffer[..read], at)?;
        at += read as u64;
    }
}

/// What reading a journal from its start to its end told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Number of the last event.
    pub seq: u64,
    /// Whole lines.
    pub lines: usize,
    /// Bytes of the whole lines.
    pub bytes: u64,
    /// If the last line was torn by a crash: what was dropped, for the operator.
    pub torn: Option<String>,
    sum: Sum,
}

/// Reads a journal and hands over its events in order. Memory does not grow with its length.
///
/// A last line without its newline, or with a hole of zero bytes in it, was never acknowledged and
/// is passed over. Everything else that does not fit is damage: a run must not go on from a story
/// with a page missing.
pub fn replay(path: &Path, mut event: impl FnMut(Event)) -> Result<Replay, JournalError> {
    let file = File::open(path).map_err(|error| JournalError::file("open", path, error))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut replay = Replay {
        seq: 0,
        lines: 0,
        bytes: 0,
        torn: None,
        sum: FIRST,
    };
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(|error| JournalError::file("read", path, error))?;
        if read == 0 {
            return Ok(replay);
        }
        let last = reader
            .fill_buf()
            .map_err(|error| JournalError::file("read", path, error))?
            .is_empty();
        if last && (line.last() != Some(&b'\n') || line.contains(&0)) {
            replay.torn = Some(format!(
                "the journal's last line was cut short by a crash; its {read} bytes were dropped"
            ));
            return Ok(replay);
        }
        if replay.lines == 0 {
            format::check(path, &line, format::JOURNAL_FORMAT)?;
        }
        let (found, sum) =
            decode(&line, replay.sum).map_err(|reason| damaged(path, &replay, reason))?;
        if found.seq != replay.seq + 1 {
            let reason = format!("event {} follows event {}", found.seq, replay.seq);
            return Err(damaged(path, &replay, reason));
        }
        replay.seq = found.seq;
        replay.sum = sum;
        replay.lines += 1;
        replay.bytes += read as u64;
        event(found);
    }
}

fn damaged(path: &Path, replay: &Replay, reason: String) -> JournalError {
    JournalError::Damaged {
        path: path.to_owned(),
        line: replay.lines + 1,
        reason,
    }
}

fn decode(line: &[u8], before: Sum) -> Result<(Event, Sum), String> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let split = line
        .len()
        .checked_sub(SUM_LENGTH)
        .ok_or("it is too short to be an event")?;
    let (text, tail) = line.split_at(split);
    let sum = tail
        .strip_prefix(SUM_BEFORE.as_bytes())
        .and_then(|tail| tail.strip_suffix(SUM_AFTER.as_bytes()))
        .and_then(|digits| Sum::try_from(digits).ok())
        .ok_or("it does not end in its check sum")?;
    if sum_of(before, text) != sum {
        return Err("its check sum does not fit: it or a line before it was changed".to_owned());
    }
    let event = serde_json::from_slice(line).map_err(|error| reason(&error))?;
    Ok((event, sum))
}

fn sum_of(before: Sum, text: &[u8]) -> Sum {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(text);
    let digest = hasher.finalize();
    let mut sum = FIRST;
    for (pair, byte) in sum.chunks_exact_mut(2).zip(digest.iter()) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
    sum
}

#[cfg(test)]
mod tests;
