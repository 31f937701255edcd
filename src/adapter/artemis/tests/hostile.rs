//! Bytes that nobody should write: reading ends, never panics, and tells of what it could not read.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::super::change::Change;
use super::super::journal::{self, Fault, Header, Record};
use super::super::pages;
use super::super::reader::DAMAGE_KEPT;
use super::{VERSIONS, copy, read, store};

fn files(extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut waiting: Vec<PathBuf> = VERSIONS.iter().map(|version| store(version)).collect();
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|end| end == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The journal files of both brokers, with room at the end as a broker leaves it.
fn journals() -> impl Strategy<Value = Vec<u8>> {
    let bytes: Vec<_> = (files("amq").into_iter().chain(files("bindings")))
        .map(|path| {
            let mut bytes = fs::read(path).unwrap();
            bytes.resize(bytes.len() + 200, 0);
            bytes
        })
        .filter(|bytes| offsets(bytes).len() > 2)
        .collect();
    assert!(bytes.len() >= 4);
    select(bytes)
}

fn scan(bytes: &[u8]) -> (Vec<(usize, bool)>, Vec<Fault>) {
    let mut records = Vec::new();
    let Some(header) = Header::of(bytes) else {
        return (records, Vec::new());
    };
    let faults = journal::scan(bytes, header, &mut |offset, record: Record<'_>| {
        records.push((offset, Change::of(record.entry).is_ok()));
    });
    (records, faults)
}

fn offsets(bytes: &[u8]) -> Vec<usize> {
    let (records, faults) = scan(bytes);
    assert_eq!(faults, []);
    assert!(records.iter().all(|(_, readable)| *readable));
    records.into_iter().map(|(offset, _)| offset).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A record's beginning (but its kind, which is one bit from another) and its end.
    #[test]
    fn a_changed_frame_is_found(
        bytes in journals(),
        at in any::<Index>(),
        place in 1..9usize,
        mask in 1..=u8::MAX,
    ) {
        let offsets = offsets(&bytes);
        let at = at.index(offsets.len() - 1);
        let place = if place <= 4 { offsets[at] + place } else { offsets[at + 1] - (place - 4) };
        let mut changed = bytes.clone();
        changed[place] ^= mask;
        let (_, faults) = scan(&changed);
        prop_assert!(!faults.is_empty(), "byte {place} changed by {mask}");
        prop_assert!(faults[0].offset >= offsets[at]);
        prop_assert!(faults[0].offset < offsets[at + 1]);
    }

    #[test]
    fn a_cut_record_is_found(bytes in journals(), at in any::<Index>(), cut in any::<Index>()) {
        let offsets = offsets(&bytes);
        let at = at.index(offsets.len() - 1);
        let (start, end) = (offsets[at], offsets[at + 1]);
        let cut = start + 5 + cut.index(end - start - 5);
        let (_, faults) = scan(&bytes[..cut]);
        prop_assert_eq!(faults.len(), 1);
        prop_assert_eq!(faults[0].offset, start);
    }

    #[test]
    fn a_lost_block_is_found(
        mut bytes in journals(),
        start in any::<Index>(),
        length in 40..4096usize,
    ) {
        let offsets = offsets(&bytes);
        let last = offsets[offsets.len() - 1];
        let start = 17 + start.index(last - 17);
        let before = bytes.clone();
        bytes[start..last.min(start + length)].fill(0);
        let (records, faults) = scan(&bytes);
        let lost = offsets.len() - records.len();
        // Zeros between two records are what a write is filled up with.
        let whole_records = offsets.contains(&start) && offsets.contains(&last.min(start + length));
        prop_assert!(lost == 0 || !faults.is_empty() || whole_records || bytes == before);
    }

    #[test]
    fn many_changes_do_no_harm(
        mut bytes in journals(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..50),
    ) {
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        scan(&bytes);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        scan(&[&b"\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\x02"[..], &bytes].concat());
        pages::scan(&bytes, &mut |_, _| {});
    }

    #[test]
    fn any_record_does_no_harm(
        kind in 10..20u8,
        user in 20..50u8,
        body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let length = (body.len() as i32).to_be_bytes();
        let front = [&[kind, 0, 0, 0, 2, 0][..], &[0; 8], &length, &[user], &body].concat();
        let size = (front.len() as i32 + 4).to_be_bytes();
        scan(&[&b"\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\x02"[..], &front, &size].concat());
    }

    #[test]
    fn a_changed_or_cut_page_does_no_harm(
        page in select(files("page")),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..20),
        cut in any::<Index>(),
    ) {
        let mut bytes = fs::read(page).unwrap();
        let mut numbers = Vec::new();
        prop_assert_eq!(pages::scan(&bytes, &mut |number, _| numbers.push(number)), None);
        let whole = numbers.len();
        let cut = 1 + cut.index(bytes.len() - 1);
        let mut left = 0;
        let fault = pages::scan(&bytes[..cut], &mut |_, _| left += 1);
        prop_assert!(left < whole);
        let ends_with_a_message = bytes[cut] == b'{' && bytes[cut - 1] == b'}';
        prop_assert!(fault.is_some() || ends_with_a_message);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        pages::scan(&bytes, &mut |_, _| {});
    }
}

#[test]
fn damage_names_the_file_and_the_byte_and_is_a_difference() {
    let directory = tempfile::tempdir().unwrap();
    copy(&store("2.19.1"), directory.path());
    let whole = read(directory.path());
    let path = files("amq")
        .into_iter()
        .find(|path| path.starts_with(store("2.19.1")));
    let name = path.unwrap().file_name().unwrap().to_owned();
    let path = directory.path().join("journal").join(&name);
    let mut bytes = fs::read(&path).unwrap();
    let offsets = offsets(&bytes);
    bytes[offsets[2] - 1] ^= 1;
    fs::write(&path, bytes).unwrap();
    let found = read(directory.path());
    let sentence = format!(
        "journal/{} is damaged at byte {}: there are bytes between two records that are no record",
        name.to_str().unwrap(),
        offsets[1]
    );
    assert!(
        found.difference(&whole).contains(&sentence),
        "{:?}",
        found.damage
    );
}

#[test]
fn damage_without_end_is_only_counted() {
    let directory = tempfile::tempdir().unwrap();
    let bindings = directory.path().join("bindings");
    fs::create_dir(&bindings).unwrap();
    let mut bytes = b"\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\x02".to_vec();
    for _ in 0..DAMAGE_KEPT + 5 {
        // A lost byte, and the end of a transaction that nobody knows.
        bytes.extend(b"\xFF\x13\0\0\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\x12");
    }
    fs::write(bindings.join("a.bindings"), bytes).unwrap();
    let found = read(directory.path());
    assert_eq!(found.damage.len(), DAMAGE_KEPT);
    assert_eq!(found.further_damage, 5);
}
