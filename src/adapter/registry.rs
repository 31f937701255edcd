//! Every action of the program.

use super::action::ActionEntry;
use super::command::{CommandCheck, CommandRun};
use super::gate::Gate;
use super::http::HttpCheck;
use super::milestone::Milestone;
use super::{mysql, server};

/// All actions, sorted by name.
pub static ACTIONS: &[ActionEntry] = &[
    ActionEntry::of::<CommandCheck>(),
    ActionEntry::of::<CommandRun>(),
    ActionEntry::of::<Gate>(),
    ActionEntry::of::<HttpCheck>(),
    ActionEntry::of::<Milestone>(),
    ActionEntry::of::<mysql::CheckQuiet>(),
    ActionEntry::of::<mysql::Dump>(),
    ActionEntry::of::<mysql::Query>(),
    ActionEntry::of::<mysql::Restore>(),
    ActionEntry::of::<mysql::Script>(),
    ActionEntry::of::<server::CheckStopped>(),
    ActionEntry::of::<server::Start>(),
    ActionEntry::of::<server::Stop>(),
];

/// The action of that name.
pub fn find(name: &str) -> Option<&'static ActionEntry> {
    ACTIONS.iter().find(|entry| entry.name == name)
}

/// Names of all actions.
pub fn names() -> Vec<&'static str> {
    ACTIONS.iter().map(|entry| entry.name).collect()
}
