//! PostgreSQL: dump, restore to the exact earlier state, migration scripts, queries.
//!
//! The vendor's own `pg_dump` and `psql` do the work; this room proves what they did:
//!
//! - A dump and the rows that it is held against are read from one exported snapshot. It counts only
//!   with exit code 0, its trailer, every object of the catalogue and exactly the rows of the snapshot.
//! - A restore drops and creates the database with its recorded owner, encoding, collation, settings
//!   and grants, loads, and compares every definition, row count and checksum.
//! - `psql` runs commands of its own in what it is fed, `\! COMMAND` in a shell, wherever a statement
//!   could stand. A text is read to its end before, and one that holds any is refused.
//!   `\restrict` and `\unrestrict`, which newer `pg_dump` writes against the same danger and which
//!   older `psql` does not know, are not kept.
//!
//! # Credentials
//!
//! `PGSERVICEFILE=/dev/fd/3`, an anonymous pipe with the password of the service `upgrade-kit`. Not
//! `PGPASSFILE`: libpq takes only a plain file for that.
//!
//! # Reading
//!
//! Queries go to the client's standard input as `COPY (…) TO STDOUT`, whose escapes make every row one
//! line and every tab a column's end. NULL reads as the text `NULL`.
//!
//! May import: `host`, `backup`, `event`, `site` (secret references), the adapter contracts,
//! `database`. Must never: put a password anywhere but into the pipe, or load over an existing
//! database.

mod check_quiet;
mod compare;
mod connection;
mod contents;
mod dump;
mod inventory;
mod lexer;
mod properties;
mod query;
mod quiet;
mod quoting;
mod record;
mod restore;
mod scanner;
mod script;
mod server;
mod session;
mod snapshot;
mod tool_messages;

pub use check_quiet::CheckQuiet;
pub use connection::Connection;
pub use dump::Dump;
pub use query::Query;
pub use record::DumpRecord;
pub use restore::Restore;
pub use script::Script;
