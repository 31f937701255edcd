//! What the adapters of databases share: rows, answers, findings, records and outcomes of dumps, the wait
//! for a quiet database, and how migration scripts are run to their end or not at all a second time.
//!
//! May import: `host`, `backup`, `event`, the adapter contracts. Must never: know a server's dialect.

mod counts;
mod expect;
mod findings;
mod quiet;
mod record;
mod restoring;
mod rows;
mod script_journal;
mod scripts;
mod tool_words;
mod whole;

pub(in crate::adapter) use counts::{Counts, DUMP_OUTPUTS, Dumped, ROWS, TABLES, used_meanwhile};
pub use expect::Expect;
pub(in crate::adapter) use expect::answer;
pub(in crate::adapter) use findings::{
    artifact_name, artifact_problem, default_wait, finding_of, refuse_or_warn, space,
};
pub(in crate::adapter) use quiet::{Patience, in_use};
pub(in crate::adapter) use record::record_of;
pub(in crate::adapter) use restoring::{
    Reported, artifact_of, begin_once, loaded_otherwise, only_file, was_begun,
};
pub(in crate::adapter) use rows::{END, Row, RowWriter, WholeOutput, came_to_its_end};
pub(in crate::adapter) use script_journal::RunScript;
pub(in crate::adapter) use scripts::{
    HashedReader, Scripted, Scripts, UNDO, hash_file, hash_of, refuse_changed, statements_stay,
    usable,
};
pub(in crate::adapter) use tool_words::{KEPT_LINES, Said, Source, log_lines, no_end};
pub(in crate::adapter) use whole::{damaged, read_whole};
