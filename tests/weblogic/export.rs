//! Exporting messages, and what a set proves of them.

use serde_json::{Value, json};
use upgrade_kit::adapter::registry::FORMAT_CHECKS;
use upgrade_kit::adapter::{Failure, PreviewLine};
use upgrade_kit::backup::{SealedSet, VerifyWatch};
use upgrade_kit::event::{Level, Outcome};

use super::rig::{Domain, message, text, words};
use crate::stage::decode;

pub(super) const EXPORT: &str = "weblogic.export-jms";

pub(super) fn export_options() -> Value {
    json!({ "jms_module": "eDelivery", "artifact": "jms" })
}

impl Domain {
    pub(super) fn pause(&self) {
        self.perform("weblogic.pause-jms", json!({ "jms_module": "eDelivery" }))
            .unwrap();
        self.next_step();
    }

    /// Exports into a new set.
    pub(super) fn export(&self, id: &str) -> Result<(Outcome, SealedSet), Failure> {
        let action = decode(EXPORT, &self.options(export_options()));
        assert_eq!(action.validate(), Vec::<String>::new());
        let set = self.partial(id);
        let outcome = self.act(Some(&set), None, |context| action.perform(context))?;
        let sealed = self.seal(&set, outcome.artifacts.clone());
        Ok((outcome, sealed))
    }
}

fn problems(set: &SealedSet) -> Vec<String> {
    let found = set
        .verify(Level::L3, FORMAT_CHECKS, &VerifyWatch::none())
        .unwrap();
    found
        .problems
        .into_iter()
        .map(|one| format!("{}: {}", one.path, one.message))
        .collect()
}

#[test]
fn every_message_is_in_the_set() {
    for domain in Domain::both() {
        domain.pause();
        let before = domain.world();
        let (outcome, set) = domain.export("set").unwrap();
        assert_eq!(domain.world(), before, "an export takes nothing");
        assert_eq!(outcome.outputs["messages"], 9);
        assert_eq!(outcome.outputs["delayed"], 1);
        assert_eq!(outcome.outputs["destinations"], 5);
        domain.assert_shown(&*decode(EXPORT, &domain.options(export_options())));
        assert_eq!(problems(&set), Vec::<String>::new());

        let names: Vec<_> = outcome.artifacts[0]
            .files
            .iter()
            .map(|one| one.path.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "jms/jms%2Fdomibus.send~ms1~JMS1~Send.xml",
                "jms/jms%2Fdomibus.notify~ms1~JMS1~Notify.xml",
                "jms/jms%2Fdomibus.command~ms1~JMS1~Command~c1~one.xml",
                "jms/jms%2Fdomibus.command~ms1~JMS1~Command~c1~two.xml",
                "jms/jms%2Fdomibus.send~ms2~JMS2~Send.xml",
                "jms/messages.jsonl",
            ]
        );
        let content = std::fs::read_to_string(set.directory().join(names[0])).unwrap();
        let document = roxmltree::Document::parse(&content).unwrap();
        let texts: Vec<_> = document
            .descendants()
            .filter(|node| node.has_tag_name(("http://www.bea.com/WLS/JMS/Message", "Text")))
            .collect();
        assert_eq!(texts.len(), 5);
        assert_eq!(texts[0].text(), Some("payload <&> ]]> ä€𝄞"));
        // Scratch files are gone, the script stays.
        let left: Vec<_> = std::fs::read_dir(domain.scratch())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(left.iter().all(|name| !name.ends_with(".xml")), "{left:?}");
        assert!(left.contains(&"export-jms.py".to_owned()));
    }
}

#[test]
fn a_set_with_another_message_is_found_out() {
    if let Some(domain) = Domain::new("2.2.1") {
        domain.pause();
        let (outcome, set) = domain.export("set").unwrap();
        let file = &outcome.artifacts[0].files[4].path;
        let path = set.directory().join(file);
        let content = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, content.replace("wait for it", "wait for us")).unwrap();
        assert!(problems(&set).iter().any(|one| one.starts_with(file)));

        // Hashes made to fit: the contents still tell.
        let mut artifacts = outcome.artifacts.clone();
        let partial = domain.partial("forged");
        for (at, one) in outcome.artifacts[0].files.iter().enumerate() {
            let mut writer = partial.file(&one.path).unwrap();
            let content = std::fs::read(set.directory().join(&one.path)).unwrap();
            std::io::Write::write_all(&mut writer, &content).unwrap();
            artifacts[0].files[at] = writer.finish().unwrap();
        }
        let forged = domain.seal(&partial, artifacts);
        let found = problems(&forged);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("is not the recorded message ID:<13.0>"),
            "{found:?}"
        );
    }
}

#[test]
fn an_export_that_is_no_one_moment_is_refused() {
    for domain in Domain::both() {
        let failure = domain.export("a").unwrap_err();
        assert!(words(&failure).contains("is not paused"), "{failure:?}");
        domain.pause();
        let taken = message(33, "receive", "taken", &text("x"));
        domain.change(
            "<message handle=\"11\"",
            &format!("{taken}<message handle=\"11\""),
        );
        let failure = domain.export("b").unwrap_err();
        assert!(
            words(&failure).contains(
                "1 messages of eDelivery!JMS2@Send of JMS2 on ms2 are in \
             flight"
            ),
            "{failure:?}"
        );
    }
}

#[test]
fn many_messages_come_through_in_pages() {
    for domain in Domain::both() {
        let many: String = (100..1350)
            .map(|n| {
                message(
                    n,
                    "visible",
                    &format!("n{n}"),
                    &text(&format!("number {n} ü€")),
                )
            })
            .collect();
        domain.change(
            "name=\"eDelivery!Notify\" type=\"Queue\">",
            &format!("name=\"eDelivery!Notify\" type=\"Queue\">{many}"),
        );
        domain.pause();
        let (outcome, set) = domain.export("set").unwrap();
        assert_eq!(outcome.outputs["messages"], 1259);
        assert_eq!(problems(&set), Vec::<String>::new());
    }
}

#[test]
fn the_plan_shows_the_whole_script() {
    let Some(domain) = Domain::new("2.2.1") else {
        return;
    };
    let action = decode(EXPORT, &domain.options(export_options()));
    let shown: Vec<_> = action
        .preview()
        .into_iter()
        .filter_map(|line| match line {
            PreviewLine::Note(text) => Some(text),
            _ => None,
        })
        .collect();
    assert!(
        shown
            .iter()
            .any(|line| line == "| JMS_MODULE = 'eDelivery'")
    );
    assert!(
        shown
            .iter()
            .any(|line| line.contains("holder.getMessages('', 600, ALL_STATES)"))
    );
}
