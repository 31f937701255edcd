//! Every action of the program.

use super::action::ActionEntry;

/// All actions, sorted by name.
pub static ACTIONS: &[ActionEntry] = &[];

/// The action of that name.
pub fn find(name: &str) -> Option<&'static ActionEntry> {
    ACTIONS.iter().find(|entry| entry.name == name)
}

/// Names of all actions.
pub fn names() -> Vec<&'static str> {
    ACTIONS.iter().map(|entry| entry.name).collect()
}
