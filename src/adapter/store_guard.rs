//! The locks by which a running program keeps others away from its files: looked at, and held.
//!
//! Such a lock is an fcntl lock on a file; the file itself proves nothing, since it stays when the
//! program ends. A broker that is started while its lock is held here waits; it does not fail.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::host::{HeldLock, Host};

/// The first of the files that somebody holds a lock on, and a sentence that says so.
pub(super) fn in_use(host: &dyn Host, files: &[PathBuf]) -> Result<Option<String>, Failure> {
    for file in files {
        if let Some(pid) = host.lock_holder(file)? {
            return Ok(Some(sentence(file, pid)));
        }
    }
    Ok(None)
}

fn sentence(file: &Path, pid: u32) -> String {
    let file = file.display();
    match pid {
        0 => format!(
            "{file} is locked by a process that the system does not name (in a container, or on \
             another machine)"
        ),
        pid => format!("{file} is locked by process {pid}"),
    }
}

/// A refusal if somebody holds a lock on one of the files.
pub(super) fn refuse_in_use(host: &dyn Host, files: &[PathBuf]) -> Result<(), Failure> {
    match in_use(host, files)? {
        Some(text) => Err(refusal(text)),
        None => Ok(()),
    }
}

fn refusal(text: String) -> Failure {
    Failure::refused(text)
        .hint("stop the application server and wait until its process is gone, then try again")
}

/// Locks held by this program, each until this is dropped. Files that do not exist are not created:
/// one that belongs to whoever runs this program could keep out the application's own user.
pub(super) struct Guards<'a> {
    host: &'a dyn Host,
    held: RefCell<BTreeMap<(u64, u64), Box<dyn HeldLock>>>,
}

impl<'a> Guards<'a> {
    pub(super) fn new(host: &'a dyn Host) -> Self {
        Self {
            host,
            held: RefCell::default(),
        }
    }

    /// Locks those of the files that it does not hold yet; a refusal if somebody else does.
    pub(super) fn hold(&self, files: &[PathBuf]) -> Result<(), Failure> {
        for file in files {
            let Some(stat) = self.host.stat(file)? else {
                continue;
            };
            if self.held.borrow().contains_key(&stat.identity) {
                continue;
            }
            // Asked first, because a failed locking does not name the process.
            refuse_in_use(self.host, std::slice::from_ref(file))?;
            let lock = self
                .host
                .hold_lock(file)
                .map_err(|error| match error.io_kind() {
                    Some(ErrorKind::WouldBlock) => refusal(sentence(file, 0)),
                    _ => Failure::from(error),
                })?;
            self.held.borrow_mut().insert(stat.identity, lock);
        }
        Ok(())
    }
}
