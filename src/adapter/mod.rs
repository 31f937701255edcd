//! Actions: one file or folder per tool.
//!
//! An action is the typed `with:` of a step. It shows what it will do ([`Action::preview`], pure),
//! looks whether it can ([`Action::check`], read-only), tells after a crash how far it came
//! ([`Action::probe`]) and does it ([`Action::perform`]). It speaks to the machine only through
//! [`crate::host::Host`] and to the backup set only through [`crate::backup`].
//!
//! May import: `host`, `backup`, `event`, `site` (secret references). Must never: read a runbook,
//! plan, journal or terminal.

mod action;
pub mod artemis;
pub mod backupset;
pub mod command;
mod context;
pub mod database;
pub mod domibus;
mod duration;
mod failure;
pub mod files;
pub mod gate;
pub mod h2;
pub mod http;
pub mod kahadb;
pub mod milestone;
pub mod mysql;
pub mod oracle;
pub mod ox;
pub mod postgres;
pub mod registry;
pub mod server;
mod store_guard;
pub mod weblogic;
pub mod xml;

pub use action::{
    Action, ActionEntry, AnyAction, DecodeError, Effect, OutputKind, OutputSpec, Preview,
    PreviewLine, Probe, Transient,
};
pub use context::{CheckContext, Finding, Severity, StepContext};
pub use duration::{HumanDuration, parse_duration};
pub use failure::Failure;

/// Name of the action that seals a backup set: a plan with it writes one.
pub const SEAL_ACTION: &str = "backupset.seal";
