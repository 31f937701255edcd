//! MySQL and MariaDB: dump, restore to the exact earlier state, migration scripts, queries.
//!
//! The vendors' own programs do the work (`mysqldump` or `mariadb-dump`, `mysql` or `mariadb`); this
//! room proves what they did, because they end with exit code 0 in cases that lose data:
//!
//! - A dump by an account that lacks TRIGGER, or cannot see routines, is silently incomplete. Grants
//!   are read first, and what the dump's text holds is compared with an inventory of the schema.
//! - A dump cut between statements loads without an error. Its trailer is required when it is
//!   written and again before anything is dropped.
//! - A dump loaded over an upgraded schema leaves the upgrade's objects behind. A restore drops and
//!   creates the schema, loads, and compares every table's rows and checksum with the record.
//! - The client drops the comments of stored routines unless `--comments` is given, reconnects in the
//!   middle of a load (and loses the session's time zone and character set) unless told not to, and
//!   runs `\! command` of its input in a shell unless `--binary-mode` is given.
//!
//! # Credentials
//!
//! `--defaults-file=/dev/fd/3`, an anonymous pipe, as first option. Not `--defaults-extra-file`: that
//! file is read *before* `~/.my.cnf`, so a password there wins over the site's, and options there
//! (`ignore-table`, `where`, `force`) would change what a plan shows. What an installation needs from
//! an option file (TLS) is named by `connection.option_file`.
//!
//! # Reading
//!
//! Queries go to the client's standard input; answers come back with `--batch --skip-column-names`,
//! whose escapes (`\t`, `\n`, `\0`, `\\`) make every row one line and every tab a column's end. NULL
//! reads as the text `NULL`; the room's own queries never ask for a column that can be NULL.
//!
//! May import: `host`, `backup`, `event`, `site` (secret references), the adapter contracts. Must
//! never: put a password anywhere but into the pipe, use `--force`, or load over an existing schema.

mod check_quiet;
mod compare;
mod connection;
mod dump;
mod dump_stream;
mod fingerprint;
mod grants;
mod inventory;
mod preflight;
mod query;
mod quiet;
mod quoting;
mod record;
mod restore;
mod sandbox_line;
mod scanner;
mod script;
mod server;
mod server_errors;
mod session;
mod tool_messages;
mod whole_dump;

pub use check_quiet::CheckQuiet;
pub use connection::{Connection, Family};
pub use dump::Dump;
pub use query::Query;
pub use record::{DumpRecord, ObjectKind, ObjectRecord, TableRecord};
pub use restore::Restore;
pub use scanner::{DumpScanner, DumpText};
pub use script::Script;
