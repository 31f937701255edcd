//! Comparing what is there with a set, and deleting what is not of it.

use serde_json::{Value, json};
use upgrade_kit::adapter::Failure;
use upgrade_kit::backup::SealedSet;
use upgrade_kit::event::{FailureKind, Outcome};

use super::rig::{Domain, message, text, words};
use crate::stage::decode;

const EMPTY: &str = "weblogic.empty-jms";
const VERIFY: &str = "weblogic.verify-jms";

fn options(more: &Value) -> Value {
    let mut options = json!({ "jms_module": "eDelivery", "artifact": "jms" });
    for (name, value) in more.as_object().unwrap() {
        options[name] = value.clone();
    }
    options
}

impl Domain {
    fn with_set(&self, action: &str, more: &Value, set: &SealedSet) -> Result<Outcome, Failure> {
        let action = decode(action, &self.options(options(more)));
        assert_eq!(action.validate(), Vec::<String>::new());
        self.act(None, Some(set), |context| action.perform(context))
    }
}

#[test]
fn only_destinations_that_hold_others_are_emptied() {
    if let Some(domain) = Domain::new("2.2.1") {
        domain.pause();
        let (_, set) = domain.export("set").unwrap();
        domain.next_step();
        let outcome = domain.with_set(VERIFY, &json!({}), &set).unwrap();
        assert_eq!(outcome.outputs["messages"], 9);
        domain.assert_shown(&*decode(VERIFY, &domain.options(options(&json!({})))));
        domain.next_step();
        assert_eq!(
            domain.with_set(EMPTY, &json!({}), &set).unwrap().outputs["deleted"],
            0
        );
        // A message came to one member of the distributed queue.
        let world = domain.world();
        let at = world.find("\"eDelivery!JMS1@Send\"").unwrap();
        let at = at + world[at..].find('>').unwrap() + 1;
        let other = message(77, "visible", "new", &text("new"));
        let world = format!("{}{other}{}", &world[..at], &world[at..]);
        std::fs::write(domain.directory.path().join("world.xml"), world).unwrap();
        domain.next_step();
        let failure = domain.with_set(VERIFY, &json!({}), &set).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Verification);
        assert!(
            words(&failure).contains("shall hold 5 messages and holds 6"),
            "{}",
            words(&failure)
        );
        domain.next_step();
        let failure = domain
            .with_set(EMPTY, &json!({ "saved": 9 }), &set)
            .unwrap_err();
        assert!(words(&failure).contains("9 messages were saved before, and 10 are there"));
        assert_eq!(domain.holds("eDelivery!JMS1@Send"), 6);
        let saved = json!({ "saved": 10 });
        assert_eq!(
            domain.with_set(EMPTY, &saved, &set).unwrap().outputs["deleted"],
            6
        );
        domain.assert_shown(&*decode(EMPTY, &domain.options(options(&saved))));
        assert_eq!(
            (
                domain.holds("eDelivery!JMS1@Send"),
                domain.holds("eDelivery!JMS2@Send")
            ),
            (0, 3)
        );
        // Again: fewer are there than were saved, because of the first time.
        assert_eq!(
            domain.with_set(EMPTY, &saved, &set).unwrap().outputs["deleted"],
            0
        );
    }
}

#[test]
fn neither_works_on_destinations_that_are_not_paused() {
    let Some(domain) = Domain::new("2.2.1") else {
        return;
    };
    domain.pause();
    let (_, set) = domain.export("set").unwrap();
    domain.change("Production-Paused", "Production-Enabled");
    for action in [EMPTY, VERIFY] {
        domain.next_step();
        let failure = domain.with_set(action, &json!({}), &set).unwrap_err();
        assert!(words(&failure).contains("is not paused"));
    }
}
