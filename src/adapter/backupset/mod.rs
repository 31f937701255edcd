//! Actions on backup sets as a whole: seal the one that is being written, verify the one in use, and
//! see whether it is still a picture of the installation.
//!
//! May import: what `adapter` may. Must never: build a path inside a set.

mod current;
mod seal;
mod verify;

pub use current::BackupsetCheckCurrent;
pub use seal::BackupsetSeal;
pub use verify::{BackupsetVerify, WantedLevel};
