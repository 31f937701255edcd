//! Saving and restoring an Artemis broker's directories: what is refused, and what is left when it is
//! killed all along and run again. The stores are those of real brokers.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use upgrade_kit::adapter::artemis::{ArtemisInventory, Directories, read_inventory};
use upgrade_kit::adapter::{Failure, registry};
use upgrade_kit::backup::{PartialSet, SealedSet, VerifyWatch};
use upgrade_kit::event::{FailureKind, Level, Outcome};

use crate::broker_stores::copy;
use crate::tree_world::{DyingHost, Step, World, picture};

const FOLDERS: [&str; 5] = [
    "bindings",
    "journal",
    "largemessages",
    "paging",
    "tx-object-store",
];

/// Every so many operations a kill is tried; with 1 the two tests take a minute.
const STEP: usize = 4;

/// A broker's directories in a world, as WildFly names them.
struct Broker {
    world: World,
}

impl Broker {
    fn new(version: &str) -> Self {
        let broker = Self {
            world: World::new(),
        };
        fs::create_dir_all(broker.world.path("data")).unwrap();
        broker.take(version);
        broker
    }

    fn path(&self, folder: &str) -> PathBuf {
        self.world.path("data").join(folder)
    }

    /// Puts the store of that broker in place of the present one.
    fn take(&self, version: &str) {
        let store = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data/artemis")
            .join(version);
        for folder in FOLDERS {
            let path = self.path(folder);
            if path.exists() {
                fs::remove_dir_all(&path).unwrap();
            }
            match folder {
                "largemessages" => copy(&store.join("large-messages"), &path),
                "tx-object-store" => {
                    fs::create_dir(&path).unwrap();
                    fs::write(path.join("log"), version).unwrap();
                }
                _ => copy(&store.join(folder), &path),
            }
        }
    }

    fn options(&self) -> Value {
        json!({
            "journal": self.path("journal"),
            "bindings": self.path("bindings"),
            "paging": self.path("paging"),
            "large_messages": self.path("largemessages"),
            "transactions": self.path("tx-object-store"),
            "artifact": "jms",
        })
    }

    fn inventory(&self) -> ArtemisInventory {
        read_inventory(&Directories {
            journal: &self.path("journal"),
            bindings: &self.path("bindings"),
            paging: &self.path("paging"),
            large_messages: &self.path("largemessages"),
        })
        .unwrap()
    }

    fn backup(&self, set: &PartialSet) -> Result<Outcome, Failure> {
        let options = self.options();
        let step = Step::new("export-jms", "artemis.backup", &options).writing(set);
        self.world.perform(&step)
    }

    fn saved(&mut self, id: &str) -> (SealedSet, Outcome) {
        let set = PartialSet::create(&self.world.backups(), id).unwrap();
        let outcome = self.backup(&set).unwrap();
        self.world.done("export-jms", &outcome);
        (self.world.sealed(&set), outcome)
    }

    fn refused(&self) -> Failure {
        let set = PartialSet::create(&self.world.backups(), "refused").unwrap();
        self.backup(&set).unwrap_err()
    }

    fn restore(&self, set: &SealedSet) -> Result<Outcome, Failure> {
        let options = self.options();
        let step = Step::new("restore-jms", "artemis.restore", &options).using(set);
        self.world.perform(&step)
    }

    fn verify(&self, set: &SealedSet) -> Result<Outcome, Failure> {
        let mut options = self.options();
        options.as_object_mut().unwrap().remove("transactions");
        let step = Step::new("keep-jms", "artemis.verify", &options).using(set);
        self.world.perform(&step)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.world.path("data"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn problems(set: &SealedSet) -> Vec<String> {
    let found = set.verify(Level::L3, registry::FORMAT_CHECKS, &VerifyWatch::none());
    let problems = found.unwrap().problems;
    problems
        .iter()
        .map(|problem| format!("{problem:?}"))
        .collect()
}

#[test]
fn a_backup_counts_and_a_restore_brings_back_exactly_that() {
    let mut broker = Broker::new("2.19.1");
    let before = picture(&broker.world.path("data"));
    let (set, outcome) = broker.saved("set-1");
    assert_eq!(
        outcome.summary,
        "263 messages in 5 queues, 9 of them waiting for a later delivery"
    );
    assert_eq!(
        outcome.warnings,
        [
            "4 distributed transactions wait for their coordinator's word: it may still add 5 messages and \
          take 10 messages"
        ]
    );
    assert_eq!(outcome.artifacts.len(), 5);
    assert_eq!(problems(&set), Vec::<String>::new());
    broker.verify(&set).unwrap();
    broker.take("2.44.0");
    let failure = broker.verify(&set).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Verification);
    let outcome = broker.restore(&set).unwrap();
    assert_eq!(outcome.outputs["messages"], 263);
    assert_eq!(outcome.outputs["prepared"], 4);
    assert_eq!(outcome.outputs["replaced"].as_array().unwrap().len(), 5);
    broker.verify(&set).unwrap();
    for folder in FOLDERS {
        let path = broker.path(folder);
        let kept: Vec<_> = (broker.names().into_iter())
            .filter(|name| name.starts_with(&format!("{folder}.upgrade-kit-old-")))
            .collect();
        assert_eq!(kept.len(), 1, "{folder}");
        fs::remove_dir_all(broker.world.path("data").join(&kept[0])).unwrap();
        assert!(path.exists());
    }
    let mut after = picture(&broker.world.path("data"));
    // The parent's own time is not the broker's.
    after.insert(
        PathBuf::new(),
        before.get(Path::new("")).cloned().unwrap_or_default(),
    );
    let mut before = before;
    before.entry(PathBuf::new()).or_default();
    assert_eq!(after, before);
}

#[test]
fn a_missing_paging_directory_is_normal_and_gone_again_after_the_restore() {
    let mut broker = Broker::new("2.19.1");
    for folder in ["paging", "largemessages", "journal"] {
        fs::remove_dir_all(broker.path(folder)).unwrap();
    }
    fs::create_dir(broker.path("journal")).unwrap();
    fs::write(broker.path("journal").join("serverlock.1"), "").unwrap();
    let (set, outcome) = broker.saved("set-1");
    assert_eq!(outcome.summary, "no message in any queue");
    broker.take("2.44.0");
    broker.restore(&set).unwrap();
    assert!(!broker.path("paging").exists());
    assert!(!broker.path("largemessages").exists());
    assert_eq!(broker.inventory().messages(), 0);
    assert_eq!(problems(&set), Vec::<String>::new());
}

#[test]
fn a_broker_that_was_never_started() {
    let mut broker = Broker::new("2.19.1");
    for folder in FOLDERS {
        fs::remove_dir_all(broker.path(folder)).unwrap();
    }
    let (set, outcome) = broker.saved("set-1");
    assert!(
        outcome
            .summary
            .ends_with("recorded as such: the broker was never started"),
        "{}",
        outcome.summary
    );
    broker.take("2.44.0");
    broker.restore(&set).unwrap();
    assert!(FOLDERS.iter().all(|folder| !broker.path(folder).exists()));
}

#[test]
fn wrong_paths_are_refused() {
    for (missing, present) in [("journal", "bindings"), ("bindings", "journal")] {
        let broker = Broker::new("2.44.0");
        fs::remove_dir_all(broker.path(missing)).unwrap();
        let failure = broker.refused();
        assert_eq!(failure.kind(), FailureKind::Refused);
        let there = format!("there is something in {}", broker.path(present).display());
        assert!(failure.to_string().ends_with(&there), "{failure}");
    }
    let broker = Broker::new("2.44.0");
    fs::rename(broker.path("journal"), broker.path("other")).unwrap();
    fs::rename(broker.path("bindings"), broker.path("journal")).unwrap();
    fs::rename(broker.path("other"), broker.path("bindings")).unwrap();
    let failure = broker.refused();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert!(
        failure.to_string().contains("no bindings directory"),
        "{failure}"
    );
}

#[test]
fn a_damaged_store_is_not_saved() {
    let broker = Broker::new("2.44.0");
    let body = fs::read_dir(broker.path("largemessages")).unwrap().next();
    fs::write(body.unwrap().unwrap().path(), "").unwrap();
    let failure = broker.refused();
    assert_eq!(failure.kind(), FailureKind::Verification);
    let text = failure.to_string();
    assert!(
        text.contains("is damaged in 1 place: large messages/"),
        "{text}"
    );
}

/// The hashes of the set are right, the messages are not those that were counted.
#[test]
fn a_set_that_does_not_hold_what_was_counted_is_not_restored() {
    let mut broker = Broker::new("2.19.1");
    let (set, _) = broker.saved("set-1");
    let bodies = set.directory().join("jms/large-messages/content");
    fs::remove_file(
        fs::read_dir(bodies)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path(),
    )
    .unwrap();
    broker.take("2.44.0");
    let before = broker.inventory();
    let failure = broker.restore(&set).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::DamagedSet);
    assert_eq!(broker.inventory(), before);
    assert_eq!(broker.names(), FOLDERS);
    assert!(!problems(&set).is_empty());
}

/// Lives, and does not wait for the disk: a killed program loses nothing that was not synced.
fn undying() -> DyingHost {
    DyingHost::after(u64::MAX)
}

/// At every moment each directory is the whole old one or the whole new one; the next attempt finishes,
/// and what was replaced is kept.
#[test]
fn a_restore_survives_a_kill_all_along() {
    let mut broker = Broker::new("2.19.1");
    let pictures = |broker: &Broker| FOLDERS.map(|folder| picture(&broker.path(folder)));
    let new = pictures(&broker);
    let (set, _) = broker.saved("set-1");
    let options = broker.options();
    let mut kills = 0;
    for operations in (0..).step_by(STEP) {
        broker.take("2.44.0");
        let old = pictures(&broker);
        let name = format!("restore-{operations}");
        let step = Step::new(&name, "artemis.restore", &options).using(&set);
        let host = DyingHost::after(operations);
        let first = broker.world.perform_on(&host, &step);
        if !host.died() {
            first.unwrap();
            break;
        }
        kills += 1;
        let outcome = if let Ok(outcome) = first {
            outcome
        } else {
            for (at, found) in pictures(&broker).iter().enumerate() {
                let whole = *found == old[at] || *found == new[at];
                assert!(whole, "{} after {operations}", FOLDERS[at]);
            }
            broker.world.perform_on(&undying(), &step).unwrap()
        };
        assert!(pictures(&broker) == new, "after {operations}");
        assert_eq!(outcome.outputs["messages"], 263);
        let kept = outcome.outputs["replaced"].as_array().unwrap().clone();
        assert_eq!(kept.len(), 5, "after {operations}");
        for path in kept {
            fs::remove_dir_all(path.as_str().unwrap()).unwrap();
        }
        assert_eq!(broker.names(), FOLDERS, "after {operations}");
    }
    assert!(kills > 50, "only {kills} kills");
}

#[test]
fn a_backup_survives_a_kill_all_along() {
    let mut broker = Broker::new("2.44.0");
    let before = picture(&broker.world.path("data"));
    let mut kills = 0;
    for operations in (0..).step_by(STEP / 2) {
        let set =
            PartialSet::create(&broker.world.backups(), &format!("set-{operations}")).unwrap();
        let options = broker.options();
        let step = Step::new("export-jms", "artemis.backup", &options).writing(&set);
        let host = DyingHost::after(operations);
        let first = broker.world.perform_on(&host, &step);
        if !host.died() {
            first.unwrap();
            break;
        }
        kills += 1;
        let outcome = broker.world.perform_on(&undying(), &step).unwrap();
        assert_eq!(outcome.outputs["messages"], 263);
        assert_eq!(picture(&broker.world.path("data")), before);
        if kills % 10 == 1 {
            broker.world.done("export-jms", &outcome);
            let set = broker.world.sealed(&set);
            assert_eq!(problems(&set), Vec::<String>::new());
        }
    }
    assert!(kills > 20, "only {kills} kills");
}
