//! The database file of an embedded H2, copied while nothing has it open.
//!
//! Copies need no Java: the file is one MVStore or, of H2 1.3 and older, one page store, whose own
//! checksums tell whether it is whole. It is copied and swapped with [`super::files`]. How many rows it holds is not looked at, so a copy is proven to
//! level L2 and not further.
//!
//! Scripts are run by H2's own program in the product's version, which alone writes into the file.
//!
//! May import: what `adapter` may. Must never: write into a database file itself.

mod action_backup;
mod action_check_tables;
mod action_restore;
mod action_script;
mod format_check;
mod in_use;
mod page_file;
mod store_file;
mod tool;

pub use action_backup::H2Backup;
pub use action_check_tables::H2CheckTables;
pub use action_restore::H2Restore;
pub use action_script::H2Script;
pub use format_check::H2Check;
pub use tool::H2Connection;
