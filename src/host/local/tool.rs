//! A started tool.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, waitid, waitpid};

use super::group;
use super::secret_pipe::SecretFeed;
use crate::host::ExitStatus;

/// A started tool. Dropped before its end, it is killed: nothing runs unwatched.
pub(super) struct Tool {
    /// The process; its number is also that of its session and group.
    pub(super) pid: Pid,
    /// Readable when it has ended. `None` on kernels before 5.3.
    pub(super) pidfd: Option<OwnedFd>,
    /// What is left to write of its secrets.
    pub(super) secrets: Vec<SecretFeed>,
    reaped: bool,
}

impl Tool {
    pub(super) fn new(pid: Pid, pidfd: Option<OwnedFd>, secrets: Vec<SecretFeed>) -> Self {
        Self {
            pid,
            pidfd,
            secrets,
            reaped: false,
        }
    }

    /// The process's number.
    pub(super) fn number(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Whether the process has ended. Its number stays taken until [`Self::reap`].
    pub(super) fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.pid), options), Ok(None))
    }

    /// Waits for the end of the process and frees its number.
    pub(super) fn reap(&mut self) -> io::Result<ExitStatus> {
        loop {
            match waitpid(Some(self.pid), WaitOptions::empty()) {
                Ok(Some((_, status))) => {
                    self.reaped = true;
                    return Ok(match (status.exit_status(), status.terminating_signal()) {
                        (Some(code), _) => ExitStatus::Code(code),
                        (None, signal) => ExitStatus::Signal(signal.unwrap_or_default()),
                    });
                }
                Ok(None) | Err(Errno::INTR) => {}
                Err(errno) => {
                    self.reaped = true;
                    return Err(errno.into());
                }
            }
        }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        if !self.reaped {
            group::kill(self.pid);
            let _ = self.reap();
        }
    }
}
