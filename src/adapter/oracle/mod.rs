//! Oracle databases through the vendor's own programs: `expdp`, `impdp`, `sqlplus`.
//!
//! Their exit codes say less than they seem to, and their jobs outlive them:
//!
//! - Exit code 5 means "completed with errors", and a table that was skipped is such an error. Exit code,
//!   the last line of the log and every error in it are judged together, and the rows that the log names
//!   are held against rows that were counted.
//! - A job lives in the database. One whose client was killed goes on: it is found by a name that the step
//!   wrote down, and taken up or removed, never started a second time beside itself.
//! - A dump file is never overwritten: every attempt has a name of its own, `REUSE_DUMPFILES` is not used.
//! - `impdp` skips every table that exists. A restore empties the schema first, and compares afterwards.
//! - `sqlplus` goes on after a failed CONNECT, and its own errors (`SP2-…`) are no SQL errors. An answer
//!   counts only between two marks that the database itself gave.
//!
//! # Credentials
//!
//! `sqlplus` is started with `/nolog` and reads its CONNECT from standard input; `expdp` and `impdp` are
//! given the account without its password, ask for that, and read it from standard input. So a password is
//! in no argument, environment, log or file. A wallet or the operating system's word needs none.
//!
//! # Files
//!
//! The database writes dump files on its own machine, through a directory object. `directory_path` says
//! where that folder is seen from here; the dump is fetched into the backup set and put back for a restore.
//!
//! May import: `host`, `backup`, `event`, `site` (secret references), the adapter contracts, `mysql` (what a
//! query expects). Must never: put a password anywhere but into a pipe, overwrite a dump file, or import over existing objects.

mod by_hand;
mod compare;
mod connection;
mod directory;
mod dump_check;
mod emptying;
mod export;
mod inventory;
mod job;
mod journal;
mod messages;
mod pump_log;
mod query;
mod quiet;
mod quoting;
mod record;
mod restore;
mod script;
mod server;
mod session;

pub use connection::Connection;
pub use dump_check::DumpCheck;
pub use export::Export;
pub use query::Query;
pub use record::{Contents, DumpRecord, Inventory, ObjectRecord};
pub use restore::Restore;
pub use script::Script;
