//! What the adapters of database servers share: rows, answers, findings, and how migration scripts
//! are run to their end or not at all a second time.
//!
//! May import: `host`, `backup`, `event`, the adapter contracts. Must never: know a server's dialect.

mod expect;
mod findings;
mod restoring;
mod rows;
mod script_journal;
mod scripts;

pub use expect::Expect;
pub(in crate::adapter) use expect::answer;
pub(in crate::adapter) use findings::{
    artifact_name, default_wait, finding_of, refuse_or_warn, space,
};
pub(in crate::adapter) use restoring::{Reported, begin_once, only_file, was_begun};
pub(in crate::adapter) use rows::{Row, RowWriter};
pub(in crate::adapter) use script_journal::RunScript;
pub(in crate::adapter) use scripts::{
    HashedReader, Scripted, Scripts, hash_file, hash_of, refuse_changed, usable,
};
