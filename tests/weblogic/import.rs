//! Importing messages: once, and told from what is there.

use serde_json::{Value, json};
use upgrade_kit::adapter::{Failure, Probe};
use upgrade_kit::backup::SealedSet;
use upgrade_kit::event::{FailureKind, Outcome};

use super::rig::{Domain, message, text, words};
use crate::stage::decode;

const IMPORT: &str = "weblogic.import-jms";

fn options() -> Value {
    json!({ "jms_module": "eDelivery", "artifact": "jms", "batch": 3 })
}

impl Domain {
    fn import(&self, set: &SealedSet) -> Result<Outcome, Failure> {
        let action = decode(IMPORT, &self.options(options()));
        assert_eq!(action.validate(), Vec::<String>::new());
        self.act(None, Some(set), |context| action.perform(context))
    }

    fn after_crash(&self, set: &SealedSet) -> Probe {
        self.probe(&*decode(IMPORT, &self.options(options())), set)
    }

    /// A server with a new, empty store; consumption is paused.
    fn empty(&self) {
        let messages = regex::Regex::new("(?s)<message .*?</message>").unwrap();
        let world = messages.replace_all(&self.world(), "").into_owned();
        std::fs::write(self.directory.path().join("world.xml"), world).unwrap();
    }

    /// Paused, exported, emptied.
    fn exported(&self) -> SealedSet {
        self.pause();
        let (_, set) = self.export("set").unwrap();
        self.next_step();
        self.empty();
        set
    }

    /// Every message is there exactly once, with its body.
    fn assert_whole(&self) {
        let world = self.world();
        assert_eq!(world.matches("<message ").count(), 9);
        for correlation in [
            "send 1 payload",
            "send 2 payload",
            "send 3 payload",
            "send 4 payload",
            "send 5 payload",
            "bytes",
            "empty",
            "delayed",
            "event",
        ] {
            let tag = format!("JMSCorrelationID&gt;{correlation}&lt;");
            assert_eq!(world.matches(&tag).count(), 1, "{correlation}");
        }
        assert_eq!(
            world
                .matches("payload &amp;lt;&amp;amp;&amp;gt; ]]&amp;gt; ")
                .count(),
            5
        );
        assert_eq!(self.holds("one"), 1);
    }
}

#[test]
fn what_was_exported_comes_back_once() {
    for domain in Domain::both() {
        let set = domain.exported();
        assert_eq!(domain.after_crash(&set), Probe::Absent);
        let outcome = domain.import(&set).unwrap();
        assert_eq!(
            (
                outcome.outputs["messages"].as_u64(),
                outcome.outputs["imported"].as_u64()
            ),
            (Some(9), Some(9))
        );
        domain.assert_whole();
        domain.assert_shown(&*decode(IMPORT, &domain.options(options())));
        let left: Vec<_> = std::fs::read_dir(domain.scratch())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(left.iter().all(|name| !name.ends_with(".xml")), "{left:?}");

        // Cut off after its end: the journal is there, and so is everything.
        assert!(matches!(domain.after_crash(&set), Probe::Present(_)));
        domain.next_step();
        let outcome = domain.import(&set).unwrap();
        assert_eq!(outcome.outputs["imported"], 0);
        domain.assert_whole();
    }
}

#[test]
fn a_store_that_was_kept_is_not_doubled() {
    for domain in Domain::both() {
        domain.pause();
        let (_, set) = domain.export("set").unwrap();
        domain.next_step();
        let before = domain.world();
        let outcome = domain.import(&set).unwrap();
        assert_eq!(outcome.outputs["imported"], 0);
        assert_eq!(domain.world(), before);

        // One message went, or another came: nobody but a person can tell.
        let foreign = message(77, "visible", "foreign", &text("x"));
        domain.change(
            "<message handle=\"11\"",
            &format!("{foreign}<message handle=\"11\""),
        );
        let failure = domain.import(&set).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Refused);
        assert!(
            words(&failure).contains("shall hold 3 messages and holds 4, of which 1 are not"),
            "{failure:?}"
        );
        assert_eq!(domain.holds("eDelivery!Notify"), 0);
        assert_eq!(domain.world().matches("<message ").count(), 10);
    }
}

#[test]
fn an_import_that_was_killed_goes_on_where_it_was() {
    // In a batch, at a batch's end before that is written, in the next one, after the last message.
    for at in [1, 3, 4, 9] {
        let jython = if at % 2 == 0 { "2.7.3" } else { "2.2.1" };
        let Some(domain) = Domain::new(jython) else {
            return;
        };
        let set = domain.exported();
        let kill = format!("killAt=\"{at}\"");
        domain.fault(&kill);
        let failure = domain.import(&set).unwrap_err();
        assert!(
            words(&failure).contains("did not come to its end"),
            "{failure:?}"
        );
        assert_eq!(domain.world().matches("<message ").count(), at);
        domain.mend(&kill);
        match domain.after_crash(&set) {
            Probe::Partial(text) => assert_eq!(text, format!("{at} of 9 messages were imported")),
            Probe::Present(_) => assert_eq!(at, 9),
            other => panic!("{at}: {other:?}"),
        }
        domain.import(&set).unwrap();
        domain.assert_whole();
    }
}

#[test]
fn what_was_taken_meanwhile_is_not_imported_again() {
    if let Some(domain) = Domain::new("2.7.3") {
        let set = domain.exported();
        domain.fault("killAt=\"8\"");
        domain.import(&set).unwrap_err();
        domain.mend("killAt=\"8\"");
        // Somebody resumed consumption: a message was delivered.
        let world = domain.world();
        let start = world.find("<message ").unwrap();
        let end = start + world[start..].find("</message>").unwrap() + "</message>".len();
        domain.change(&world[start..end], "");
        let count = domain.world().matches("<message ").count();
        assert!(matches!(domain.after_crash(&set), Probe::Unknown(_)));
        let failure = domain.import(&set).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::NeedsOperator);
        assert_eq!(domain.world().matches("<message ").count(), count);
    }
}

#[test]
fn a_quota_in_the_middle_of_a_batch_is_survived() {
    if let Some(domain) = Domain::new("2.2.1") {
        let set = domain.exported();
        domain.change("<destination consumption=\"Consumption-Paused\" name=\"eDelivery!JMS1@Send\"",
            "<destination quota=\"4\" consumption=\"Consumption-Paused\" name=\"eDelivery!JMS1@Send\"");
        let failure = domain.import(&set).unwrap_err();
        assert!(words(&failure).contains("Quota exceeded"), "{failure:?}");
        assert_eq!(domain.holds("eDelivery!JMS1@Send"), 4);
        domain.change("quota=\"4\"", "");
        domain.import(&set).unwrap();
        domain.assert_whole();
    }
}

#[test]
fn what_arrives_changed_is_found_out() {
    if let Some(domain) = Domain::new("2.2.1") {
        let set = domain.exported();
        domain.fault("garble=\"yes\"");
        let failure = domain.import(&set).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::NeedsOperator);
        assert!(
            words(&failure).contains("5 are not those of the set"),
            "{failure:?}"
        );
    }
}

#[test]
fn messages_find_another_member_and_subscribers_are_made() {
    let subscribers =
        regex::Regex::new("(?s)<subscriber .*?</subscriber>|<subscriber [^>]*/>").unwrap();
    for domain in Domain::both() {
        let set = domain.exported();
        domain.change("eDelivery!JMS2@Send", "other!JMS2@Send");
        let world = subscribers.replace_all(&domain.world(), "").into_owned();
        std::fs::write(domain.directory.path().join("world.xml"), world).unwrap();
        let outcome = domain.import(&set).unwrap();
        let warning = &outcome.warnings[0];
        assert!(
            warning.contains("eDelivery!JMS2@Send of JMS2 on ms2 go to eDelivery!JMS1@Send"),
            "{warning}"
        );
        domain.assert_whole();
        assert_eq!(domain.holds("eDelivery!JMS1@Send"), 8);
        assert!(
            domain.world().contains(
                "<subscriber clientId=\"c1\" name=\"two\" \
            noLocal=\"false\" selector=\"a = 'b'\"/>"
            ),
            "{}",
            domain.world()
        );

        domain.next_step();
        domain.empty();
        domain.change("eDelivery!JMS1@Send", "other!JMS1@Send");
        domain.change(
            "<uniformQueue jndi=\"jms/domibus.send\" name=\"Send\"/>",
            "",
        );
        let failure = domain.import(&set).unwrap_err();
        assert!(
            words(&failure).contains(
                "5 messages of eDelivery!JMS1@Send of JMS1 on ms1 have \
            nowhere to go"
            ),
            "{failure:?}"
        );
    }
}

#[test]
fn an_import_wants_consumption_paused() {
    if let Some(domain) = Domain::new("2.7.3") {
        let set = domain.exported();
        domain
            .perform("weblogic.resume-jms", json!({ "jms_module": "eDelivery" }))
            .unwrap();
        let failure = domain.import(&set).unwrap_err();
        assert!(
            words(&failure).contains("consumption of eDelivery!JMS1@Send"),
            "{failure:?}"
        );
        assert!(!domain.world().contains("<message "));
        // A server that takes nothing while production is paused says so, and nothing is lost.
        domain.pause();
        domain.fault("strictImport=\"yes\"");
        let failure = domain.import(&set).unwrap_err();
        assert!(
            words(&failure).contains("does not allow message production"),
            "{failure:?}"
        );
        domain.mend("strictImport=\"yes\"");
        domain.import(&set).unwrap();
        domain.assert_whole();
    }
}
