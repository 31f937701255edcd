//! A run's directory: what `resume` remembers, and the lock that keeps two runs apart.
//!
//! ```text
//! <state>/lock                     held while a run of the site works; says who holds it
//! <state>/runs/<run-id>/           mode 0700
//!   plan.json                      the frozen plan, on disk before the first event
//!   site.yaml                      the site's text as the run saw it
//!   journal.jsonl                  one event a line, append-only, mode 0600
//!   steps/<step>/                  scratch of a step, kept across attempts
//!   logs/<step>.log                outputs of a step's tools, masked
//! ```
//!
//! Every line of the journal is one JSON object, so that `grep` and `jq` read it. Its last member,
//! `sum`, is the start of a SHA-256 over the previous line's `sum` and the line itself: a changed,
//! lost or doubled line is noticed and named. A line that a crash cut short (no newline, or a hole of
//! zero bytes) can only be the last one; nothing was done on the strength of it, so it is dropped.
//!
//! May import: `event`, `plan` (the frozen plan's type). Must never: decide what a run does.

mod directory;
mod error;
mod format;
mod instance;
mod lines;
mod lock;
mod names;
mod summary;

pub use directory::RunDirectory;
pub use error::JournalError;
pub use instance::Instances;
pub use lines::{Journal, Replay, replay};
pub use lock::{Holder, Lock};
pub use names::{file_name_of_step, new_run_id};
pub use summary::{RunSummary, UntoldRun};
