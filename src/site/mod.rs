//! What is installed: reading an existing installation without touching it.
//!
//! Everything here is pure and synchronous. Files are read through [`files::FileSource`] only, nothing is
//! started, and a value that cannot be known without running something is reported, never guessed.
//! This room imports no other room.

pub mod domibus;
pub mod files;
pub mod placeholders;
pub mod properties;
pub mod startup_args;
