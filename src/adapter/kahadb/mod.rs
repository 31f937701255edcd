//! Reads what a stopped broker's KahaDB directory holds, without the broker, without its index and
//! without writing a byte.
//!
//! A file-by-file copy of a store can be compared by hash only until a broker has opened it: start
//! and stop alone change the journal, the index and the lock file. So a backup, and above all a
//! restore, is compared by *message*: which queue holds which message ids. [`read_inventory`] reads
//! that from the journal (`db-N.log`); the index (`db.data`) is derived from it.
//!
//! What is counted is what the broker counted when it stopped: uncommitted transactions do not
//! count, prepared ones are told apart, records of a damaged batch are left out and the damage is
//! reported. The next broker to open the files comes to the same end, but for a fault of acknowledgement
//! compaction that [`StoreInventory::replay_differences`] tells of. The scheduler's store (messages that wait for a delayed
//! redelivery) has the same format and is read by the same function.
//!
//! The layers, each unaware of the one above: `protobuf` (fields) · `command` (what a record says) ·
//! `journal` (batches, records, checksums) · `state` and `jobs` (what follows from the commands) ·
//! `reader` (all files of a store) and `inventory` (the result) · `places` (where a broker keeps its
//! state) and `record` (what a set remembers of it) · the actions. The actions copy and swap with
//! [`super::files`] and hold the brokers' locks meanwhile; the reader neither locks nor writes. Nothing
//! here spawns.

mod action_backup;
mod action_restore;
mod action_verify;
mod adler32;
mod command;
mod error;
mod files;
mod fingerprint;
mod format_check;
mod inventory;
mod jobs;
mod journal;
mod places;
mod protobuf;
mod reader;
mod record;
mod state;
mod survey;
#[cfg(test)]
mod tests;
mod words;

pub use action_backup::KahadbBackup;
pub use action_restore::KahadbRestore;
pub use action_verify::KahadbVerify;
pub use error::KahadbError;
pub use files::{LOCK_FILE, is_index_file, is_journal_file, is_store_file};
pub use format_check::KahadbStoreCheck;
pub use inventory::{
    Damage, DamageKind, JournalFile, QueueInventory, StoreInventory, TopicInventory,
};
pub use reader::read_inventory;

pub(super) use survey::Survey;
pub(super) use words::counted;
