//! Messages on their way to another version, on real WildFlys: what one lists before the export is what the
//! other lists after the import, whoever is killed meanwhile.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use upgrade_kit::adapter::{Failure, Probe, registry};
use upgrade_kit::backup::{PartialSet, SealedSet, VerifyWatch};
use upgrade_kit::event::{FailureKind, Level, Outcome};
use upgrade_kit::host::{Host, LocalHost};

use crate::broker_stores::copy;
use crate::tree_world::{Step, World};
use crate::wildfly_rig::{NEWER, OLDER, WildFly};

/// Stores of one WildFly or of a fixture, on their way to another one.
struct Move {
    world: World,
    /// Who exports.
    home: PathBuf,
    stores: Value,
}

impl Move {
    fn of(rig: &WildFly) -> Self {
        let stores = json!({
            "journal": rig.store("journal"),
            "bindings": rig.store("bindings"),
            "paging": rig.store("paging"),
            "large_messages": rig.store("largemessages"),
            "artifact": "jms",
        });
        Self {
            world: World::new(),
            home: rig.path("home"),
            stores,
        }
    }

    /// The set with the copied stores, and how to export them.
    fn copied(&mut self) -> (PartialSet, Value) {
        let set = PartialSet::create(&self.world.backups(), "set-1").unwrap();
        let backup = Step::new("copy", "artemis.backup", &self.stores).writing(&set);
        let outcome = self.world.perform(&backup).unwrap();
        self.world.done("copy", &outcome);
        let options = json!({"home": self.home, "copy": "jms", "artifact": "jms-export"});
        (set, options)
    }

    fn export(&self, set: &PartialSet, options: &Value) -> Result<Outcome, Failure> {
        let step = Step::new("export", "artemis.export", options).writing(set);
        self.world.perform(&step)
    }

    fn sealed(&mut self, set: &PartialSet, outcome: &Outcome) -> SealedSet {
        self.world.done("export", outcome);
        let set = self.world.sealed(set);
        let found = set
            .verify(Level::L3, registry::FORMAT_CHECKS, &VerifyWatch::none())
            .unwrap();
        assert!(found.is_sound(), "{:?}", found.problems);
        set
    }

    fn import(&self, set: &SealedSet, options: &Value) -> Result<Outcome, Failure> {
        let step = Step::new("import", "artemis.import", options).using(set);
        self.world.perform(&step)
    }

    fn probe(&self, set: &SealedSet, options: &Value) -> Probe {
        let step = Step::new("import", "artemis.import", options).using(set);
        self.world.probe(&step).unwrap()
    }
}

/// How an export that is named so is imported into a server.
pub(crate) fn import_options(rig: &WildFly) -> Value {
    json!({
        "home": rig.path("home"),
        "artifact": "jms-export",
        "staging": rig.path("home").join("standalone/tmp"),
    })
}

/// A few thousand messages: small ones, ones with a file of their own, a queue that has gone to pages, ones that
/// wait for their time, some taken.
fn fill(rig: &WildFly) {
    for words in [
        "send jms.queue.DomibusSendMessageQueue 900 3000",
        "send jms.queue.DomibusBusinessMessageOutQueue 700 1000",
        "send jms.queue.DomibusNotifyBackendWebServiceQueue 800 20000",
        "consume jms.queue.DomibusNotifyBackendWebServiceQueue 35",
        "send jms.queue.DomibusDLQ 20 400000",
        "vary jms.queue.DomibusBusinessMessageInQueue 200",
        "schedule jms.queue.DomibusEArchiveNotificationQueue 150 86400",
        "nack jms.queue.DomibusBusinessMessageOutQueue 100",
        "consume jms.queue.DomibusSendMessageQueue 17",
    ] {
        rig.jms(words);
    }
    let count = |folder: &str| fs::read_dir(rig.store(folder)).unwrap().count();
    assert_eq!(count("paging"), 1, "nothing has gone to pages");
    assert!(count("largemessages") >= 20);
}

/// Every message with body hash, properties, times and priority; the broker's JSON in one order of keys.
pub(crate) fn contents(rig: &WildFly) -> Vec<String> {
    let text = rig.jms("contents");
    let line = |line: &str| match line.split_once(" {") {
        Some((head, rest)) if head.starts_with("scheduled ") => {
            let json: std::collections::BTreeMap<String, Value> =
                serde_json::from_str(&format!("{{{rest}")).unwrap();
            format!("{head} {json:?}")
        }
        _ => line.to_owned(),
    };
    let mut lines: Vec<String> = text.lines().map(line).collect();
    lines.sort();
    lines
}

fn assert_same(found: &[String], expected: &[String]) {
    let first = found.iter().zip(expected).find(|(one, other)| one != other);
    assert_eq!(first, None);
    assert_eq!(found.len(), expected.len());
}

fn from_one_to_the_other(from: &str, to: &str) {
    let (Some(old), Some(new)) = (WildFly::lay_out(from), WildFly::lay_out(to)) else {
        return;
    };
    old.start();
    fill(&old);
    let before = contents(&old);
    assert!(before.len() > 2700, "{}", before.len());
    old.stop();
    let mut journey = Move::of(&old);
    let (set, options) = journey.copied();
    let stores = crate::tree_world::picture(&old.path("data"));

    // The exporter is killed, then lives.
    let killer = kill_soon("--file=export.cli", &journey.world.path(""));
    let failure = journey.export(&set, &options).unwrap_err();
    assert!(killer.join().unwrap(), "{failure}");
    assert_eq!(failure.kind(), FailureKind::Tool);
    let outcome = journey.export(&set, &options).unwrap();
    assert_eq!(outcome.outputs["messages"], 2718);
    assert_eq!(
        outcome.summary,
        "2718 messages in 6 queues, as in the stores"
    );
    assert_eq!(crate::tree_world::picture(&old.path("data")), stores);
    let left = fs::read_dir(journey.world.path("run/steps/export")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["export.cli"]);
    let mended = outcome.artifacts[0].details["mended"].as_u64().unwrap();
    assert!(
        mended >= 400,
        "a tab and a line end in each of 200 messages: {mended}"
    );
    let set = journey.sealed(&set, &outcome);

    let options = import_options(&new);
    if from == OLDER {
        refusals(&journey, &set, &new, &options);
    } else {
        new.start();
    }

    // The server is killed in the middle, then nothing tells that something is there but the counts.
    let watcher = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            // The journal's lock is the broker's; the import goes on for seconds.
            wait_for(|| process_with("import-journal", &new.path("home")).is_some());
            wait_for(|| fs::read_dir(new.store("largemessages")).is_ok_and(|all| all.count() > 3));
            new.kill();
        });
        let failure = journey.import(&set, &options).unwrap_err();
        watcher.join().unwrap();
        failure
    });
    assert_eq!(watcher.kind(), FailureKind::Tool, "{watcher:?}");
    let unanswered = Step::new("import", "artemis.import", &options).using(&set);
    assert!(journey.world.probe(&unanswered).is_err());
    new.start();
    let Probe::Partial(text) = journey.probe(&set, &options) else {
        panic!("{:?}", journey.probe(&set, &options));
    };
    println!("{from} to {to}, server killed: {text}");

    // The client is killed: the server goes on alone, or stops.
    let killer = kill_soon("import-journal", &new.path("home"));
    let failure = journey.import(&set, &options).unwrap_err();
    assert!(killer.join().unwrap(), "{failure}");
    println!("client killed: {:?}", journey.probe(&set, &options));
    let outcome = journey.import(&set, &options).unwrap();
    println!("{}", outcome.summary);
    assert_eq!(outcome.outputs["messages"], 2718);
    let Probe::Present(_) = journey.probe(&set, &options) else {
        panic!("not present");
    };
    assert_same(&contents(&new), &before);
    // Once is enough.
    let again = journey.import(&set, &options).unwrap();
    assert_eq!(again.outputs["imported"], 0);
    let staged = new
        .path("home")
        .join("standalone/tmp/upgrade-kit-import.xml");
    assert!(!staged.exists());
    new.jms("consume jms.queue.DomibusDLQ 1");
    let Probe::Unknown(text) = journey.probe(&set, &options) else {
        panic!("known");
    };
    assert_eq!(
        text,
        "queue jms.queue.DomibusDLQ holds 19 messages, the export has 20"
    );
    new.stop();
}

/// What is refused before anything is imported.
fn refusals(journey: &Move, set: &SealedSet, new: &WildFly, options: &Value) {
    let failure = journey.import(set, options).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "the server does not tell what its queues hold"
    );
    new.script("start", &["--start-mode=admin-only"]);
    let failure = journey.import(set, options).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert_eq!(
        failure.to_string(),
        "the server runs in the mode ADMIN_ONLY, in which its broker is off and counts nothing"
    );
    new.stop();
    new.start();
    new.jms("send jms.queue.DomibusDLQ 3");
    let failure = journey.import(set, options).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert_eq!(
        failure.to_string(),
        "queue jms.queue.DomibusDLQ holds 3 messages already"
    );
    new.jms("consume jms.queue.DomibusDLQ 3");
    assert!(!journey.world.path("run/steps/import/import.json").exists());
    assert_eq!(journey.probe(set, options), Probe::Absent);
}

#[track_caller]
fn wait_for(happens: impl Fn() -> bool) {
    for _ in 0..6000 {
        if happens() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it does not happen");
}

/// A Java with that word among its arguments, at work for that place.
fn process_with(word: &str, place: &Path) -> Option<u32> {
    let place = place.to_string_lossy().into_owned();
    fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let pid = entry.file_name().to_string_lossy().parse().ok()?;
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).into_owned();
        let at = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        let is_java = command.contains("org.jboss.as.cli");
        let here = command.contains(&place) || at.to_string_lossy().contains(&place);
        (is_java && here && command.contains(word)).then_some(pid)
    })
}

/// `kill -9` of that Java when it is well at work; whether there was one.
fn kill_soon(word: &str, place: &Path) -> std::thread::JoinHandle<bool> {
    let (word, place) = (word.to_owned(), place.to_owned());
    std::thread::spawn(move || {
        wait_for(|| process_with(&word, &place).is_some());
        std::thread::sleep(Duration::from_millis(3500));
        let process = process_with(&word, &place).and_then(|pid| LocalHost.process(pid));
        process.is_some_and(|process| LocalHost.signal(process, 9).is_ok())
    })
}

#[test]
fn messages_of_wildfly_26_arrive_in_wildfly_39() {
    from_one_to_the_other(OLDER, NEWER);
}

#[test]
fn messages_of_wildfly_39_arrive_in_wildfly_26() {
    from_one_to_the_other(NEWER, OLDER);
}

/// A broker of its own with pages that are half taken and transactions in doubt.
#[test]
fn stores_of_an_artemis_of_each_version_are_exported() {
    for (version, exporter) in [("2.19.1", OLDER), ("2.44.0", NEWER)] {
        let Some(rig) = WildFly::lay_out(exporter) else {
            return;
        };
        let mut journey = Move::of(&rig);
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data/artemis")
            .join(version);
        for (option, folder) in [
            ("journal", "journal"),
            ("bindings", "bindings"),
            ("paging", "paging"),
            ("large_messages", "large-messages"),
        ] {
            let path = journey.world.path("data").join(folder);
            copy(&fixture.join(folder), &path);
            journey.stores[option] = json!(path);
        }
        let (set, options) = journey.copied();
        let outcome = journey.export(&set, &options).unwrap();
        assert_eq!(outcome.outputs["messages"], 263, "{version}");
        assert_eq!(
            outcome.warnings,
            [
                "4 distributed transactions wait for their coordinator's word: an export knows nothing of them; \
                 only the copy `jms` has them"
            ]
        );
        journey.sealed(&set, &outcome);
    }
}
