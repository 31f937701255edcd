//! `domibus.check-queues` on stores that real brokers wrote.

use std::fs;

use serde_json::{Value, json};
use upgrade_kit::adapter::{Failure, Severity};
use upgrade_kit::event::{FailureKind, Outcome};
use upgrade_kit::host::store_lock;

use crate::broker_stores::{Broker, copy, fixture};
use crate::tree_world::Step;

fn options(broker: &Broker, more: &Value) -> Value {
    let mut options = json!({ "store": broker.store, "data": broker.data });
    for (name, value) in more.as_object().unwrap() {
        options[name] = value.clone();
    }
    options
}

fn check(broker: &Broker, more: &Value) -> Result<Outcome, Failure> {
    let options = options(broker, more);
    let step = Step::new("check-queues", "domibus.check-queues", &options);
    broker.world.perform(&step)
}

#[test]
fn messages_that_would_be_lost_stop_the_upgrade() {
    let broker = Broker::small();
    for (from, to) in [
        (json!("4.2.9"), json!("5.0")),
        (json!("5.1.9"), json!("5.2")),
        (Value::Null, json!("5.1")),
    ] {
        let versions = json!({ "from_version": from, "to_version": to });
        let failure = check(&broker, &versions).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Refused);
        let text = failure.to_string();
        assert!(
            text.starts_with("queued messages would be lost by the upgrade ("),
            "{text}"
        );
        let causes = &failure.0.causes;
        assert!(
            causes.contains(&"ActiveMQ.DLQ: 2 messages".to_owned()),
            "{causes:?}"
        );
        let jobs = "19 messages wait for a later delivery or redelivery";
        assert_eq!(causes.last().unwrap(), jobs);
        assert!(
            !causes.iter().any(|cause| cause.contains("backend.jms")),
            "{causes:?}"
        );
        let hint = failure.0.hint.unwrap();
        assert!(
            hint.contains("upgrade.allow_queued_messages: true"),
            "{hint}"
        );
    }
}

#[test]
fn the_site_may_give_them_up() {
    let broker = Broker::small();
    let more = json!({ "from_version": "5.1", "to_version": "5.2", "allow": true });
    let outcome = check(&broker, &more).unwrap();
    assert_eq!(outcome.outputs["messages"], 48);
    assert_eq!(outcome.warnings.len(), 1);
    assert!(outcome.warnings[0].starts_with("the upgrade from 5.1 to 5.2 loses queued messages: "));
}

#[test]
fn between_neighbours_everything_stays_valid() {
    let broker = Broker::small();
    let versions = json!({ "from_version": "5.1.0", "to_version": "5.1.1" });
    let outcome = check(&broker, &versions).unwrap();
    assert_eq!(
        outcome.summary,
        "48 messages wait, valid before and after (5.1.0 to 5.1.1)"
    );
    assert_eq!(outcome.warnings, Vec::<String>::new());
}

#[test]
fn messages_of_backends_outlive_every_upgrade() {
    let broker = Broker::small();
    fs::remove_dir_all(&broker.data).unwrap();
    fs::remove_dir_all(&broker.store).unwrap();
    let versions = json!({ "from_version": "4.2", "to_version": "5.0" });
    let outcome = check(&broker, &versions).unwrap();
    assert_eq!(outcome.outputs["messages"], 0);
    // The practice installation: backends' messages, and three dead letters.
    let template = "examples/quickstart/template/tomcat/conf/domibus/work/kahadb";
    let template = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(template);
    copy(&template, &broker.store);
    let failure = check(&broker, &versions).unwrap_err();
    assert_eq!(failure.0.causes, ["domibus.DLQ: 3 messages"]);
}

#[test]
fn what_cannot_be_read_may_be_a_message() {
    let broker = Broker::small();
    fs::remove_dir_all(&broker.data).unwrap();
    fs::remove_dir_all(&broker.store).unwrap();
    copy(&fixture("topics"), &broker.store);
    let versions = json!({ "from_version": "4.2", "to_version": "5.0" });
    let failure = check(&broker, &versions).unwrap_err();
    assert_eq!(
        failure.0.causes,
        ["domibus.internal.dispatch.queue: 2 messages"]
    );
    let file = broker.store.join("db-1.log");
    let mut bytes = fs::read(&file).unwrap();
    bytes[300] ^= 1;
    fs::write(&file, bytes).unwrap();
    let failure = check(&broker, &versions).unwrap_err();
    assert!(
        failure.0.causes[0].contains("is damaged at byte"),
        "{failure:?}"
    );
}

#[test]
fn a_running_broker_is_warned_of_before_and_refused_then() {
    let broker = Broker::small();
    let versions = json!({ "from_version": "5.1", "to_version": "5.2" });
    let options = options(&broker, &versions);
    let step = Step::new("check-queues", "domibus.check-queues", &options);
    let severities = || {
        let findings = broker.world.check(&step);
        findings
            .iter()
            .map(|finding| finding.severity)
            .collect::<Vec<_>>()
    };
    assert_eq!(severities(), [Severity::Refuse]);
    let held = store_lock::guard(&broker.store.join("lock")).unwrap();
    assert_eq!(severities(), [Severity::Warning]);
    let failure = check(&broker, &versions).unwrap_err();
    assert!(failure.to_string().contains("is locked by"), "{failure}");
    drop(held);
}
