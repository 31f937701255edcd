//! The outputs of a tool: drained, masked, kept up to a limit, logged line by line.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;

use crate::host::{Captured, Control, OUTPUT_LIMIT, StreamMasker};

/// Half of what is kept is the beginning, half the end.
const HALF: usize = OUTPUT_LIMIT / 2;

/// A line of the log is broken here, so that a tool that prints no newline costs no memory.
const LONGEST_LINE: usize = 8 * 1024;

/// Why draining ended early.
#[derive(Debug)]
pub(super) enum DrainError {
    /// The pipe could not be read.
    Read(io::Error),
    /// The writer that the output goes to failed.
    Write(io::Error),
}

/// One output of a tool.
pub(super) struct Output<'a> {
    /// `None` after its end.
    pub(super) pipe: Option<OwnedFd>,
    sink: Sink<'a>,
}

enum Sink<'a> {
    Kept(Box<Kept>),
    Writer(&'a mut (dyn Write + Send)),
}

impl<'a> Output<'a> {
    /// An output that is kept, and logged unless it is private.
    pub(super) fn kept(pipe: OwnedFd, control: &Control, private: bool) -> Self {
        Self {
            pipe: Some(pipe),
            sink: Sink::Kept(Box::new(Kept {
                masker: StreamMasker::new(&control.masker),
                masked: Vec::new(),
                capture: Capture::default(),
                log: control.log.clone().filter(|_| !private).map(LineLog::new),
            })),
        }
    }

    /// An output that goes to a writer.
    pub(super) fn written(pipe: OwnedFd, writer: &'a mut (dyn Write + Send)) -> Self {
        Self {
            pipe: Some(pipe),
            sink: Sink::Writer(writer),
        }
    }

    /// Takes what is there, at most one buffer full; tells how much, 0 if nothing is there now or
    /// ever again.
    pub(super) fn drain(&mut self, buffer: &mut [u8]) -> Result<usize, DrainError> {
        let Some(pipe) = &self.pipe else {
            return Ok(0);
        };
        match rustix::io::read(pipe, &mut *buffer) {
            Ok(0) => {
                self.pipe = None;
                Ok(0)
            }
            Ok(bytes) => {
                self.take(&buffer[..bytes]).map_err(|error| {
                    self.pipe = None;
                    DrainError::Write(error)
                })?;
                Ok(bytes)
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(errno) => {
                self.pipe = None;
                Err(DrainError::Read(errno.into()))
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.sink {
            Sink::Kept(kept) => {
                kept.push(bytes);
                Ok(())
            }
            Sink::Writer(writer) => writer.write_all(bytes),
        }
    }

    /// What was kept.
    pub(super) fn finish(self) -> Captured {
        match self.sink {
            Sink::Kept(kept) => kept.finish(),
            Sink::Writer(_) => Captured::default(),
        }
    }
}

struct Kept {
    masker: StreamMasker,
    masked: Vec<u8>,
    capture: Capture,
    log: Option<LineLog>,
}

impl Kept {
    fn push(&mut self, bytes: &[u8]) {
        self.masker.push(bytes, &mut self.masked);
        self.pass_on();
    }

    fn pass_on(&mut self) {
        self.capture.push(&self.masked);
        if let Some(log) = &mut self.log {
            log.push(&self.masked);
        }
        self.masked.clear();
    }

    fn finish(mut self) -> Captured {
        self.masker.finish(&mut self.masked);
        self.pass_on();
        if let Some(log) = &mut self.log {
            log.end_line();
        }
        self.capture.finish()
    }
}

/// The beginning and the end of a stream.
#[derive(Debug, Default)]
struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Capture {
    fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (head, rest) = bytes.split_at(bytes.len().min(HALF - self.head.len()));
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(HALF)..];
        let excess = (self.tail.len() + rest.len()).saturating_sub(HALF);
        self.tail.drain(..excess);
        self.tail.extend(rest);
    }

    fn finish(mut self) -> Captured {
        let mut tail = Vec::from(self.tail);
        if self.total == (self.head.len() + tail.len()) as u64 {
            self.head.append(&mut tail);
        }
        Captured {
            head: self.head,
            tail,
            total: self.total,
        }
    }
}

/// Writes whole lines, so that the two outputs of a tool do not mix within one. A log that cannot
/// be written is not worth breaking a restore for; the journal, which is, reports a full disk.
struct LineLog {
    log: Arc<Mutex<dyn Write + Send>>,
    line: Vec<u8>,
}

impl LineLog {
    fn new(log: Arc<Mutex<dyn Write + Send>>) -> Self {
        Self {
            log,
            line: Vec::new(),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let lines = bytes
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        if lines > 0 {
            self.write(&bytes[..lines]);
        }
        self.line.extend_from_slice(&bytes[lines..]);
        if self.line.len() > LONGEST_LINE {
            self.write(b"\n");
        }
    }

    fn end_line(&mut self) {
        if !self.line.is_empty() {
            self.write(b"\n");
        }
    }

    fn write(&mut self, more: &[u8]) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = log.write_all(&self.line);
        let _ = log.write_all(more);
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_kept_whole_and_much_is_cut_in_the_middle() {
        let mut little = Capture::default();
        little.push(&vec![b'a'; HALF]);
        little.push(&vec![b'b'; HALF]);
        let little = little.finish();
        assert!(!little.is_cut());
        assert_eq!(little.head.len(), OUTPUT_LIMIT);
        assert!(little.tail.is_empty());

        let mut much = Capture::default();
        for at in 0..100_u8 {
            much.push(&vec![at; 10_000]);
        }
        let much = much.finish();
        assert!(much.is_cut());
        assert_eq!(much.total, 1_000_000);
        assert_eq!((much.head.len(), much.tail.len()), (HALF, HALF));
        assert_eq!((much.head[HALF - 1], much.tail[0]), (13, 86));
        assert_eq!(much.tail[HALF - 1], 99);
    }

    #[test]
    fn one_huge_piece_is_cut_as_well() {
        let mut capture = Capture::default();
        capture.push(&vec![b'x'; 5 * OUTPUT_LIMIT]);
        let captured = capture.finish();
        assert_eq!(captured.head.len() + captured.tail.len(), OUTPUT_LIMIT);
        assert_eq!(captured.total, 5 * OUTPUT_LIMIT as u64);
    }

    #[test]
    fn a_log_gets_whole_lines() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let mut log = LineLog::new(written.clone());
        let mut other = LineLog::new(written.clone());
        log.push(b"one\ntw");
        other.push(b"from the other\n");
        log.push(b"o");
        log.end_line();
        log.end_line();
        assert_eq!(
            String::from_utf8(written.lock().unwrap().clone()).unwrap(),
            "one\nfrom the other\ntwo\n"
        );
    }
}
