//! Rules that the brokers' stores do not happen to show.

use std::fs;
use std::time::Instant;

use super::writing::{
    add, batch, content, file, local, message, number, queue, read, record, remove,
};
use crate::adapter::kahadb::{
    DamageKind, JournalFile, KahadbError, StoreInventory, TopicInventory, read_inventory,
};

#[track_caller]
fn holds(records: &[Vec<u8>], expected: u64) {
    let (scan, holdings) = read(&file(&[batch(records)]));
    assert_eq!(scan.damage, []);
    let messages: usize = holdings
        .destinations
        .iter()
        .map(|held| held.messages.len())
        .sum();
    assert_eq!(messages as u64, expected);
}

fn in_transaction(command: u8, id: &str) -> Vec<u8> {
    record(command, &message(Some(7), "Q", id))
}

fn end(command: u8, transaction: u64) -> Vec<u8> {
    record(command, &content(1, &local(transaction)))
}

fn remove_destination() -> Vec<u8> {
    record(6, &content(1, &queue("Q")))
}

#[test]
fn a_message_counts_once_and_an_unknown_removal_not_at_all() {
    holds(
        &[
            add("Q", "a"),
            add("Q", "a"),
            remove("Q", "b"),
            remove("R", "a"),
        ],
        1,
    );
    holds(&[add("Q", "a"), add("R", "a")], 2);
    holds(&[add("Q", "a"), remove("Q", "a")], 0);
}

#[test]
fn a_transaction_counts_once_it_is_committed() {
    let begun = [
        add("Q", "a"),
        in_transaction(1, "b"),
        in_transaction(1, "c"),
    ];
    let then = |more: &[Vec<u8>]| [&begun[..], more].concat();
    holds(&begun, 1);
    holds(&then(&[end(4, 7)]), 3);
    holds(&then(&[end(4, 8)]), 1);
    holds(&then(&[end(5, 7), end(4, 7)]), 1);
    holds(&then(&[end(3, 7)]), 1);
    holds(&then(&[end(3, 7), end(4, 7)]), 3);
    holds(&then(&[in_transaction(2, "a"), end(4, 7)]), 2);
}

#[test]
fn a_removed_destination_is_empty_until_a_message_is_added_again() {
    holds(&[add("Q", "a"), remove_destination()], 0);
    holds(&[add("Q", "a"), remove_destination(), add("Q", "b")], 1);
    let early = [in_transaction(1, "a"), remove_destination(), end(4, 7)];
    holds(&early, 0);
    let late = [remove_destination(), in_transaction(1, "a"), end(4, 7)];
    holds(&late, 1);
}

#[test]
fn an_update_adds_what_is_not_there_and_its_transaction_does_not_matter() {
    let update = |transaction| record(10, &content(1, &message(transaction, "Q", "a")));
    holds(&[update(None)], 1);
    holds(&[update(Some(7))], 1);
    holds(&[add("Q", "a"), update(None)], 1);
}

#[test]
fn a_durable_subscription_s_acknowledgement_removes_nothing() {
    let body = [message(None, "Q", "a"), content(5, b"client:subscription")].concat();
    holds(&[add("Q", "a"), record(2, &body)], 1);
}

#[test]
fn a_record_that_says_too_little_is_damage() {
    for (command, body) in [
        (1, content(2, &queue("Q"))),
        (1, content(3, b"id")),
        (2, content(2, &content(2, b""))),
        (4, vec![]),
        (6, vec![]),
        (10, vec![]),
        (11, content(1, b"JMS")),
        (16, vec![]),
        (17, vec![]),
        (255, vec![]),
    ] {
        let (scan, _) = read(&file(&[batch(&[record(command, &body), add("Q", "a")])]));
        assert_eq!(scan.damage.len(), 1, "command {command}");
        assert_eq!(scan.damage[0].0, 28);
        assert!(matches!(scan.damage[0].1, DamageKind::Unreadable(_)));
    }
}

#[test]
fn reading_goes_on_behind_damage() {
    let good = || batch(&[add("Q", "a")]);
    let other = || batch(&[add("Q", "b")]);
    let mut flipped = batch(&[add("Q", "lost")]);
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let mut negative = batch(&[add("Q", "lost")]);
    negative[16] = 0xFF;
    let mut long = batch(&[add("Q", "lost")]);
    long[17] = 0x7F;
    for (damage, kind) in [
        (flipped, DamageKind::BadChecksum),
        (
            negative,
            DamageKind::Unreadable("the length of the batch is negative".into()),
        ),
        (long, DamageKind::Truncated),
        (
            vec![0; 500],
            DamageKind::Unreadable("unused space before used space".into()),
        ),
        (
            vec![b'W'; 500],
            DamageKind::Unreadable("no batch begins where one should".into()),
        ),
    ] {
        let start = good().len() as u64;
        let (scan, holdings) = read(&file(&[good(), damage, other()]));
        assert_eq!(scan.damage, [(start, kind)]);
        assert_eq!(holdings.destinations[0].messages.len(), 2);
    }
}

#[test]
fn a_record_that_does_not_fit_ends_its_unchecked_batch() {
    let mut bytes = batch(&[add("Q", "a"), add("Q", "b")]);
    let second = 28 + add("Q", "a").len();
    bytes[20..28].fill(0);
    bytes[second..second + 4].copy_from_slice(&0x7FFF_FFFFu32.to_be_bytes());
    let (scan, holdings) = read(&file(&[bytes, batch(&[add("Q", "c")])]));
    assert_eq!((scan.unchecked_batches, scan.damage.len()), (1, 1));
    assert_eq!(scan.damage[0].0, second as u64);
    assert_eq!(holdings.destinations[0].messages.len(), 2);
}

#[test]
fn a_file_without_its_end_mark_was_cut() {
    let whole = batch(&[add("Q", "a")]);
    let (scan, holdings) = read(&whole);
    assert_eq!(scan.damage, [(whole.len() as u64, DamageKind::Truncated)]);
    assert_eq!(holdings.destinations[0].messages.len(), 1);
}

#[test]
fn zeros_end_a_file_too() {
    let (scan, _) = read(&[batch(&[add("Q", "a")]), vec![0; 100_000]].concat());
    assert_eq!(scan.damage, []);
}

#[test]
fn a_compacted_file_waits_until_its_source_is_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let put = |number: u32, records: &[Vec<u8>]| {
        let path = directory.path().join(format!("db-{number}.log"));
        fs::write(path, file(&[batch(records)])).unwrap();
    };
    put(1, &[add("Q", "a"), add("Q", "b")]);
    put(2, &[remove("Q", "a")]);
    put(
        3,
        &[
            record(16, &[number(1, 2), number(2, 1)].concat()),
            remove("Q", "b"),
        ],
    );
    assert_eq!(read_inventory(directory.path()).unwrap().messages(), 1);
    fs::remove_file(directory.path().join("db-2.log")).unwrap();
    assert_eq!(read_inventory(directory.path()).unwrap().messages(), 1);
    put(1, &[add("Q", "a"), add("Q", "b"), add("Q", "c")]);
    let found = read_inventory(directory.path()).unwrap();
    assert_eq!((found.messages(), found.replay_differences.len()), (2, 0));
}

#[test]
fn only_the_last_file_may_be_empty() {
    let directory = tempfile::tempdir().unwrap();
    let path = |number: u32| directory.path().join(format!("db-{number}.log"));
    fs::write(path(1), file(&[batch(&[add("Q", "a")])])).unwrap();
    fs::write(path(2), "").unwrap();
    let found = read_inventory(directory.path()).unwrap();
    assert_eq!(found.damage, []);
    let empty = JournalFile {
        name: "db-2.log".into(),
        number: 2,
        bytes: 0,
    };
    assert_eq!(found.db_files[1], empty);
    fs::write(path(3), file(&[])).unwrap();
    let found = read_inventory(directory.path()).unwrap();
    assert_eq!(
        found.damage[0].to_string(),
        "db-2.log is damaged at byte 0: the file is cut off"
    );
}

#[test]
fn an_unreadable_directory_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let error = read_inventory(directory.path()).unwrap_err();
    assert!(matches!(error, KahadbError::NoJournal { .. }));
    assert!(
        error
            .to_string()
            .contains(directory.path().to_str().unwrap())
    );
}

#[test]
fn differences_are_told_in_sentences() {
    let inventory = |records: &[Vec<u8>]| -> StoreInventory {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("db-1.log"), file(&[batch(records)])).unwrap();
        read_inventory(directory.path()).unwrap()
    };
    let prepared = [in_transaction(1, "p"), end(3, 7)];
    let expected = inventory(&[&[add("Q", "a"), add("R", "x")], &prepared[..]].concat());
    assert_eq!(expected.difference(&expected), Vec::<String>::new());
    let job = [content(1, b"JMS"), content(2, b"j"), number(9, 1)].concat();
    let mut found = inventory(&[add("Q", "b"), add("S", "1"), record(11, &job)]);
    found
        .topics
        .insert("T".into(), TopicInventory { recorded: 5 });
    found.db_files.clear();
    assert_eq!(
        found.difference(&expected),
        [
            "queue Q: 0 prepared sends, expected 1",
            "queue Q: 1 message as expected, but not the same ones",
            "queue R: 0 messages, expected 1",
            "queue S: 1 message, expected 0",
            "0 prepared transactions, expected 1",
            "1 scheduled job, expected 0",
        ]
    );
}

/// A file of the default size, full of messages of a kilobyte, every second of them consumed.
fn full_file() -> (Vec<u8>, u64) {
    let mut batches = Vec::new();
    let (mut bytes, mut messages) = (0, 0);
    while bytes < 32 * 1024 * 1024 - 300_000 {
        let mut records = Vec::new();
        for place in 0..100 {
            let id = format!(
                "ID:host.example-40000-1700000000000-4:1:1:1:{}",
                messages + place
            );
            let body = [message(None, "domibus.Q", &id), content(4, &[b'x'; 1024])].concat();
            records.push(record(1, &body));
            if place % 2 == 0 {
                records.push(remove("domibus.Q", &id));
            }
        }
        messages += 100;
        let batch = batch(&records);
        bytes += batch.len();
        batches.push(batch);
    }
    (file(&batches), messages / 2)
}

#[test]
fn a_full_file_of_the_default_size() {
    let (bytes, expected) = full_file();
    let start = Instant::now();
    let (scan, holdings) = read(&bytes);
    let seconds = start.elapsed().as_secs_f64();
    println!("{:.0} MB/s", bytes.len() as f64 / 1e6 / seconds);
    assert_eq!(scan.damage, []);
    assert_eq!(holdings.destinations[0].messages.len() as u64, expected);
}
