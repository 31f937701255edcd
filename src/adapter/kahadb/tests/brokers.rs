//! Stores that real brokers wrote. `expected.json` beside each comes from the broker's side: what a
//! `QueueBrowser` and the job scheduler listed, and the digests as computed there.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use super::store;
use crate::adapter::kahadb::{QueueInventory, StoreInventory, read_inventory};

#[derive(Deserialize)]
struct Expected {
    queues: BTreeMap<String, QueueInventory>,
    prepared_transactions: u64,
    scheduled_jobs: u64,
    job_ids_sha256: String,
}

#[track_caller]
fn as_the_broker_saw_it(name: &str) -> StoreInventory {
    let json = fs::read_to_string(store(name).join("expected.json")).unwrap();
    let expected: Expected = serde_json::from_str(&json).unwrap();
    let found = read_inventory(&store(name)).unwrap();
    assert_eq!(found.queues, expected.queues);
    assert_eq!(found.prepared_transactions, expected.prepared_transactions);
    assert_eq!(found.scheduled_jobs, expected.scheduled_jobs);
    assert_eq!(found.job_ids_sha256, expected.job_ids_sha256);
    assert_eq!(found.damage, []);
    assert!(found.batches > 0);
    found
}

fn numbers(inventory: &StoreInventory) -> Vec<u32> {
    inventory.db_files.iter().map(|file| file.number).collect()
}

#[test]
fn sends_receives_local_transactions_and_dead_letters() {
    let found = as_the_broker_saw_it("queues");
    assert_eq!(found.messages(), 29);
    assert_eq!(found.queues["domibus.tenant.ü"].messages, 3);
    assert_eq!(found.queues["ActiveMQ.DLQ"].messages, 2);
    assert_eq!(found.unchecked_batches, 0);
    assert_eq!(numbers(&found), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn prepared_transactions_are_told_apart() {
    let found = as_the_broker_saw_it("transactions");
    assert_eq!(found.prepared_transactions, 3);
    let queue = &found.queues["domibus.internal.dispatch.queue"];
    assert_eq!((queue.messages, queue.visible_after_start()), (22, 20));
}

#[test]
fn deleted_files_and_compacted_acknowledgements() {
    let found = as_the_broker_saw_it("compacted");
    assert!(!numbers(&found).contains(&2), "a broker deleted this file");
    assert_eq!(found.replay_differences, Vec::<String>::new());
}

#[test]
fn messages_of_which_only_an_update_is_left() {
    let found = as_the_broker_saw_it("updated");
    assert!(
        !numbers(&found).contains(&1),
        "a broker deleted the file with the originals"
    );
    assert_eq!(
        (found.updates, found.queues["redelivered"].messages),
        (3, 3)
    );
}

#[test]
fn a_message_moved_back_before_its_removal_was_compacted() {
    let found = as_the_broker_saw_it("moved-back");
    assert_eq!(
        found.replay_differences,
        ["queue domibus.internal.dispatch.queue: 0 messages, expected 1"]
    );
}

#[test]
fn delayed_repeated_fired_and_removed_jobs() {
    let found = as_the_broker_saw_it("scheduled");
    assert_eq!((found.scheduled_jobs, found.messages()), (19, 0));
}

#[test]
fn a_journal_without_checksums() {
    let found = as_the_broker_saw_it("unchecked");
    assert_eq!(found.unchecked_batches, found.batches);
}

#[test]
fn a_store_whose_broker_was_killed() {
    assert_eq!(as_the_broker_saw_it("killed").in_flight_transactions, 1);
}

#[test]
fn a_topic_is_not_a_queue() {
    let found = as_the_broker_saw_it("topics");
    assert_eq!(found.topics["domibus.internal.command"].recorded, 6);
}

#[test]
fn the_stores_of_an_mkahadb_are_added_up() {
    let found = as_the_broker_saw_it("mkahadb");
    assert_eq!(
        found.prepared_transactions, 1,
        "one transaction in two stores"
    );
    let last = found.db_files.last().unwrap();
    assert_eq!(last.name, "txStore/db-1.log");
}

#[test]
fn an_inventory_survives_json() {
    let found = read_inventory(&store("transactions")).unwrap();
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(
        serde_json::from_str::<StoreInventory>(&json).unwrap(),
        found
    );
}
