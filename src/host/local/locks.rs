//! fcntl locks on store files.

use std::io;
use std::path::Path;

use crate::host::store_lock::{Holder, StoreGuard, guard, probe};
use crate::host::{HeldLock, HostError};

/// The holder's process id; 0 if the lock is held by an open file description, which has no owner.
pub(super) fn holder(path: &Path) -> Result<Option<u32>, HostError> {
    match probe(path) {
        Ok(holder) => Ok(holder.map(|holder| match holder {
            Holder::Process(pid) => pid.as_raw_nonzero().get().unsigned_abs(),
            Holder::Unnamed => 0,
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(HostError::file("look for a lock on", path, error)),
    }
}

pub(super) fn hold(path: &Path) -> Result<Box<dyn HeldLock>, HostError> {
    let held = guard(path).map_err(|error| HostError::file("lock", path, error))?;
    Ok(Box::new(held))
}

impl HeldLock for StoreGuard {}
