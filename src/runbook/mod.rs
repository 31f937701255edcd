//! The runbook language: documents, parts, overlays, expressions; and the shipped runbooks.
//!
//! A runbook is made of parts; a part holds the steps of one application server, database or plugin
//! for each phase. Nothing is resolved here: [`Runbook`] is what the documents say, put together,
//! with the place of every piece. May import: `diagnostic`, `event` (marks). Must never: know an
//! action, a site's values or a machine.

mod compose;
mod document;
pub mod expression;
mod library;
mod shipped;

pub use compose::{Origin, Part, Runbook, Step};
pub use document::OnFailureDocument;
pub use document::{PartDocument, PhaseName, RetryDocument, RunbookDocument, StepDocument};
pub use library::{Library, LibraryError};
pub use shipped::SHIPPED;
