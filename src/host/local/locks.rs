//! fcntl locks on store files.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::host::{HeldLock, HostError};

pub(super) fn holder(path: &Path) -> Result<Option<u32>, HostError> {
    let failed = |error| HostError::file("look for a lock on", path, error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let held = fcntl_getlk(&file, &Flock::from(FlockType::WriteLock))
        .map_err(|errno| failed(errno.into()))?;
    Ok(held.map(|lock| {
        lock.pid
            .map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs())
    }))
}

pub(super) fn hold(path: &Path) -> Result<Box<dyn HeldLock>, HostError> {
    let failed = |error| HostError::file("lock", path, error);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(failed)?;
    rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(|errno| failed(errno.into()))?;
    Ok(Box::new(Held(file)))
}

/// Released when the file is closed.
struct Held(#[expect(dead_code, reason = "held open, never read")] File);

impl HeldLock for Held {}
