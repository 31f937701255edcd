//! The database file of an embedded H2, copied while nothing has it open.
//!
//! Needs no Java: the file is one MVStore, whose own checksums tell whether it is whole. It is copied
//! and swapped with [`super::files`]. How many rows it holds is not looked at, so a copy is proven to
//! level L2 and not further.
//!
//! May import: what `adapter` may. Must never: write into a database file.

mod action_backup;
mod action_restore;
mod format_check;
mod in_use;
mod store_file;

pub use action_backup::H2Backup;
pub use action_restore::H2Restore;
pub use format_check::H2Check;
