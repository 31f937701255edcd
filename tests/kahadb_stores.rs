//! `kahadb.backup`, `kahadb.restore` and `kahadb.verify` on stores that real brokers wrote.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use upgrade_kit::adapter::kahadb::read_inventory;
use upgrade_kit::adapter::{Failure, Severity, registry};
use upgrade_kit::backup::{PartialSet, SealedSet, VerifyWatch};
use upgrade_kit::event::{FailureKind, Level, Outcome};
use upgrade_kit::host::{LocalHost, store_lock};

use crate::tree_roundtrip::{check_with_coreutils, shell};
use crate::tree_world::{DyingHost, Step, World, picture};

/// A broker's directories in a world, and the options that name them.
pub(crate) struct Broker {
    pub(crate) world: World,
    pub(crate) store: PathBuf,
    pub(crate) data: PathBuf,
    transactions: Option<PathBuf>,
}

impl Broker {
    /// The stores of the quickstart: 42 messages, 3 of them waiting for redelivery.
    fn practice() -> Self {
        let world = World::new();
        let template = root().join("examples/quickstart/template/tomcat/conf/domibus/work");
        copy(&template.join("kahadb"), &world.path("work/kahadb"));
        copy(
            &template.join("activemq_data"),
            &world.path("work/activemq_data"),
        );
        Self::of(world)
    }

    /// Small stores: 29 messages in queues, 19 scheduled.
    pub(crate) fn small() -> Self {
        let world = World::new();
        copy(&fixture("queues"), &world.path("work/kahadb"));
        let scheduler = world.path("work/activemq_data/localhost/scheduler");
        copy(&fixture("scheduled"), &scheduler);
        for store in [&world.path("work/kahadb"), &scheduler] {
            fs::write(store.join("lock"), "8 bytes.").unwrap();
        }
        Self::of(world)
    }

    fn empty() -> Self {
        let world = World::new();
        fs::create_dir(world.path("work")).unwrap();
        Self::of(world)
    }

    fn of(world: World) -> Self {
        Self {
            store: world.path("work/kahadb"),
            data: world.path("work/activemq_data"),
            world,
            transactions: None,
        }
    }

    pub(crate) fn options(&self) -> Value {
        let mut options = json!({
            "store": self.store, "data": self.data, "artifact": "jms"
        });
        if let Some(path) = &self.transactions {
            options["transactions"] = json!(path);
        }
        options
    }

    pub(crate) fn backup(&self, set: &PartialSet) -> Result<Outcome, Failure> {
        let options = self.options();
        let step = Step::new("export-jms", "kahadb.backup", &options).writing(set);
        self.world.perform(&step)
    }

    /// A set with the present stores.
    pub(crate) fn saved(&mut self, id: &str) -> (SealedSet, Outcome) {
        let set = PartialSet::create(&self.world.backups(), id).unwrap();
        let outcome = self.backup(&set).unwrap();
        self.world.done("export-jms", &outcome);
        (self.world.sealed(&set), outcome)
    }

    fn refused(&self) -> Failure {
        let set = PartialSet::create(&self.world.backups(), "refused").unwrap();
        self.backup(&set).unwrap_err()
    }

    pub(crate) fn restore(&self, set: &SealedSet) -> Result<Outcome, Failure> {
        let options = self.options();
        let step = Step::new("restore-jms", "kahadb.restore", &options).using(set);
        self.world.perform(&step)
    }

    fn verify(&self, set: &SealedSet) -> Result<Outcome, Failure> {
        let options = json!({ "store": self.store, "data": self.data, "artifact": "jms" });
        let step = Step::new("keep-jms", "kahadb.verify", &options).using(set);
        self.world.perform(&step)
    }

    /// Replaces the stores by others, as a broker that went on working would.
    pub(crate) fn go_on(&self) {
        let scheduler = self.data.join("localhost/scheduler");
        for (store, other) in [(&self.store, "compacted"), (&scheduler, "killed")] {
            fs::remove_dir_all(store).unwrap();
            copy(&fixture(other), store);
            fs::write(store.join("lock"), "8 other.").unwrap();
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    root().join("tests/data/kahadb").join(name)
}

/// A copy with times of its own; what describes a fixture is left out.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_name() != "expected.json" {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn sound(set: &SealedSet) -> Vec<String> {
    let watch = VerifyWatch::none();
    let found = set
        .verify(Level::L3, registry::FORMAT_CHECKS, &watch)
        .unwrap();
    found
        .problems
        .into_iter()
        .map(|problem| problem.message)
        .collect()
}

#[test]
fn messages_are_saved_lost_and_brought_back() {
    let mut broker = Broker::practice();
    let before = (picture(&broker.store), picture(&broker.data));
    let (set, outcome) = broker.saved("set-1");
    assert_eq!(
        outcome.summary,
        "42 messages in 4 queues, 3 waiting for redelivery"
    );
    assert_eq!(outcome.outputs["messages"], 42);
    assert_eq!(outcome.outputs["scheduled"], 3);
    assert_eq!(outcome.outputs["queues"], 4);
    assert_eq!(outcome.warnings, Vec::<String>::new());
    let names: Vec<&str> = outcome
        .artifacts
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["jms/kahadb", "jms/data"]);
    assert_eq!((picture(&broker.store), picture(&broker.data)), before);
    assert_eq!(sound(&set), Vec::<String>::new());
    check_with_coreutils(&set);
    assert_eq!(
        broker.verify(&set).unwrap().summary,
        "42 messages in 4 queues, 3 waiting for redelivery, as in the backup set"
    );

    broker.go_on();
    let lost = broker.verify(&set).unwrap_err();
    assert_eq!(lost.kind(), FailureKind::Verification);
    assert!(
        lost.to_string().starts_with(
            "the stores do not hold the messages of the set set-1: queue domibus.DLQ: 0 messages, \
             expected 3"
        ),
        "{lost}"
    );
    let outcome = broker.restore(&set).unwrap();
    assert_eq!(
        outcome.summary,
        "42 messages in 4 queues, 3 waiting for redelivery"
    );
    assert_eq!((picture(&broker.store), picture(&broker.data)), before);
    broker.verify(&set).unwrap();
    let kept = outcome.outputs["replaced"].as_array().unwrap();
    assert_eq!(kept.len(), 2);
    for kept in kept {
        assert!(Path::new(kept.as_str().unwrap()).is_dir());
    }
    // Once more, as a resumed run would that did not see the end: nothing happens.
    broker.restore(&set).unwrap();
    assert_eq!((picture(&broker.store), picture(&broker.data)), before);
}

/// `RESTORE.md` to the letter.
#[test]
fn messages_are_brought_back_without_the_program() {
    let mut broker = Broker::practice();
    let before = (picture(&broker.store), picture(&broker.data));
    let (set, _) = broker.saved("set-1");
    broker.go_on();
    let guide = fs::read_to_string(set.directory().join("RESTORE.md")).unwrap();
    let commands: Vec<&str> = guide
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("\n```").next())
        .collect();
    shell(set.directory(), &commands.join("\n"));
    assert_eq!((picture(&broker.store), picture(&broker.data)), before);
}

#[test]
fn a_store_in_use_is_left_alone() {
    let mut broker = Broker::small();
    let lock = broker.data.join("localhost/scheduler/lock");
    let held = store_lock::guard(&lock).unwrap();
    let failure = broker.refused();
    assert_eq!(failure.kind(), FailureKind::Refused);
    let text = format!("{} is locked by a process", lock.display());
    assert!(failure.to_string().starts_with(&text), "{failure}");
    // Before a run it is no surprise: the application is going to be stopped.
    let options = broker.options();
    let findings = broker
        .world
        .check(&Step::new("export-jms", "kahadb.backup", &options));
    assert!(
        findings
            .iter()
            .all(|finding| finding.severity == Severity::Info),
        "{findings:?}"
    );
    assert!(
        findings
            .iter()
            .any(|finding| finding.message.contains("the broker runs"))
    );
    drop(held);

    let (set, _) = broker.saved("set-1");
    broker.go_on();
    let before = picture(broker.world.directory.path());
    let held = store_lock::guard(&lock).unwrap();
    assert_eq!(
        broker.restore(&set).unwrap_err().kind(),
        FailureKind::Refused
    );
    assert_eq!(
        broker.verify(&set).unwrap_err().kind(),
        FailureKind::Refused
    );
    drop(held);
    let after = picture(broker.world.directory.path());
    let work = |picture: &std::collections::BTreeMap<PathBuf, String>| {
        let work = picture.iter().filter(|(path, _)| path.starts_with("work"));
        work.map(|(path, line)| (path.clone(), line.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(work(&before), work(&after));
    broker.restore(&set).unwrap();
}

/// A broker that starts while the stores are copied or swapped finds them locked.
#[test]
fn the_stores_are_locked_while_they_are_worked_on() {
    let broker = Broker::small();
    let locks = [
        broker.store.join("lock"),
        broker.data.join("localhost/scheduler/lock"),
    ];
    let free = || {
        locks
            .iter()
            .filter(|lock| store_lock::probe(lock).unwrap().is_none())
            .count()
    };
    assert_eq!(free(), 2);
    let watched = std::sync::atomic::AtomicUsize::new(0);
    let watch = || {
        assert_eq!(free(), 0);
        watched.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    };
    let set = PartialSet::create(&broker.world.backups(), "set-1").unwrap();
    let options = broker.options();
    let step = Step::new("export-jms", "kahadb.backup", &options).writing(&set);
    let outcome = broker
        .world
        .perform_watched(&LocalHost, &step, &watch)
        .unwrap();
    let mut broker = broker;
    broker.world.done("export-jms", &outcome);
    let set = broker.world.sealed(&set);
    assert!(watched.swap(0, std::sync::atomic::Ordering::Relaxed) > 5);
    assert_eq!(free(), 2);
    let step = Step::new("restore-jms", "kahadb.restore", &options).using(&set);
    let host = DyingHost::witnessed(|new| {
        let locks = ["lock", "localhost/scheduler/lock"].map(|lock| new.join(lock));
        let held = locks
            .iter()
            .filter(|lock| store_lock::probe(lock).unwrap().is_some());
        assert_eq!(held.count(), 1, "{} is swapped in unlocked", new.display());
    });
    broker.world.perform_watched(&host, &step, &watch).unwrap();
    assert!(watched.into_inner() > 5);
    assert_eq!(free(), 2);
}

#[test]
fn a_missing_lock_file_is_not_made() {
    let mut broker = Broker::small();
    fs::remove_file(broker.store.join("lock")).unwrap();
    let (set, _) = broker.saved("set-1");
    assert!(!broker.store.join("lock").exists());
    broker.restore(&set).unwrap();
    assert!(!broker.store.join("lock").exists());
}

#[test]
fn damage_is_refused_before_anything_is_written() {
    let broker = Broker::small();
    let file = broker.store.join("db-4.log");
    let mut bytes = fs::read(&file).unwrap();
    bytes[200] ^= 1;
    fs::write(&file, bytes).unwrap();
    let failure = broker.refused();
    assert_eq!(failure.kind(), FailureKind::Verification);
    let text = failure.to_string();
    assert!(
        text.ends_with(
            "is damaged in 1 place: db-4.log is damaged at byte 0: the checksum of the \
             batch is wrong"
        ),
        "{text}"
    );
    let options = broker.options();
    let findings = broker
        .world
        .check(&Step::new("export-jms", "kahadb.backup", &options));
    let refusals = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Refuse);
    assert_eq!(refusals.count(), 1, "{findings:?}");
}

#[test]
fn a_broker_that_was_never_started() {
    let mut broker = Broker::empty();
    let (set, outcome) = broker.saved("set-1");
    let absent = format!("{} is absent, recorded as such", broker.store.display());
    assert!(outcome.summary.starts_with(&absent), "{}", outcome.summary);
    assert_eq!(outcome.outputs["messages"], 0);
    assert_eq!(sound(&set), Vec::<String>::new());

    // The upgrade starts one.
    copy(&fixture("queues"), &broker.store);
    copy(
        &fixture("scheduled"),
        &broker.data.join("localhost/scheduler"),
    );
    let failure = broker.verify(&set).unwrap_err();
    assert!(failure.to_string().contains("expected 0"), "{failure}");
    broker.restore(&set).unwrap();
    assert!(!broker.store.exists() && !broker.data.exists());
    broker.verify(&set).unwrap();
    broker.restore(&set).unwrap();
}

#[test]
fn a_fresh_store_without_a_journal_is_saved() {
    let mut broker = Broker::empty();
    fs::create_dir(&broker.store).unwrap();
    fs::write(broker.store.join("lock"), "").unwrap();
    let (set, outcome) = broker.saved("set-1");
    assert_eq!(outcome.summary, "no message in any queue");
    broker.restore(&set).unwrap();
    assert!(broker.store.join("lock").exists());
}

/// The wrong path would record all messages as absent, and a restore would take them away.
#[test]
fn a_wrong_path_is_refused() {
    let mut broker = Broker::small();
    let right = std::mem::replace(&mut broker.store, broker.world.path("work/kaha-db"));
    let failure = broker.refused();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert!(
        failure.to_string().contains("but the broker was started"),
        "{failure}"
    );
    let options = broker.options();
    let findings = broker
        .world
        .check(&Step::new("export-jms", "kahadb.backup", &options));
    assert_eq!(findings[0].severity, Severity::Refuse);

    broker.store = right.with_file_name("conf");
    fs::create_dir(&broker.store).unwrap();
    fs::write(broker.store.join("domibus.properties"), "").unwrap();
    let set = PartialSet::open(&broker.world.backups(), "refused").unwrap();
    let failure = broker.backup(&set).unwrap_err();
    assert!(
        failure.to_string().contains("is not a KahaDB directory"),
        "{failure}"
    );
}

#[test]
fn what_a_store_hides_is_told() {
    for (name, word) in [
        ("transactions", "3 distributed transactions wait"),
        ("moved-back", "never restore one without the other"),
        ("updated", "persistJMSRedelivered"),
    ] {
        let mut broker = Broker::empty();
        copy(&fixture(name), &broker.store);
        let (set, outcome) = broker.saved("set-1");
        assert_eq!(outcome.warnings.len(), 1, "{name}: {:?}", outcome.warnings);
        assert!(outcome.warnings[0].contains(word), "{:?}", outcome.warnings);
        broker.restore(&set).unwrap();
    }
}

#[test]
fn stores_of_every_kind_come_back() {
    for name in [
        "queues",
        "compacted",
        "killed",
        "mkahadb",
        "unchecked",
        "topics",
    ] {
        let mut broker = Broker::empty();
        copy(&fixture(name), &broker.store);
        let before = picture(&broker.store);
        let expected = read_inventory(&broker.store).unwrap();
        let (set, outcome) = broker.saved("set-1");
        assert_eq!(outcome.outputs["messages"], expected.messages(), "{name}");
        assert_eq!(sound(&set), Vec::<String>::new(), "{name}");
        fs::remove_dir_all(&broker.store).unwrap();
        copy(&fixture("updated"), &broker.store);
        broker.restore(&set).unwrap();
        assert_eq!(picture(&broker.store), before, "{name}");
    }
}

/// The plain ActiveMQ has its KahaDB inside the data directory; 4.x has transaction logs.
#[test]
fn stores_inside_each_other_and_transaction_logs() {
    let mut broker = Broker::small();
    let inside = broker.data.join("kahadb");
    fs::rename(&broker.store, &inside).unwrap();
    broker.store = inside;
    let transactions = broker.world.path("work/transactions");
    fs::create_dir(&transactions).unwrap();
    fs::write(transactions.join("tmlog3.log"), "in doubt").unwrap();
    broker.transactions = Some(transactions.clone());
    let before = (picture(&broker.data), picture(&transactions));
    let (set, outcome) = broker.saved("set-1");
    assert_eq!(
        outcome.summary,
        "29 messages in 4 queues, 19 waiting for redelivery"
    );
    let members: Vec<u64> = outcome
        .artifacts
        .iter()
        .map(|artifact| artifact.details["members"].as_u64().unwrap())
        .collect();
    assert_eq!(members, [6, 2, 8], "each directory is saved once");

    broker.go_on();
    fs::write(transactions.join("tmlog4.log"), "committed").unwrap();
    for _ in 0..2 {
        broker.restore(&set).unwrap();
        assert_eq!((picture(&broker.data), picture(&transactions)), before);
    }
}

#[test]
fn a_set_that_lies_about_its_messages_is_not_swapped_in() {
    let mut broker = Broker::small();
    let (set, _) = broker.saved("set-1");
    let artifact = set.artifact("jms/kahadb").unwrap();
    let check = registry::FORMAT_CHECKS
        .iter()
        .find(|check| check.kind() == artifact.kind);
    let check = check.unwrap();
    assert_eq!(check.check(&set, artifact), Vec::<String>::new());
    let mut lying = artifact.clone();
    lying.details["stores"][0]["inventory"]["queues"]["ActiveMQ.DLQ"]["messages"] = json!(3);
    let found = check.check(&set, &lying);
    assert_eq!(found, ["queue ActiveMQ.DLQ: 2 messages, expected 3"]);

    // The same in the sealed set: its manifest was edited.
    let manifest = set.directory().join("manifest.json");
    let mut edited: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    for artifact in edited["artifacts"].as_array_mut().unwrap() {
        if artifact["name"] == "jms/kahadb" {
            artifact["details"] = lying.details.clone();
        }
    }
    fs::write(&manifest, edited.to_string()).unwrap();
    let edited = SealedSet::open(&broker.world.backups(), "set-1").unwrap();
    broker.go_on();
    let before = picture(&broker.store);
    let failure = broker.restore(&edited).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::DamagedSet);
    assert_eq!(picture(&broker.store), before, "nothing was swapped");
}
