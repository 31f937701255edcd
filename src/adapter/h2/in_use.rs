//! Whether somebody has a database open.

use std::path::{Path, PathBuf};

use crate::adapter::store_guard::in_use;
use crate::adapter::{Failure, Finding};
use crate::host::Host;

/// The ends of a database file's name: an MVStore, and the page store of H2 1.3 and older.
const ENDS: [&str; 2] = [".mv.db", ".h2.db"];

/// The path without its end, as H2's addresses have it; `None` if it is no database file's.
pub(super) fn without_end(path: &str) -> Option<&str> {
    ENDS.iter().find_map(|end| path.strip_suffix(end))
}

/// Whether the name is that of a page store.
pub(super) fn is_page_store(file: &Path) -> bool {
    file.to_string_lossy().ends_with(ENDS[1])
}

/// What is wrong with the option `file`.
pub(super) fn file_problem(file: &Path) -> Option<String> {
    let named = without_end(&file.to_string_lossy()).is_some();
    let shown = file.display();
    (!named).then(|| format!("`file`: `{shown}` does not end in `.mv.db` or `.h2.db`"))
}

/// What H2 has beside a database file.
fn beside(file: &Path, end: &str) -> Option<PathBuf> {
    let name = without_end(file.file_name()?.to_str()?)?;
    Some(file.with_file_name(format!("{name}{end}")))
}

/// The lock file of the old method (`FILE_LOCK=FILE`, the usual one up to 1.3), which is there while the
/// database is open.
fn lock_file(file: &Path) -> Option<PathBuf> {
    beside(file, ".lock.db")
}

/// A refusal if the database has large objects outside its file, as H2 1.2 had them: a copy of the file
/// alone would be a database without them.
pub(super) fn refuse_parts_beside(host: &dyn Host, file: &Path) -> Result<(), Failure> {
    let folder = beside(file, ".lobs.db").filter(|_| is_page_store(file));
    let Some(folder) = folder else { return Ok(()) };
    if host.stat(&folder)?.is_none() || host.list(&folder)?.is_empty() {
        return Ok(());
    }
    let text = format!(
        "{} has large objects outside the file, in {}",
        file.display(),
        folder.display()
    );
    Err(Failure::refused(text).hint(
        "write it out with SCRIPT TO and read that into a new database (RUNSCRIPT), both with the \
         product's own H2, which keeps large objects in the file; then try again",
    ))
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
