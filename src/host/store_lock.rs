//! The lock by which a running broker keeps others away from its store.
//!
//! ActiveMQ's `LockFile.java` and Artemis' `FileLockNodeManager.java` use Java's
//! `FileChannel.tryLock`, which is a POSIX record lock (`fcntl`). `flock`, and with it
//! [`std::fs::File::try_lock`], neither sees such a lock nor is seen by it: it is granted while the
//! broker runs. And a POSIX lock of our own would be lost as soon as any descriptor of the file is
//! closed anywhere in the process, for instance after copying the lock file. So [`guard`] holds an
//! open-file-description lock, which conflicts with POSIX locks but belongs to one descriptor.
//!
//! The file itself proves nothing: it stays when the broker stops.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;

use rustix::process::Pid;

/// Who holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A process of this machine.
    Process(Pid),
    /// Somebody the system does not name: a process in another container or, over NFS, on another
    /// machine, or the holder of an open-file-description lock such as a [`StoreGuard`].
    Unnamed,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(pid) => write!(formatter, "process {pid}"),
            Self::Unnamed => write!(formatter, "a process that the system does not name"),
        }
    }
}

/// Tells who holds a lock on any part of the file at `path`. A file that does not exist is not
/// locked.
pub fn probe(path: &Path) -> io::Result<Option<Holder>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let lock = fcntl(file.as_fd(), libc::F_GETLK, whole_file(libc::F_WRLCK))?;
    if lock.l_type == libc::F_UNLCK as libc::c_short {
        return Ok(None);
    }
    // fcntl(2): -1 for an open-file-description lock; 0 for a process outside of our namespace.
    let named = (lock.l_pid > 0)
        .then(|| Pid::from_raw(lock.l_pid))
        .flatten();
    Ok(Some(named.map_or(Holder::Unnamed, Holder::Process)))
}

/// Keeps brokers away from a store for as long as it lives.
///
/// A broker that starts meanwhile does not fail: it waits, without a listener, and tries again
/// every ten seconds.
#[derive(Debug)]
pub struct StoreGuard {
    locked: File,
}

/// Closing the descriptor is not enough: a process that another thread is just starting holds a copy
/// of it until its `exec`, and the lock lives as long as any copy.
impl Drop for StoreGuard {
    fn drop(&mut self) {
        // A file system that refuses this leaves the lock to the closing of the last copy.
        let _ = fcntl(
            self.locked.as_fd(),
            libc::F_OFD_SETLK,
            whole_file(libc::F_UNLCK),
        );
    }
}

/// Locks the whole file at `path`; [`io::ErrorKind::WouldBlock`] if somebody else holds a lock on
/// it.
///
/// The file is not created: one that belongs to whoever runs this tool could keep out the broker's
/// own user.
pub fn guard(path: &Path) -> io::Result<StoreGuard> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    match fcntl(file.as_fd(), libc::F_OFD_SETLK, whole_file(libc::F_WRLCK)) {
        Ok(_) => Ok(StoreGuard { locked: file }),
        // fcntl(2): a conflicting lock is reported as EACCES on some systems.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        Err(error) => Err(error),
    }
}

fn whole_file(lock: libc::c_int) -> libc::flock {
    libc::flock {
        l_type: lock as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

/// rustix has neither open-file-description locks nor an `F_GETLK` that survives their holder's
/// pid, -1 (its `Pid::from_raw` asserts that it is not negative).
#[expect(
    unsafe_code,
    reason = "no safe interface to open-file-description locks exists"
)]
fn fcntl(
    file: BorrowedFd<'_>,
    command: libc::c_int,
    mut lock: libc::flock,
) -> io::Result<libc::flock> {
    // SAFETY: both commands take a pointer to a `flock`, which they read and may write, and nothing
    // else; it lives until the call returns, and the descriptor is borrowed for as long.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), command, &raw mut lock) };
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(lock)
    }
}

#[cfg(test)]
mod tests;
