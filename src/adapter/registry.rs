//! Every action of the program.

use super::action::ActionEntry;
use super::command::{CommandCheck, CommandRun};
use super::gate::Gate;
use super::http::HttpCheck;
use super::milestone::Milestone;

/// All actions, sorted by name.
pub static ACTIONS: &[ActionEntry] = &[
    ActionEntry::of::<CommandCheck>(),
    ActionEntry::of::<CommandRun>(),
    ActionEntry::of::<Gate>(),
    ActionEntry::of::<HttpCheck>(),
    ActionEntry::of::<Milestone>(),
];

/// The action of that name.
pub fn find(name: &str) -> Option<&'static ActionEntry> {
    ACTIONS.iter().find(|entry| entry.name == name)
}
