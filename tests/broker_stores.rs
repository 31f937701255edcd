//! A broker's stores in a world of their own, and the steps that save and restore them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use upgrade_kit::adapter::Failure;
use upgrade_kit::backup::{PartialSet, SealedSet};
use upgrade_kit::event::Outcome;

use crate::tree_world::{Step, World};

/// A broker's directories in a world, and the options that name them.
pub(crate) struct Broker {
    pub(crate) world: World,
    pub(crate) store: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) transactions: Option<PathBuf>,
}

impl Broker {
    /// The stores of the quickstart: 42 messages, 3 of them waiting for redelivery.
    pub(crate) fn practice() -> Self {
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

    pub(crate) fn empty() -> Self {
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

    pub(crate) fn refused(&self) -> Failure {
        let set = PartialSet::create(&self.world.backups(), "refused").unwrap();
        self.backup(&set).unwrap_err()
    }

    pub(crate) fn restore(&self, set: &SealedSet) -> Result<Outcome, Failure> {
        let options = self.options();
        let step = Step::new("restore-jms", "kahadb.restore", &options).using(set);
        self.world.perform(&step)
    }

    pub(crate) fn verify(&self, set: &SealedSet) -> Result<Outcome, Failure> {
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
