//! The Artemis actions against real brokers of both versions: what one counts is what was read offline,
//! and what it lists before a backup is what it lists after the restore.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use upgrade_kit::adapter::artemis::{ArtemisInventory, Directories, read_inventory};
use upgrade_kit::adapter::registry;
use upgrade_kit::backup::{PartialSet, VerifyWatch};
use upgrade_kit::event::{FailureKind, Level};
use upgrade_kit::host::{Host, LocalHost};

use crate::tree_world::{Step, World};

/// A broker in a folder of its own. Killed when this is dropped.
struct Rig(TempDir);

impl Rig {
    /// `None`, with a word about it, where `tests/rig/fetch` was not run; then a failure if real parts are
    /// asked for.
    fn lay_out(version: &str) -> Option<Self> {
        let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache");
        let parts = [
            format!("lib/artemis-{version}"),
            "classes-artemis".to_owned(),
        ];
        if !parts.iter().all(|part| cache.join(part).exists()) {
            let wanted = std::env::var("UPGRADE_KIT_REAL").is_ok_and(|value| value == "1");
            assert!(
                !wanted,
                "there is no Artemis {version}: run tests/rig/fetch"
            );
            println!("skipped: there is no Artemis {version}; run tests/rig/fetch");
            return None;
        }
        let rig = Self(tempfile::tempdir().unwrap());
        rig.script("lay-out", &[version]);
        Some(rig)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test's counterpart, not the product's tool"
    )]
    #[track_caller]
    fn script(&self, command: &str, arguments: &[&str]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/artemis");
        let output = Command::new(script)
            .arg(command)
            .arg(self.0.path())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command} {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn start(&self) {
        self.script("start", &[]);
    }

    #[track_caller]
    fn stop(&self) {
        self.script("stop", &[]);
    }

    #[track_caller]
    fn jms(&self, words: &str) -> String {
        self.script("jms", &words.split(' ').collect::<Vec<_>>())
    }

    fn path(&self, folder: &str) -> PathBuf {
        self.0.path().join("data").join(folder)
    }

    fn pid(&self) -> Option<u32> {
        let text = fs::read_to_string(self.0.path().join("broker.pid")).ok()?;
        let pid = text.trim().parse().ok()?;
        LocalHost.process(pid).map(|process| process.pid)
    }

    /// `kill -9`.
    fn kill(&self) {
        if let Some(process) = self.pid().and_then(|pid| LocalHost.process(pid)) {
            LocalHost.signal(process, 9).unwrap();
            let lock = self.path("journal").join("serverlock.1");
            while LocalHost.process(process.pid).is_some()
                || LocalHost.lock_holder(&lock).unwrap().is_some()
            {
                std::thread::sleep(Duration::from_millis(20));
            }
            fs::remove_file(self.0.path().join("broker.pid")).unwrap();
        }
    }

    fn options(&self) -> Value {
        json!({
            "journal": self.path("journal"),
            "bindings": self.path("bindings"),
            "paging": self.path("paging"),
            "large_messages": self.path("large-messages"),
            "artifact": "jms",
        })
    }

    fn inventory(&self) -> ArtemisInventory {
        read_inventory(&Directories {
            journal: &self.path("journal"),
            bindings: &self.path("bindings"),
            paging: &self.path("paging"),
            large_messages: &self.path("large-messages"),
        })
        .unwrap()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `queue NAME MESSAGES SCHEDULED DELIVERING` of each filled queue, as the broker would say it after a
/// start: messages that a prepared transaction takes are being delivered.
fn as_the_broker_says(found: &ArtemisInventory) -> Vec<String> {
    let filled = found.queues.iter().filter(|(_, queue)| queue.messages > 0);
    let line = |(name, queue): (&String, &upgrade_kit::adapter::artemis::ArtemisQueue)| {
        let (messages, scheduled) = (queue.messages, queue.scheduled);
        format!(
            "queue {name} {messages} {scheduled} {}",
            queue.prepared_removes
        )
    };
    filled.map(line).collect()
}

fn queues(counts: &str) -> Vec<String> {
    let filled = counts
        .lines()
        .filter(|line| line.starts_with("queue ") && !line.ends_with(" 0 0 0"));
    filled.map(str::to_owned).collect()
}

fn fill(rig: &Rig) {
    for words in [
        "send taken.queue 320 400",
        "send journal.queue 67",
        "send retried.queue 9",
        "send large.queue 4 150000",
        "consume large.queue 2",
        "consume taken.queue 310",
        "consume journal.queue 40",
        "schedule journal.queue 5 36000",
        "send paged.queue 180",
        "consume paged.queue 77",
        "send paged.large 120",
        "send paged.large 2 150000",
        "prepare-send journal.queue 3",
        "prepare-receive journal.queue 4",
        "prepare-receive paged.queue 6",
        "prepare-send paged.queue 2",
        "nack retried.queue 4",
    ] {
        rig.jms(words);
    }
}

fn back_and_forth(version: &str) {
    let Some(rig) = Rig::lay_out(version) else {
        return;
    };
    let mut world = World::new();
    let options = rig.options();
    rig.start();
    fill(&rig);
    let set = PartialSet::create(&world.backups(), "set-1").unwrap();
    let step = Step::new("export-jms", "artemis.backup", &options).writing(&set);
    let failure = world.perform(&step).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    let running = format!("serverlock.1 is locked by process {}", rig.pid().unwrap());
    assert!(failure.to_string().ends_with(&running), "{failure}");
    rig.stop();

    let outcome = world.perform(&step).unwrap();
    world.done("export-jms", &outcome);
    let set = world.sealed(&set);
    let verification = set
        .verify(Level::L3, registry::FORMAT_CHECKS, &VerifyWatch::none())
        .unwrap();
    assert!(verification.is_sound(), "{:?}", verification.problems);
    let saved = rig.inventory();
    let paged = &saved.queues["paged.queue"];
    assert!(paged.paged > 50 && paged.prepared_adds == 2, "{paged:?}");
    assert_eq!(saved.queues["large.queue"].large, 2);
    assert_eq!(saved.prepared_transactions, 4);

    rig.start();
    let before = rig.jms("list");
    assert_eq!(as_the_broker_says(&saved), queues(&before));
    // The new version works, and messages come and go.
    rig.jms("consume taken.queue 10");
    rig.jms("consume paged.queue 30");
    rig.jms("roll-back-prepared");
    rig.jms("consume large.queue 1");
    rig.jms("send other.queue 30");
    rig.jms("send paged.large 40");
    rig.stop();
    let verify = || world.perform(&Step::new("keep-jms", "artemis.verify", &options).using(&set));
    assert_eq!(verify().unwrap_err().kind(), FailureKind::Verification);

    let restore = Step::new("restore-jms", "artemis.restore", &options).using(&set);
    let outcome = world.perform(&restore).unwrap();
    assert_eq!(outcome.outputs["messages"], saved.messages());
    rig.start();
    assert_eq!(rig.jms("list"), before);
    rig.stop();
    // The broker has written into the journal, and holds the same messages.
    verify().unwrap();
}

#[test]
fn artemis_2_19_lists_after_the_restore_what_it_listed_before_the_backup() {
    back_and_forth("2.19.1");
}

#[test]
fn artemis_2_44_lists_after_the_restore_what_it_listed_before_the_backup() {
    back_and_forth("2.44.0");
}

/// Whatever a kill leaves, the copy holds what the next broker finds.
#[test]
fn an_artemis_broker_that_was_killed() {
    for version in ["2.19.1", "2.44.0"] {
        let Some(rig) = Rig::lay_out(version) else {
            return;
        };
        rig.start();
        fill(&rig);
        rig.kill();
        let found = rig.inventory();
        assert_eq!(found.damage, [], "{version}");
        rig.start();
        assert_eq!(
            as_the_broker_says(&found),
            queues(&rig.jms("counts")),
            "{version}"
        );
        rig.stop();
    }
}
