//! Pausing and resuming JMS.

use serde_json::json;

use super::rig::{Domain, message, text, words};
use crate::stage::decode;

const PAUSE: &str = "weblogic.pause-jms";
const RESUME: &str = "weblogic.resume-jms";

#[test]
fn a_module_is_paused_and_resumed() {
    for domain in Domain::both() {
        let options = json!({ "jms_module": "eDelivery" });
        let outcome = domain.perform(PAUSE, options.clone()).unwrap();
        assert_eq!(outcome.outputs["destinations"], 4);
        // Those of topics belong to their subscribers.
        assert_eq!(outcome.outputs["messages"], 8);
        assert_eq!(domain.world().matches("Consumption-Paused").count(), 5);
        domain.assert_shown(&*decode(PAUSE, &domain.options(options.clone())));
        domain.perform(PAUSE, options.clone()).unwrap();
        domain.next_step();
        domain.perform(RESUME, options).unwrap();
        let world = domain.world();
        assert!(!world.contains("Consumption-Paused") && !world.contains("Production-Paused"));
    }
}

/// A module's name reaches the domain through Python as it is, whatever Python would make of it.
#[test]
fn a_module_of_any_name_is_paused() {
    let name = "it's \"x\" $(touch pwned) \\ ; %s \u{fc} # {} ''' \\n ]";
    for domain in Domain::both() {
        domain.change("eDelivery", &name.replace('"', "&quot;"));
        let options = json!({ "jms_module": name });
        let outcome = domain.perform(PAUSE, options.clone()).unwrap();
        assert_eq!(outcome.outputs["destinations"], 4);
        assert_eq!(domain.world().matches("Consumption-Paused").count(), 5);
    }
}

#[test]
fn what_is_in_flight_is_waited_for_and_what_is_delayed_is_not() {
    for domain in Domain::both() {
        let soon = std::time::SystemTime::now() + std::time::Duration::from_secs(3);
        let at = soon
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis();
        let taken = message(31, "receive", "taken", &text("x")).replacen(
            "<message ",
            &format!("<message settlesAt=\"{at}\" "),
            1,
        );
        domain.change(
            "<subscriber clientId=\"c1\" name=\"two\" selector=\"a = 'b'\">",
            &format!("<subscriber clientId=\"c1\" name=\"two\" selector=\"a = 'b'\">{taken}"),
        );
        domain
            .perform(PAUSE, json!({ "jms_module": "eDelivery" }))
            .unwrap();
        assert!(!domain.world().contains("settlesAt"));

        let stuck = message(32, "transaction", "stuck", &text("x"));
        domain.change(
            "<message handle=\"11\"",
            &format!("{stuck}<message handle=\"11\""),
        );
        let options = json!({ "jms_module": "eDelivery", "timeout": "1s" });
        let failure = domain.perform(PAUSE, options).unwrap_err();
        assert!(
            words(&failure)
                .contains("eDelivery!JMS2@Send of JMS2 on ms2 still has messages in flight"),
            "{failure:?}"
        );
    }
}

#[test]
fn a_server_that_does_not_run_is_missed() {
    for domain in Domain::both() {
        domain.change(
            "<server name=\"ms2\" state=\"RUNNING\"",
            "<server name=\"ms2\" state=\"SHUTDOWN\"",
        );
        let failure = domain
            .perform(PAUSE, json!({ "jms_module": "eDelivery" }))
            .unwrap_err();
        assert!(
            words(&failure).contains("the server ms2 does not run"),
            "{failure:?}"
        );
        // Even if nobody named it.
        domain.change(
            "<queue name=\"Notify\"",
            "<queue name=\"Orphan\"/><queue name=\"Notify\"",
        );
        let options = json!({ "jms_module": "eDelivery", "targets": ["ms1"] });
        let failure = domain.perform(PAUSE, options).unwrap_err();
        assert!(
            words(&failure).contains("eDelivery!Orphan is configured"),
            "{failure:?}"
        );
        assert!(!domain.world().contains("Paused"));
    }
}

#[test]
fn a_refusal_of_the_server_is_shown() {
    for domain in Domain::both() {
        domain.fault("deny=\"consumption\"");
        let failure = domain
            .perform(PAUSE, json!({ "jms_module": "eDelivery" }))
            .unwrap_err();
        assert!(
            words(&failure).contains("Access not allowed"),
            "{failure:?}"
        );
        let failure = domain
            .perform(PAUSE, json!({ "jms_module": "nothing" }))
            .unwrap_err();
        assert!(
            words(&failure).contains("no JMS module nothing"),
            "{failure:?}"
        );
    }
}
