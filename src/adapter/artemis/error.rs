//! Why a store could not be read.

use std::io;
use std::path::PathBuf;

/// Why a store could not be read at all.
///
/// Damage inside a readable file is not an error: it is part of the inventory
/// ([`ArtemisDamage`](super::ArtemisDamage)).
#[derive(Debug, thiserror::Error)]
pub enum ArtemisError {
    /// A directory could not be listed.
    #[error("cannot list the directory {path}")]
    List {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory holds files, but none of the kind that it should.
    #[error(
        "{path} is no {what} directory of an Artemis broker: there is no {extension} file in it"
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// What it was taken for.
        what: &'static str,
        /// How the names of the expected files end.
        extension: &'static str,
    },
    /// A file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
