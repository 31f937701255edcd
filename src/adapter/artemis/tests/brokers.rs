//! Stores that real brokers wrote. `expected.txt` is what each said of itself when it was started again.

use std::collections::BTreeMap;
use std::fs;

use super::{VERSIONS, copy, read, store};

/// Of each queue: messages, scheduled, about to be taken by a prepared transaction; and the number of
/// those.
fn expected(version: &str) -> (BTreeMap<String, [u64; 3]>, u64) {
    let text = fs::read_to_string(store(version).join("expected.txt")).unwrap();
    let (mut queues, mut prepared) = (BTreeMap::new(), 0);
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["queue", _, "0", ..] => {}
            ["queue", name, messages, scheduled, delivering] => {
                let numbers = [messages, scheduled, delivering].map(|word| word.parse().unwrap());
                queues.insert(name.to_owned(), numbers);
            }
            ["prepared", _] => prepared += 1,
            _ => panic!("{line}"),
        }
    }
    (queues, prepared)
}

#[test]
fn what_brokers_counted() {
    for version in VERSIONS {
        let found = read(&store(version));
        let (queues, prepared) = expected(version);
        let counted = found.queues.iter().map(|(name, queue)| {
            let numbers = [queue.messages, queue.scheduled, queue.prepared_removes];
            (name.clone(), numbers)
        });
        assert_eq!(counted.collect::<BTreeMap<_, _>>(), queues, "{version}");
        assert_eq!(found.prepared_transactions, prepared);
        assert_eq!(found.prepared_transactions, 4);
        assert_eq!((found.unfinished_transactions, found.lost_messages), (0, 0));
        assert_eq!(found.damage, []);
        assert_eq!(found.messages(), 263);
        assert_eq!(found.queues["paged.queue"].paged, 90);
        assert_eq!(found.queues["paged.queue"].prepared_adds, 2);
        assert_eq!(found.queues["paged.large"].large, 1);
        assert_eq!(found.queues["journal.queue"].prepared_adds, 3);
    }
}

#[test]
fn a_store_differs_from_another_and_not_from_itself() {
    let [old, new] = VERSIONS.map(|version| read(&store(version)));
    assert_eq!(old.difference(&old), Vec::<String>::new());
    let different = new.difference(&old);
    assert!(
        different.contains(
            &"queue large.queue: 1 message as expected, but not the same ones".to_owned()
        ),
        "{different:?}"
    );
}

#[test]
fn a_missing_and_an_empty_body_are_damage() {
    let directory = tempfile::tempdir().unwrap();
    copy(&store("2.19.1"), directory.path());
    let bodies = directory.path().join("large-messages");
    let mut files: Vec<_> = fs::read_dir(&bodies)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    fs::remove_file(&files[0]).unwrap();
    fs::write(&files[1], "").unwrap();
    let found: Vec<String> = read(directory.path())
        .damage
        .iter()
        .map(ToString::to_string)
        .collect();
    let name = |at: usize| files[at].file_name().unwrap().to_str().unwrap();
    let missing = format!(
        "large messages/{} is damaged at byte 0: the body of a message is missing",
        name(0)
    );
    let empty = format!(
        "large messages/{} is damaged at byte 0: the body of a message is empty",
        name(1)
    );
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found.contains(&missing) && found.contains(&empty),
        "{found:?}"
    );
}

#[test]
fn the_pages_belong_to_the_journal() {
    let directory = tempfile::tempdir().unwrap();
    copy(&store("2.44.0"), directory.path());
    let whole = read(directory.path());
    fs::remove_dir_all(directory.path().join("paging")).unwrap();
    let different = read(directory.path()).difference(&whole);
    assert!(
        different.contains(&"queue paged.queue: 0 messages, expected 90".to_owned()),
        "{different:?}"
    );
}
