//! Bytes that nobody should write: reading ends, never panics, and tells of what it could not read.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::writing::{batch, content, file, read, record};
use super::{checked_files, store};
use crate::adapter::kahadb::DamageKind;
use crate::adapter::kahadb::journal::{BATCH_HEADER, BATCH_HEADER_SIZE, DAMAGE_KEPT, END_MARK};
use crate::adapter::kahadb::read_inventory;

/// Where the batches of an undamaged file begin and end.
fn batches(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut batches = Vec::new();
    let mut start = 0;
    while bytes[start..].starts_with(&BATCH_HEADER) {
        let length = bytes[start + 16..].first_chunk().unwrap();
        let end = start + BATCH_HEADER_SIZE + u32::from_be_bytes(*length) as usize;
        batches.push((start, end));
        start = end;
    }
    assert!(bytes[start..].starts_with(&END_MARK));
    batches
}

fn file_with_batches() -> impl Strategy<Value = Vec<u8>> {
    select(checked_files()).prop_filter("the next file of a broker may be unused", |bytes| {
        !batches(bytes).is_empty()
    })
}

/// A place within a batch that the checksum covers, or its header, and what to change there.
fn flip() -> impl Strategy<Value = (Vec<u8>, usize, u8)> {
    (
        file_with_batches(),
        any::<Index>(),
        any::<Index>(),
        1..=u8::MAX,
    )
        .prop_map(|(bytes, batch, place, mask)| {
            let batches = batches(&bytes);
            let (start, end) = *batch.get(&batches);
            (bytes, start + place.index(end - start), mask)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_changed_byte_is_found((mut bytes, place, mask) in flip()) {
        let (before, _) = read(&bytes);
        prop_assert_eq!(before.damage, []);
        bytes[place] ^= mask;
        let (scan, _) = read(&bytes);
        prop_assert!(!scan.damage.is_empty(), "byte {place} changed by {mask}");
    }

    #[test]
    fn a_cut_file_is_found(bytes in file_with_batches(), cut in any::<Index>()) {
        let used = batches(&bytes).last().unwrap().1 + END_MARK.len();
        let (scan, _) = read(&bytes[..cut.index(used)]);
        prop_assert_eq!(scan.damage.len(), 1);
        prop_assert_eq!(&scan.damage[0].1, &DamageKind::Truncated);
    }

    #[test]
    fn a_lost_block_is_found(
        bytes in file_with_batches(),
        start in any::<Index>(),
        length in 28..4096usize,
    ) {
        let used = batches(&bytes).last().unwrap().1;
        let start = start.index(used);
        let mut lost = bytes.clone();
        lost[start..used.min(start + length)].fill(0);
        let (scan, _) = read(&lost);
        let looks_unused = start + length >= used && used + END_MARK.len() == bytes.len();
        let is_found = !scan.damage.is_empty();
        prop_assert!(is_found || scan.unchecked_batches > 0 || looks_unused || lost == bytes);
    }

    #[test]
    fn many_changes_do_no_harm(
        mut bytes in file_with_batches(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..50),
    ) {
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        read(&bytes);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        read(&bytes);
    }

    #[test]
    fn any_bytes_in_place_of_records_do_no_harm(
        records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..20),
    ) {
        let (scan, _) = read(&file(&[batch(&records)]));
        prop_assert_eq!(scan.batches, 1);
    }

    #[test]
    fn any_bytes_in_place_of_a_body_do_no_harm(
        bodies in prop::collection::vec(
            (0..20u8, prop::collection::vec((0..11u8, any::<bool>(), any::<Vec<u8>>()), 0..5)),
            0..20,
        ),
    ) {
        let records: Vec<_> = (bodies.into_iter())
            .map(|(command, fields)| {
                let fields = fields.into_iter().map(|(field, whole, bytes)| {
                    if whole { content(field.into(), &bytes) } else { bytes }
                });
                record(command, &fields.collect::<Vec<_>>().concat())
            })
            .collect();
        let count = records.len();
        let (scan, _) = read(&file(&[batch(&records)]));
        prop_assert!(scan.damage.len() <= count);
        prop_assert!(scan.damage.iter().all(|(_, kind)| matches!(kind, DamageKind::Unreadable(_))));
    }
}

#[test]
fn damage_without_end_is_only_counted() {
    let mut bytes = Vec::new();
    for _ in 0..DAMAGE_KEPT + 5 {
        bytes.extend(BATCH_HEADER);
        bytes.extend([0x7F; 12]);
    }
    let (scan, _) = read(&bytes);
    assert_eq!(scan.damage.len(), DAMAGE_KEPT);
    assert_eq!(scan.further_damage, 5);
}

#[test]
fn a_file_full_of_headers_is_read_in_reasonable_time() {
    let mut bytes = BATCH_HEADER.repeat(200_000);
    read(&bytes);
    for header in bytes.chunks_mut(BATCH_HEADER_SIZE + 4) {
        if let Some(length) = header.get_mut(16..20) {
            length.copy_from_slice(&1_000_000u32.to_be_bytes());
        }
    }
    read(&bytes);
}

#[test]
fn damage_in_a_store_names_the_file_and_is_a_difference() {
    let directory = tempfile::tempdir().unwrap();
    for number in 1..=6 {
        let name = format!("db-{number}.log");
        std::fs::copy(store("queues").join(&name), directory.path().join(&name)).unwrap();
    }
    let whole = read_inventory(directory.path()).unwrap();
    let path = directory.path().join("db-3.log");
    let mut bytes = std::fs::read(&path).unwrap();
    let (start, end) = batches(&bytes)[2];
    bytes[end - 1] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let found = read_inventory(directory.path()).unwrap();
    let sentence =
        format!("db-3.log is damaged at byte {start}: the checksum of the batch is wrong");
    assert!(found.difference(&whole).contains(&sentence));
    assert_eq!(whole.difference(&whole), Vec::<String>::new());
}
