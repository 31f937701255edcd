//! fcntl locks on store files, seen through the [`Host`](crate::host::Host) trait.

use std::path::Path;

use crate::host::store_lock::{Holder, StoreGuard, guard, probe};
use crate::host::{HeldLock, HostError};

pub(super) fn holder(path: &Path) -> Result<Option<u32>, HostError> {
    let found = probe(path).map_err(|error| HostError::file("look for a lock on", path, error))?;
    Ok(found.map(|holder| match holder {
        Holder::Process(pid) => pid.as_raw_nonzero().get().unsigned_abs(),
        Holder::Unnamed => 0,
    }))
}

pub(super) fn hold(path: &Path) -> Result<Box<dyn HeldLock>, HostError> {
    match guard(path) {
        Ok(guard) => Ok(Box::new(guard)),
        Err(error) => Err(HostError::file("lock", path, error)),
    }
}

impl HeldLock for StoreGuard {}
