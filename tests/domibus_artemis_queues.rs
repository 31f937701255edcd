//! `domibus.check-queues` on the store of a real Artemis.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use upgrade_kit::adapter::Failure;
use upgrade_kit::event::{FailureKind, Outcome};
use upgrade_kit::host::store_lock;

use crate::broker_stores::copy;
use crate::stage::decode;
use crate::tree_world::{Step, World};

struct Store {
    world: World,
    root: PathBuf,
}

impl Store {
    fn new() -> Self {
        let world = World::new();
        let root = world.path("activemq");
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/artemis/2.19.1");
        for folder in ["bindings", "journal", "paging", "large-messages"] {
            copy(&data.join(folder), &root.join(folder));
        }
        Self { world, root }
    }

    fn options(&self, more: &Value) -> Value {
        let at = |folder: &str| self.root.join(folder);
        let mut options = json!({
            "journal": at("journal"), "bindings": at("bindings"), "paging": at("paging"),
            "large_messages": at("large-messages"),
        });
        for (name, value) in more.as_object().unwrap() {
            options[name] = value.clone();
        }
        options
    }

    fn check(&self, more: &Value) -> Result<Outcome, Failure> {
        let options = self.options(more);
        let step = Step::new("check-queues", "domibus.check-queues", &options);
        self.world.perform(&step)
    }
}

#[test]
fn queued_messages_stop_an_upgrade_that_would_lose_them() {
    let store = Store::new();
    let versions = json!({ "from_version": "5.1.9", "to_version": "5.2" });
    let failure = store.check(&versions).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    let causes = &failure.0.causes;
    // With those that a prepared transaction would put; a queue that is empty says nothing.
    assert!(
        causes.contains(&"large.queue: 1 message".to_owned()),
        "{causes:?}"
    );
    assert!(
        causes.contains(&"paged.large: 131 messages".to_owned()),
        "{causes:?}"
    );
    assert!(
        causes.contains(&"retried.queue: 9 messages".to_owned()),
        "{causes:?}"
    );
    assert!(
        !causes.iter().any(|cause| cause.contains("taken.queue")),
        "{causes:?}"
    );
    let allowed = json!({ "from_version": "5.1.9", "to_version": "5.2", "allow": true });
    let outcome = store.check(&allowed).unwrap();
    assert!(
        outcome.outputs["messages"].as_u64().unwrap() >= 263,
        "{outcome:?}"
    );
    assert_eq!(outcome.warnings.len(), 1);
}

#[test]
fn between_neighbours_everything_stays_valid() {
    let store = Store::new();
    let versions = json!({ "from_version": "5.1.0", "to_version": "5.1.1" });
    let outcome = store.check(&versions).unwrap();
    assert!(
        outcome.summary.contains("valid before and after"),
        "{}",
        outcome.summary
    );
    assert_eq!(outcome.warnings, Vec::<String>::new());
}

#[test]
fn a_running_broker_is_refused_and_damage_may_be_a_message() {
    let store = Store::new();
    let versions = json!({ "from_version": "4.2", "to_version": "5.0" });
    let held = store_lock::guard(&store.root.join("journal/serverlock.1")).unwrap();
    let failure = store.check(&versions).unwrap_err();
    assert!(failure.to_string().contains("is locked by"), "{failure}");
    drop(held);
    let large = store.root.join("large-messages");
    fs::remove_dir_all(large).unwrap();
    let failure = store.check(&versions).unwrap_err();
    assert!(
        failure.0.causes[0].contains("is damaged"),
        "{:?}",
        failure.0.causes
    );
}

#[test]
fn one_broker_is_named_and_named_whole() {
    let store = Store::new();
    for more in [
        json!({ "store": "/a" }),
        json!({ "store": "/a", "data": "/b" }),
        json!({ "paging": null }),
    ] {
        let problems = decode("domibus.check-queues", &store.options(&more)).validate();
        assert!(problems[0].contains("name either"), "{more}: {problems:?}");
    }
}
