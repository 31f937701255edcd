//! Why a store could not be read.

use std::io;
use std::path::PathBuf;

/// Why a store could not be read at all.
///
/// Damage inside a readable file is not an error: it is part of the inventory
/// ([`Damage`](super::Damage)).
#[derive(Debug, thiserror::Error)]
pub enum KahadbError {
    /// The directory could not be listed.
    #[error("cannot list the KahaDB directory {path}")]
    List {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither the directory nor a directory right below it holds a journal file.
    #[error(
        "{path} is not a KahaDB directory: no db-N.log in it, nor in a directory right below it"
    )]
    NoJournal {
        /// The directory.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error("cannot read {path} at byte {offset}")]
    Read {
        /// The file.
        path: PathBuf,
        /// How far it had been read.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
}
