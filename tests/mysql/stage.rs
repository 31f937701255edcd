//! The adapter's actions as a runbook gives them.

use serde_json::{Value, json};
use upgrade_kit::adapter::Action;
use upgrade_kit::adapter::mysql::{Connection, Dump, Restore};

/// Options as a runbook gives them.
pub(super) fn action<T: Action>(connection: &Connection, options: Value) -> T {
    let mut all = json!({ "connection": connection });
    for (name, value) in options.as_object().unwrap() {
        all[name] = value.clone();
    }
    let action: T = serde_json::from_value(all).unwrap();
    assert_eq!(action.validate(), Vec::<String>::new());
    action
}

/// A dump that does not wait for others.
pub(super) fn dump(connection: &Connection, schema: &str) -> Dump {
    action(connection, json!({ "schema": schema, "wait_seconds": 0 }))
}

/// A restore that does not wait for others.
pub(super) fn restore(connection: &Connection, schema: &str) -> Restore {
    action(connection, json!({ "schema": schema, "wait_seconds": 0 }))
}
