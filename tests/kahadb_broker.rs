//! The store actions against a real broker: what it lists before a backup is what it lists after the
//! restore.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use upgrade_kit::adapter::registry;
use upgrade_kit::backup::{PartialSet, VerifyWatch};
use upgrade_kit::event::{FailureKind, Level, Outcome};

use crate::broker_rig::Rig;
use crate::tree_world::{Step, World};

fn options(rig: &Rig) -> Value {
    json!({
        "store": rig.path("kahadb"),
        "data": rig.path("config_location").join("work/activemq_data"),
        "artifact": "jms",
    })
}

fn backup(world: &World, options: &Value, set: &PartialSet) -> Outcome {
    let step = Step::new("export-jms", "kahadb.backup", options).writing(set);
    world.perform(&step).unwrap()
}

/// Lines of a listing, without queues that were only looked at.
fn listing(rig: &Rig) -> Vec<String> {
    let text = rig.messages(&["list"]);
    let lines = text.lines().filter(|line| !line.ends_with(" 0"));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_broker_lists_after_the_restore_what_it_listed_before_the_backup() {
    let Some(rig) = Rig::lay_out() else {
        return;
    };
    let mut world = World::new();
    let options = options(&rig);
    rig.start();
    for (queue, count) in [
        ("domibus.backend.jms.inQueue", "700"),
        ("domibus.internal.dispatch.queue", "300"),
        ("domibus.notification.jms", "25"),
    ] {
        rig.messages(&["send", queue, count]);
    }
    rig.messages(&["consume", "domibus.backend.jms.inQueue", "100"]);
    rig.messages(&["nack", "domibus.notification.jms", "10"]);
    let before = listing(&rig);

    let set = PartialSet::create(&world.backups(), "set-1").unwrap();
    let step = Step::new("export-jms", "kahadb.backup", &options).writing(&set);
    let failure = world.perform(&step).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    let running = format!("is locked by process {}", rig.pid().unwrap());
    assert!(failure.to_string().ends_with(&running), "{failure}");

    rig.stop();
    let outcome = backup(&world, &options, &set);
    assert_eq!(
        outcome.summary,
        "915 messages in 3 queues, 10 waiting for redelivery"
    );
    assert_eq!(outcome.warnings, Vec::<String>::new());
    world.done("export-jms", &outcome);
    let set = world.sealed(&set);
    let verification = set
        .verify(Level::L3, registry::FORMAT_CHECKS, &VerifyWatch::none())
        .unwrap();
    assert!(verification.is_sound(), "{:?}", verification.problems);
    let verify = || {
        let options = json!({
            "store": options["store"], "data": options["data"], "artifact": "jms"
        });
        world.perform(&Step::new("keep-jms", "kahadb.verify", &options).using(&set))
    };
    verify().unwrap();

    // The new version works, and messages come and go.
    rig.start();
    rig.messages(&["consume", "domibus.internal.dispatch.queue", "300"]);
    rig.messages(&["send", "domibus.backend.jms.outQueue", "50"]);
    rig.messages(&["nack", "domibus.backend.jms.inQueue", "5"]);
    rig.stop();
    assert_eq!(verify().unwrap_err().kind(), FailureKind::Verification);

    let restore = Step::new("restore-jms", "kahadb.restore", &options).using(&set);
    let outcome = world.perform(&restore).unwrap();
    assert_eq!(outcome.outputs["messages"], 915);
    rig.start();
    assert_eq!(listing(&rig), before);
    rig.stop();
    // The broker has written into every file, and holds the same messages.
    verify().unwrap();
}

/// Whatever a kill leaves, the copy holds what the next broker finds.
#[test]
fn a_broker_that_was_killed_at_work() {
    let Some(rig) = Rig::lay_out() else {
        return;
    };
    let world = World::new();
    let options = options(&rig);
    let journal: PathBuf = rig.path("kahadb").join("db-1.log");
    rig.start();
    let queue = "domibus.backend.jms.inQueue";
    rig.messages(&["send", queue, "20"]);
    let written = || journal.metadata().unwrap().modified().unwrap();
    let idle = written();
    let mut client = rig.messages_meanwhile(&["send", queue, "20000", "4000"]);
    let limit = Instant::now() + Duration::from_secs(30);
    while written() == idle && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(700));
    rig.kill();
    client.kill().unwrap();
    client.wait().unwrap();

    let set = PartialSet::create(&world.backups(), "set-1").unwrap();
    let outcome = backup(&world, &options, &set);
    let saved = outcome.outputs["messages"].as_u64().unwrap();
    assert!(
        saved > 20,
        "{saved} messages: it was killed before any work"
    );
    rig.start();
    let counts = rig.messages(&["counts"]);
    rig.stop();
    assert!(
        counts.contains(&format!("queue {queue} {saved}\n")),
        "saved {saved}, the broker says:\n{counts}"
    );
}
