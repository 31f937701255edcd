//! Trees and files: saving them into a set, bringing them back, putting new ones in their place.
//!
//! Nothing is changed in place. What shall stand at a path is built whole beside it, compared, made
//! durable and then swapped in; what it replaces stays under a name of its own until
//! `files.discard`. A note in the step's scratch directory, written before the first swap, lets a
//! later attempt finish whatever a killed one began.
//!
//! May import: what `adapter` may. Must never: follow a symbolic link.

mod backup;
mod build;
mod checks;
mod copy;
mod discard;
mod keep;
mod overlay;
mod parents;
mod pieces;
mod remove;
mod replace;
mod restore;
mod scan;
mod script;
mod swap;
mod words;
mod workers;

pub use backup::FilesBackup;
pub use discard::FilesDiscard;
pub use overlay::FilesOverlay;
pub use remove::FilesRemove;
pub use replace::FilesReplace;
pub use restore::FilesRestore;

pub(super) use pieces::difference;
pub(super) use swap::Swap;
pub(super) use words::{artifact_problem, bytes as size};
