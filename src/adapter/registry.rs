//! Every action of the program.

use super::action::ActionEntry;
use super::mysql;

/// All actions, sorted by name.
pub static ACTIONS: &[ActionEntry] = &[
    ActionEntry::of::<mysql::CheckQuiet>(),
    ActionEntry::of::<mysql::Dump>(),
    ActionEntry::of::<mysql::Query>(),
    ActionEntry::of::<mysql::Restore>(),
    ActionEntry::of::<mysql::Script>(),
];

/// The action of that name.
pub fn find(name: &str) -> Option<&'static ActionEntry> {
    ACTIONS.iter().find(|entry| entry.name == name)
}

/// Names of all actions.
pub fn names() -> Vec<&'static str> {
    ACTIONS.iter().map(|entry| entry.name).collect()
}
