//! Which files make a store.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::error::ArtemisError;

/// The files on which a running broker may hold a lock, in its journal directory: `serverlock.1` since
/// 2.7, `serverlock.2` if it stands by for another one, ranges of `server.lock` before.
/// (`FileLockNodeManager.java`; a broker makes all of them and leaves them there.)
pub const LOCK_FILES: [&str; 3] = ["serverlock.1", "serverlock.2", "server.lock"];

/// Java's largest array, which a broker reads a file into.
const LARGEST: u64 = i32::MAX as u64;

/// One of a broker's two journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bindings,
    Journal,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Bindings => "bindings",
            Self::Journal => "journal",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Bindings => ".bindings",
            Self::Journal => ".amq",
        }
    }
}

/// A file of a store.
pub(super) struct FoundFile {
    pub(super) path: PathBuf,
    /// For people: the role of the directory, and the path below it.
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// The files of a journal.
pub(super) struct FoundJournal {
    pub(super) files: Vec<FoundFile>,
    /// What is left of an unfinished compaction, which the next start of the broker finishes.
    pub(super) unfinished: Vec<String>,
}

/// A file of paged messages.
pub(super) struct Page {
    pub(super) number: i64,
    pub(super) file: FoundFile,
}

/// The journal in a directory; nothing, if no broker has written there.
pub(super) fn journal(directory: &Path, kind: Kind) -> Result<FoundJournal, ArtemisError> {
    let extension = kind.extension();
    let mut found = FoundJournal {
        files: Vec::new(),
        unfinished: Vec::new(),
    };
    let mut foreign = false;
    for (name, path) in entries(directory)? {
        let role = kind.words();
        let shown = format!("{role}/{name}");
        if name.ends_with(extension) {
            found.files.extend(file(path, shown)?);
        } else if name.strip_suffix(".ctr").is_some() {
            // `AbstractJournalUpdateTask.FILE_COMPACT_CONTROL`.
            if length(&path)?.is_some_and(|bytes| bytes > 0) {
                found.unfinished.push(shown);
            }
        } else {
            foreign |= !LOCK_FILES.contains(&name.as_str());
        }
    }
    if found.files.is_empty() && foreign {
        return Err(ArtemisError::Foreign {
            path: directory.to_owned(),
            what: kind.words(),
            extension,
        });
    }
    Ok(found)
}

/// The pages of all addresses, each of which has a directory with a name of its own.
pub(super) fn pages(directory: &Path) -> Result<Vec<Page>, ArtemisError> {
    let mut pages = Vec::new();
    for (folder, path) in entries(directory)? {
        if !path.is_dir() {
            continue;
        }
        for (name, path) in entries(&path)? {
            let digits = name.strip_suffix(".page");
            let Some(number) = digits.and_then(|digits| digits.parse().ok()) else {
                continue;
            };
            let file = file(path, format!("paging/{folder}/{name}"))?;
            pages.extend(file.map(|file| Page { number, file }));
        }
    }
    Ok(pages)
}

/// The length of a file that may be missing.
pub(super) fn length(path: &Path) -> Result<Option<u64>, ArtemisError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata.len())),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ArtemisError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The first bytes of a file that has as many.
pub(super) fn front(path: &Path, length: usize) -> Result<Vec<u8>, ArtemisError> {
    let read = || -> std::io::Result<_> {
        let mut front = vec![0; length];
        File::open(path)?.read_exact(&mut front)?;
        Ok(front)
    };
    read().map_err(|source| ArtemisError::Read {
        path: path.to_owned(),
        source,
    })
}

fn file(path: PathBuf, name: String) -> Result<Option<FoundFile>, ArtemisError> {
    let bytes = length(&path)?;
    if bytes.is_some_and(|bytes| bytes > LARGEST) {
        let source = std::io::Error::other("it is larger than any file that a broker writes");
        return Err(ArtemisError::Read { path, source });
    }
    Ok(bytes.map(|bytes| FoundFile { path, name, bytes }))
}

/// What is in a directory that may be missing, by name.
fn entries(directory: &Path) -> Result<Vec<(String, PathBuf)>, ArtemisError> {
    let list = || -> std::io::Result<_> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            entries.push((name, entry.path()));
        }
        entries.sort();
        Ok(entries)
    };
    match list() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(|source| ArtemisError::List {
            path: directory.to_owned(),
            source,
        }),
    }
}
