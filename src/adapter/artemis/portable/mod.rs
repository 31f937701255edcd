//! Messages on their way to another version: XML, written by WildFly's exporter and read by its importer.
//!
//! A copy of the stores keeps everything and is the way back; an export is for a broker that cannot read the
//! stores. `xml` (the words of an export) · `contents` (the messages in them) · `cli` (how a WildFly is asked) · `exporter`
//! (its exporter at work) · `standing` (how far an import is) · `record` and `format_check` (what a set remembers, and whether it is still so) · the actions.
//!
//! Never believed: that an exporter that ended with 0 has written everything, that an importer that reports a
//! failure has imported nothing, and that a broker that counts 0 is empty.

mod action_export;
mod action_import;
mod cli;
mod contents;
#[cfg(test)]
mod contents_tests;
mod exporter;
mod format_check;
mod record;
mod standing;
mod xml;

pub use action_export::ArtemisExport;
pub use action_import::ArtemisImport;
pub use format_check::ArtemisExportCheck;
