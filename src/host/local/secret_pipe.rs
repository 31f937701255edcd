//! Secrets on their way to a tool through anonymous pipes.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::{Errno, ioctl_fionbio};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::host::{Invocation, Secret};

/// A secret on its way into an anonymous pipe.
pub(super) struct SecretFeed {
    /// Our end.
    pub(super) pipe: OwnedFd,
    content: Secret,
    written: usize,
}

impl SecretFeed {
    /// Writes what fits. `true` when nothing is left to do: all is written, or nobody reads.
    pub(super) fn advance(&mut self) -> bool {
        loop {
            let rest = &self.content.expose().as_bytes()[self.written..];
            if rest.is_empty() {
                return true;
            }
            match rustix::io::write(&self.pipe, rest) {
                Ok(bytes) => self.written += bytes,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return false,
                Err(_) => return true,
            }
        }
    }
}

/// One pipe for every secret that is read from one: the tool's ends, in order, and what we feed into them. Most
/// secrets fit into the pipe and are written here; the rest is written while the tool runs.
pub(super) fn secret_pipes(invocation: &Invocation) -> io::Result<(Vec<OwnedFd>, Vec<SecretFeed>)> {
    let (mut tool_ends, mut feeds) = (Vec::new(), Vec::new());
    for content in invocation.secret_pipes() {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        ioctl_fionbio(&write, true)?;
        tool_ends.push(read);
        let mut feed = SecretFeed {
            pipe: write,
            content: content.ok_or_else(unresolved)?.clone(),
            written: 0,
        };
        if !feed.advance() {
            feeds.push(feed);
        }
    }
    Ok((tool_ends, feeds))
}

/// A plan's invocation was run as it is.
pub(super) fn unresolved() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "one of its secrets was not resolved",
    )
}
