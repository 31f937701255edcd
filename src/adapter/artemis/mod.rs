//! Reads what a stopped Artemis broker's directories hold, without the broker and without writing a
//! byte; saves them and brings them back. Artemis is the broker inside WildFly.
//!
//! A file-by-file copy can be compared by hash only until a broker has opened it. So a backup, and above
//! all a restore, is compared by *message*: which queue holds which message ids. [`read_inventory`]
//! follows the broker's own rules for a start (sources: Artemis 2.19.1 and 2.44.0), so that what it
//! counts is what the broker shows afterwards.
//!
//! The vendor's own way, an export as XML and its import, is not the way back: it gives every message a new id,
//! forgets delivery counts and prepared transactions, ends with 0 when it fails, and writes into the stopped
//! broker's directories. It is there for a version that cannot read the copied stores: `portable`.
//!
//! The layers, each unaware of the one above: `bytes` (numbers and texts) · `journal` and `pages` (the
//! records of one file) · `change` (what a record says) · `transactions` (which changes count) · `state`
//! (what follows from them) · `files` and `reader` (all files of a broker) and `inventory` (the result) ·
//! `places` (where a broker keeps its state) and `record` (what a set remembers of it) · the actions. The
//! actions copy and swap with [`super::files`] and hold the broker's lock meanwhile; the reader neither
//! locks nor writes. Nothing here spawns.
//!
//! May import: what `adapter` may. Must never: trust a length that it read.

mod action_backup;
mod action_restore;
mod action_verify;
mod bytes;
mod change;
mod digest;
mod error;
mod files;
mod format_check;
mod inventory;
mod journal;
mod pages;
mod places;
mod portable;
mod reader;
mod record;
mod state;
#[cfg(test)]
mod tests;
mod transactions;
mod words;

pub use action_backup::ArtemisBackup;
pub use action_restore::ArtemisRestore;
pub use action_verify::ArtemisVerify;
pub use error::ArtemisError;
pub use files::LOCK_FILES;
pub use format_check::ArtemisStoreCheck;
pub use inventory::{ArtemisDamage, ArtemisInventory, ArtemisQueue};
pub use portable::{ArtemisExport, ArtemisExportCheck, ArtemisImport};
pub use reader::{Directories, read_inventory};
pub(in crate::adapter) use record::inventory;
