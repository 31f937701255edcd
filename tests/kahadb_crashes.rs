//! Saving and restoring a broker's stores, killed at every operation and run again.

use std::fs;
use std::path::{Path, PathBuf};

use upgrade_kit::adapter::kahadb::read_inventory;
use upgrade_kit::backup::{PartialSet, VerifyWatch};
use upgrade_kit::event::Level;

use crate::broker_stores::Broker;
use crate::tree_world::{DyingHost, Step, picture};

fn messages(store: &Path) -> u64 {
    read_inventory(store).unwrap().messages()
}

fn jobs(data: &Path) -> u64 {
    let scheduler = read_inventory(&data.join("localhost/scheduler")).unwrap();
    scheduler.scheduled_jobs
}

/// Lives, and does not wait for the disk: a killed program loses nothing that was not synced.
fn undying() -> DyingHost {
    DyingHost::after(u64::MAX)
}

/// At every moment each store is the whole old one or the whole new one; the next attempt finishes,
/// and what was replaced is kept.
#[test]
fn a_restore_of_messages_survives_a_kill_at_every_operation() {
    let mut broker = Broker::small();
    let (set, _) = broker.saved("set-1");
    let expected = (picture(&broker.store), picture(&broker.data));
    let (messages_saved, jobs_saved) = (messages(&broker.store), jobs(&broker.data));
    let options = broker.options();
    let mut kills = 0;
    for operations in 0.. {
        broker.go_on();
        let present = (messages(&broker.store), jobs(&broker.data));
        assert!(present.0 != messages_saved && present.1 != jobs_saved);
        let name = format!("restore-{operations}");
        let step = Step::new(&name, "kahadb.restore", &options).using(&set);
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
            let found = (messages(&broker.store), jobs(&broker.data));
            assert!(
                [present.0, messages_saved].contains(&found.0),
                "{operations}"
            );
            assert!([present.1, jobs_saved].contains(&found.1), "{operations}");
            broker.world.perform_on(&undying(), &step).unwrap()
        };
        let found = (picture(&broker.store), picture(&broker.data));
        assert_eq!(found, expected, "after {operations}");
        let kept: Vec<PathBuf> = outcome.outputs["replaced"]
            .as_array()
            .unwrap()
            .iter()
            .map(|path| PathBuf::from(path.as_str().unwrap()))
            .collect();
        assert_eq!(kept.len(), 2, "after {operations}");
        for kept in kept {
            let lock = ["lock", "localhost/scheduler/lock"].map(|lock| kept.join(lock));
            assert!(lock.iter().any(|lock| lock.exists()));
            fs::remove_dir_all(kept).unwrap();
        }
        let mut names: Vec<_> = fs::read_dir(broker.world.path("work"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["activemq_data", "kahadb"], "after {operations}");
    }
    assert!(kills > 80, "only {kills} kills");
}

#[test]
fn a_backup_of_messages_survives_a_kill_at_every_operation() {
    let mut kills = 0;
    for operations in (0..).step_by(2) {
        let mut broker = Broker::small();
        let before = (picture(&broker.store), picture(&broker.data));
        let set = PartialSet::create(&broker.world.backups(), "set-1").unwrap();
        let options = broker.options();
        let step = Step::new("export-jms", "kahadb.backup", &options).writing(&set);
        let host = DyingHost::after(operations);
        let first = broker.world.perform_on(&host, &step);
        if !host.died() {
            first.unwrap();
            break;
        }
        kills += 1;
        let outcome = broker.world.perform_on(&undying(), &step).unwrap();
        assert_eq!(outcome.outputs["messages"], 29);
        assert_eq!((picture(&broker.store), picture(&broker.data)), before);
        broker.world.done("export-jms", &outcome);
        let set = broker.world.sealed(&set);
        let checks = upgrade_kit::adapter::registry::FORMAT_CHECKS;
        let found = set.verify(Level::L3, checks, &VerifyWatch::none()).unwrap();
        assert!(found.is_sound(), "{:?}", found.problems);
    }
    assert!(kills > 20, "only {kills} kills");
}
