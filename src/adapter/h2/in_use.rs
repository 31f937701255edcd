//! Whether somebody has a database open.

use std::path::{Path, PathBuf};

use crate::adapter::store_guard::in_use;
use crate::adapter::{Failure, Finding};
use crate::host::Host;

/// What is wrong with the option `file`.
pub(super) fn file_problem(file: &Path) -> Option<String> {
    let named = file.to_string_lossy().ends_with(".mv.db");
    (!named).then(|| format!("`file`: `{}` does not end in `.mv.db`", file.display()))
}

/// The lock file of the old method (`FILE_LOCK=FILE`), which is there while the database is open.
fn lock_file(file: &Path) -> Option<PathBuf> {
    let name = file.file_name()?.to_str()?.strip_suffix(".mv.db")?;
    Some(file.with_file_name(format!("{name}.lock.db")))
}

/// Why the database has to be left alone. H2 locks the file itself (`FileChannel.tryLock`), or, by
/// the old method, leaves a file beside it.
fn open_elsewhere(host: &dyn Host, file: &Path) -> Result<Option<(String, String)>, Failure> {
    if let Some(text) = in_use(host, &[file.to_owned()])? {
        let hint = "stop the application server and wait until its process is gone, then try again";
        return Ok(Some((text, hint.to_owned())));
    }
    match lock_file(file) {
        Some(lock) if host.stat(&lock)?.is_some() => {
            let text = format!("{} is open: there is {}", file.display(), lock.display());
            let hint = "stop what uses the database; if nothing does, a crash left that file: \
                remove it";
            Ok(Some((text, hint.to_owned())))
        }
        _ => Ok(None),
    }
}

/// A refusal if the database is open.
pub(super) fn refuse_open(host: &dyn Host, file: &Path) -> Result<(), Failure> {
    match open_elsewhere(host, file)? {
        Some((text, hint)) => Err(Failure::refused(text).hint(hint)),
        None => Ok(()),
    }
}

/// Before a run an open database is no surprise: a step will stop the application.
pub(super) fn note_open(host: &dyn Host, file: &Path) -> Option<Finding> {
    match open_elsewhere(host, file) {
        Ok(found) => found.map(|(text, _)| {
            Finding::info(format!("{text}: the application has to be stopped before"))
        }),
        Err(failure) => Some(Finding::of(&failure)),
    }
}
