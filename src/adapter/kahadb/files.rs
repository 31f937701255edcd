//! Which files make a store, and where a directory keeps its stores.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::KahadbError;

/// The file on which a running broker holds its lock.
pub const LOCK_FILE: &str = "lock";

/// The names of the two indexes: of a message store, and of the scheduler's (`PageFile.java`,
/// `JobSchedulerStoreImpl.getPageFileName`).
const INDEX_NAMES: [&str; 2] = ["db", "scheduleDB"];

/// What an index consists of: pages, pages being written, free pages (`PageFile.java`).
const INDEX_SUFFIXES: [&str; 3] = [".data", ".redo", ".free"];

/// The template that the preallocation strategy `os_kernel_copy` copies (`Journal.java`).
const TEMPLATE_FILE: &str = "db-log.template";

/// Whether a file of this name belongs to a message store or to the scheduler's store.
///
/// The files that a backup must hold, that a restore must replace and that nothing else in the
/// directory resembles: the journal, the index and what it left when it was found corrupt, the lock.
pub fn is_store_file(name: &str) -> bool {
    is_journal_file(name) || is_index_file(name) || name == LOCK_FILE || name == TEMPLATE_FILE
}

/// Whether a file of this name is part of the journal (`db-N.log`), the store's truth.
pub fn is_journal_file(name: &str) -> bool {
    journal_number(name).is_some()
}

/// Whether a file of this name is part of an index, which a broker rebuilds from the journal.
pub fn is_index_file(name: &str) -> bool {
    INDEX_NAMES
        .iter()
        .filter_map(|index| name.strip_prefix(index))
        .any(|rest| {
            INDEX_SUFFIXES
                .iter()
                .filter_map(|suffix| rest.strip_prefix(suffix))
                .any(|rest| {
                    // PageFile.archive appends the time at which a corrupt index was put aside.
                    rest.is_empty() || rest.strip_prefix('-').is_some_and(is_decimal)
                })
        })
}

/// The number of a journal file, by its name.
fn journal_number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("db-")?.strip_suffix(".log")?;
    let number: i32 = is_decimal(digits).then(|| digits.parse().ok())??;
    u32::try_from(number).ok()
}

fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A journal file of a store.
pub(super) struct FoundFile {
    pub(super) path: PathBuf,
    /// The path below the directory that was asked for, `/` between its parts.
    pub(super) name: String,
    pub(super) number: u32,
    pub(super) bytes: u64,
}

/// The journals below `directory`, each in the order in which a broker reads it.
///
/// A plain KahaDB has one, in the directory itself. An mKahaDB has one in each directory right below
/// (`MultiKahaDBPersistenceAdapter.java`: one for each filter or destination, and `txStore`). Below a
/// plain KahaDB other journals may lie, but they are archives (`data-archive`).
pub(super) fn journals(directory: &Path) -> Result<Vec<Vec<FoundFile>>, KahadbError> {
    let found = journal(directory, "")?;
    if !found.is_empty() {
        return Ok(vec![found]);
    }
    let mut journals = Vec::new();
    for (name, path) in entries(directory)? {
        if path.is_dir() {
            let found = journal(&path, &format!("{name}/"))?;
            if !found.is_empty() {
                journals.push(found);
            }
        }
    }
    if journals.is_empty() {
        return Err(KahadbError::NoJournal {
            path: directory.to_owned(),
        });
    }
    Ok(journals)
}

fn journal(directory: &Path, prefix: &str) -> Result<Vec<FoundFile>, KahadbError> {
    let mut files = Vec::new();
    for (name, path) in entries(directory)? {
        let Some(number) = journal_number(&name) else {
            continue;
        };
        match path.metadata() {
            Ok(metadata) if metadata.is_file() => {
                let name = format!("{prefix}{name}");
                files.push(FoundFile {
                    path,
                    name,
                    number,
                    bytes: metadata.len(),
                });
            }
            Ok(_) => {
                let source = io::Error::other("not a regular file");
                return Err(KahadbError::Read {
                    path,
                    offset: 0,
                    source,
                });
            }
            Err(source) => {
                return Err(KahadbError::Read {
                    path,
                    offset: 0,
                    source,
                });
            }
        }
    }
    files.sort_by_key(|file| file.number);
    Ok(files)
}

fn entries(directory: &Path) -> Result<Vec<(String, PathBuf)>, KahadbError> {
    let list = || -> io::Result<Vec<_>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            entries.push((
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            ));
        }
        entries.sort();
        Ok(entries)
    };
    list().map_err(|source| KahadbError::List {
        path: directory.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_store() {
        for name in [
            "db-1.log",
            "db-27.log",
            "db.data",
            "db.redo",
            "db.free",
            "lock",
            "scheduleDB.data",
            "scheduleDB.redo",
            "scheduleDB.free",
            "db.data-1732180000000",
            "db-log.template",
        ] {
            assert!(is_store_file(name), "{name}");
        }
        for name in [
            "",
            "db-.log",
            "db-x.log",
            "db--1.log",
            "db-4294967296.log",
            "db-1.log.bak",
            "db.data-old",
            "db.database",
            "activemq.log",
            "lock.bak",
            "store.data",
        ] {
            assert!(!is_store_file(name), "{name}");
        }
    }

    #[test]
    fn files_come_in_the_order_of_their_numbers() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["db-10.log", "db-9.log", "db-100.log", "db.data", "note.txt"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        let journals = journals(directory.path()).unwrap();
        let names: Vec<_> = journals.iter().flatten().map(|file| &file.name).collect();
        assert_eq!(names, ["db-9.log", "db-10.log", "db-100.log"]);
    }

    #[test]
    fn an_archive_below_a_plain_store_is_not_a_store() {
        let directory = tempfile::tempdir().unwrap();
        let archive = directory.path().join("data-archive");
        fs::create_dir(&archive).unwrap();
        fs::write(archive.join("db-1.log"), "").unwrap();
        fs::write(directory.path().join("db-2.log"), "").unwrap();
        let journals = journals(directory.path()).unwrap();
        let names: Vec<_> = journals.iter().flatten().map(|file| &file.name).collect();
        assert_eq!(names, ["db-2.log"]);
    }

    #[test]
    fn a_journal_that_is_not_a_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("db-1.log")).unwrap();
        assert!(matches!(
            journals(directory.path()),
            Err(KahadbError::Read { .. })
        ));
    }

    #[test]
    fn a_directory_without_a_journal_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("db.data"), "").unwrap();
        assert!(matches!(
            journals(directory.path()),
            Err(KahadbError::NoJournal { .. })
        ));
        let absent = directory.path().join("absent");
        assert!(matches!(journals(&absent), Err(KahadbError::List { .. })));
    }
}
