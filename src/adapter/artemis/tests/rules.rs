//! Journals written here, for what the stores of brokers do not show one by one.

use std::fs;

use super::super::journal::HEADER;
use super::read;
use crate::adapter::artemis::ArtemisInventory;

const FILE: i64 = 7;

fn record(kind: u8, file: i64, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend((file as i32).to_be_bytes());
    bytes.push(0);
    bytes.extend(parts.concat());
    let size = bytes.len() as i32 + 4;
    bytes.extend(size.to_be_bytes());
    bytes
}

fn long(number: i64) -> [u8; 8] {
    number.to_be_bytes()
}

fn body(kind: u8, content: &[u8]) -> Vec<u8> {
    [&(content.len() as i32).to_be_bytes(), &[kind][..], content].concat()
}

/// Adds, or in a transaction: a message.
fn message(transaction: Option<i64>, id: i64) -> Vec<u8> {
    let content = body(45, &[&[1], &long(id)[..], b"\0"].concat());
    match transaction {
        None => record(11, FILE, &[&long(id), &content]),
        Some(transaction) => record(13, FILE, &[&long(transaction), &long(id), &content]),
    }
}

fn update(transaction: Option<i64>, id: i64, kind: u8, content: &[u8]) -> Vec<u8> {
    let content = body(kind, content);
    match transaction {
        None => record(12, FILE, &[&long(id), &content]),
        Some(transaction) => record(14, FILE, &[&long(transaction), &long(id), &content]),
    }
}

fn reference(transaction: Option<i64>, id: i64) -> Vec<u8> {
    update(transaction, id, 32, &long(1))
}

fn delete(id: i64) -> Vec<u8> {
    record(16, FILE, &[&long(id)])
}

fn commit(transaction: i64, records: i32) -> Vec<u8> {
    record(18, FILE, &[&long(transaction), &records.to_be_bytes()])
}

fn prepare(transaction: i64, records: i32) -> Vec<u8> {
    let xid = b"\0\0\0\x03xid";
    record(17, FILE, &[&long(transaction), &records.to_be_bytes(), xid])
}

fn file(number: i64, records: &[Vec<u8>]) -> Vec<u8> {
    let header = [&2i32.to_be_bytes(), &0i32.to_be_bytes(), &long(number)[..]].concat();
    assert_eq!(header.len(), HEADER);
    [header, records.concat()].concat()
}

/// What a store with these files holds; queue 1 is called `q`.
fn store(files: &[(&str, Vec<u8>)]) -> ArtemisInventory {
    let directory = tempfile::tempdir().unwrap();
    let top = directory.path();
    for folder in ["bindings", "journal"] {
        fs::create_dir(top.join(folder)).unwrap();
    }
    let queue = record(11, 1, &[&long(1), &body(21, b"\0\0\0\x02q\0\0\0\0\x02q\0")]);
    fs::write(top.join("bindings/a.bindings"), file(1, &[queue])).unwrap();
    for (name, content) in files {
        fs::write(top.join("journal").join(name), content).unwrap();
    }
    read(top)
}

fn journal(records: &[Vec<u8>]) -> ArtemisInventory {
    let mut content = file(FILE, records);
    content.resize(content.len() + 100, 0);
    store(&[("a.amq", content)])
}

fn messages(found: &ArtemisInventory) -> u64 {
    assert_eq!(found.damage, []);
    found.messages()
}

#[test]
fn a_message_counts_in_its_queue_until_it_is_taken_or_deleted() {
    let sent = [message(None, 10), reference(None, 10)].concat();
    assert_eq!(messages(&journal(std::slice::from_ref(&sent))), 1);
    let taken = update(None, 10, 33, &long(1));
    assert_eq!(messages(&journal(&[sent.clone(), taken])), 0);
    assert_eq!(messages(&journal(&[sent.clone(), delete(10)])), 0);
    let elsewhere = update(None, 10, 32, &long(2));
    let found = journal(&[sent, elsewhere]);
    assert_eq!(messages(&found), 2);
    assert_eq!(found.queues["2"].messages, 1, "a queue without a name");
}

#[test]
fn a_deletion_counts_for_what_comes_later_too() {
    assert_eq!(
        messages(&journal(&[
            delete(10),
            message(None, 10),
            reference(None, 10)
        ])),
        0
    );
}

#[test]
fn a_transaction_counts_when_it_is_committed_and_whole() {
    let sent = [message(Some(5), 10), reference(Some(5), 10)].concat();
    let open = journal(std::slice::from_ref(&sent));
    assert_eq!((messages(&open), open.unfinished_transactions), (0, 1));
    assert_eq!(messages(&journal(&[sent.clone(), commit(5, 2)])), 1);
    let rolled_back = record(19, FILE, &[&long(5)]);
    let found = journal(&[sent.clone(), rolled_back]);
    assert_eq!((messages(&found), found.unfinished_transactions), (0, 0));
    let found = journal(&[sent, commit(5, 3)]);
    assert_eq!(found.messages(), 0);
    assert_eq!(
        found.damage[0].problem,
        "records of this transaction are missing"
    );
    assert_eq!(messages(&journal(&[commit(6, 9)])), 0, "long gone");
}

#[test]
fn a_prepared_transaction_is_told_apart() {
    let before = [message(None, 9), reference(None, 9)].concat();
    let sent = [message(Some(5), 10), reference(Some(5), 10)].concat();
    let taken = update(Some(5), 9, 33, &long(1));
    let waits = [before, sent, taken, prepare(5, 3)].concat();
    let found = journal(std::slice::from_ref(&waits));
    let queue = &found.queues["q"];
    assert_eq!((messages(&found), found.prepared_transactions), (1, 1));
    assert_eq!((queue.prepared_adds, queue.prepared_removes), (1, 1));
    let found = journal(&[waits, commit(5, 3)]);
    let queue = &found.queues["q"];
    assert_eq!((messages(&found), found.prepared_transactions), (1, 0));
    assert_eq!((queue.prepared_adds, queue.prepared_removes), (0, 0));
}

#[test]
fn files_come_in_the_order_of_their_headers_and_old_records_do_not_count() {
    let sent = [message(None, 10), reference(None, 10)].concat();
    let older = record(16, 6, &[&long(10)]);
    let found = store(&[
        ("b.amq", file(FILE, &[sent, older])),
        ("a.amq", file(8, &[record(18, 8, &[&long(5), &[0; 4]])])),
        ("cut.amq", vec![0; HEADER - 1]),
    ]);
    assert_eq!(messages(&found), 1);
    let twice = store(&[("a.amq", file(8, &[])), ("b.amq", file(8, &[]))]);
    assert_eq!(twice.damage[0].problem, "another file has the same number");
}

#[test]
fn a_reference_to_a_message_that_never_came_is_told() {
    let found = journal(&[reference(None, 10)]);
    assert_eq!((messages(&found), found.lost_messages), (0, 1));
    let found = journal(&[reference(None, 10), delete(10)]);
    assert_eq!(found.lost_messages, 0, "its file is gone, and so is it");
}

#[test]
fn an_unfinished_compaction_is_for_the_broker_to_finish() {
    let found = store(&[
        ("a.amq", file(FILE, &[])),
        ("journal-rename-control.ctr", vec![1]),
        ("b.amq.cmp", vec![]),
    ]);
    let damage = found.damage[0].to_string();
    assert!(
        damage.starts_with("journal/journal-rename-control.ctr is"),
        "{damage}"
    );
}

#[test]
fn nothing_at_all_is_an_empty_store_and_other_files_are_a_wrong_directory() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(read(directory.path()), ArtemisInventory::default());
    let journal = directory.path().join("journal");
    fs::create_dir(&journal).unwrap();
    fs::write(journal.join("serverlock.1"), "").unwrap();
    assert_eq!(read(directory.path()), ArtemisInventory::default());
    fs::write(journal.join("db-1.log"), "").unwrap();
    let directories = super::Directories {
        bindings: directory.path(),
        journal: &journal,
        paging: &journal,
        large_messages: &journal,
    };
    let error = super::read_inventory(&directories).unwrap_err().to_string();
    assert!(error.contains("no bindings directory"), "{error}");
}

/// A page of queue 1 with three messages: one of no transaction, two of transaction 5.
fn page() -> Vec<u8> {
    let message = |id: i64, transaction: i64| {
        let content = [&[1][..], &long(id), b"\0\0\0\0\x02hi"].concat();
        let queues = [&1i32.to_be_bytes()[..], &long(1)].concat();
        let whole = [&long(transaction)[..], &[0], &content, &queues].concat();
        [b"{", &(whole.len() as i32).to_be_bytes()[..], &whole, b"}"].concat()
    };
    [message(20, -1), message(21, 5), message(22, 5)].concat()
}

fn paged(records: &[Vec<u8>]) -> ArtemisInventory {
    let directory = tempfile::tempdir().unwrap();
    let top = directory.path();
    fs::create_dir_all(top.join("paging/address")).unwrap();
    fs::write(top.join("paging/address/000000003.page"), page()).unwrap();
    fs::create_dir(top.join("journal")).unwrap();
    fs::write(top.join("journal/a.amq"), file(FILE, records)).unwrap();
    let found = read(top);
    assert_eq!(found.damage, []);
    found
}

fn add(id: i64, kind: u8, content: &[u8]) -> Vec<u8> {
    record(11, FILE, &[&long(id), &body(kind, content)])
}

#[test]
fn a_paged_message_counts_if_its_transaction_is_known_and_its_queue_is_not_done_with_it() {
    assert_eq!(paged(&[]).messages(), 1, "the transaction never ended");
    let committed = add(30, 35, &[&long(5)[..], &2i32.to_be_bytes()].concat());
    assert_eq!(paged(std::slice::from_ref(&committed)).messages(), 3);
    let place =
        |page: i64, number: i32| [&long(1)[..], &long(page), &number.to_be_bytes()].concat();
    let taken = add(31, 39, &place(3, 1));
    let found = paged(&[committed.clone(), taken.clone()]);
    assert_eq!((found.messages(), found.queues["1"].paged), (2, 2));
    let elsewhere = add(31, 39, &place(4, 1));
    assert_eq!(paged(&[committed.clone(), elsewhere]).messages(), 3);
    assert_eq!(paged(&[committed.clone(), taken, delete(31)]).messages(), 3);
    let page_done = add(32, 42, &place(3, 3));
    assert_eq!(paged(&[committed.clone(), page_done]).messages(), 0);
    let delivered = update(None, 30, 35, &[&long(5)[..], &2i32.to_be_bytes()].concat());
    assert_eq!(paged(&[committed, delivered]).messages(), 1);
}

#[test]
fn paged_messages_of_a_prepared_transaction_are_told_apart() {
    let content = body(35, &[&long(5)[..], &2i32.to_be_bytes()].concat());
    let waits = record(13, FILE, &[&long(5), &long(30), &content]);
    let found = paged(&[waits, prepare(5, 1)]);
    let queue = &found.queues["1"];
    assert_eq!((queue.messages, queue.prepared_adds), (1, 2));
}
