//! Feeding a tool's standard input from a reader, on a thread of its own.
//!
//! A thread, because a reader may block or compute (it decompresses), and meanwhile the tool's
//! outputs must be drained and stop requests obeyed.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::io::Errno;

const CHUNK: usize = 128 * 1024;

/// What the feeding thread and the supervising one tell each other.
pub(super) struct Feeding {
    /// Rung by the supervisor: the tool is gone, write no more.
    over: OwnedFd,
    /// Rung by the feeder: the reader failed.
    pub(super) failed: OwnedFd,
    error: Mutex<Option<io::Error>>,
}

impl Feeding {
    pub(super) fn new() -> io::Result<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Ok(Self {
            over: eventfd(0, flags)?,
            failed: eventfd(0, flags)?,
            error: Mutex::new(None),
        })
    }

    /// Ends the feeding, as soon as the reader returns.
    pub(super) fn end(&self) {
        ring(&self.over);
    }

    /// The reader's error.
    pub(super) fn into_error(self) -> Option<io::Error> {
        self.error
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes everything that the reader gives, then closes the pipe. If the reader fails the pipe
    /// stays open until the tool is gone: an end of file would tell a database client that the
    /// half of a dump it has seen is all of it.
    pub(super) fn feed(&self, reader: &mut (dyn Read + Send), pipe: OwnedFd) {
        let mut chunk = vec![0; CHUNK];
        loop {
            match reader.read(&mut chunk) {
                Ok(0) => return,
                Ok(bytes) => {
                    if !self.write(&pipe, &chunk[..bytes]) {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    ring(&self.failed);
                    let _ = poll(&mut [PollFd::new(&self.over, PollFlags::IN)], None);
                    return;
                }
            }
        }
    }

    /// `false` if nobody reads any more.
    fn write(&self, pipe: &OwnedFd, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            match rustix::io::write(pipe, bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let mut waits = [
                        PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::OUT),
                        PollFd::new(&self.over, PollFlags::IN),
                    ];
                    let _ = poll(&mut waits, None);
                    if !waits[1].revents().is_empty() {
                        return false;
                    }
                }
                Err(_) => return false,
            }
        }
        true
    }
}

fn ring(bell: &OwnedFd) {
    // Fails only when the counter is full, and then it is readable already.
    let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
}
