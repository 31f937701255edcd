//! A writer of journals, for tests.

use std::io::Cursor;
use std::ops::ControlFlow;

use crate::adapter::kahadb::adler32::Adler32;
use crate::adapter::kahadb::journal::{self, BATCH_HEADER, END_MARK, Scan};
use crate::adapter::kahadb::state::{Holdings, State};

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

pub(super) fn number(field: u64, number: u64) -> Vec<u8> {
    [varint(field << 3), varint(number)].concat()
}

pub(super) fn content(field: u64, content: &[u8]) -> Vec<u8> {
    [
        varint(field << 3 | 2),
        varint(content.len() as u64),
        content.to_vec(),
    ]
    .concat()
}

pub(super) fn queue(name: &str) -> Vec<u8> {
    [number(1, 0), content(2, name.as_bytes())].concat()
}

/// A `KahaTransactionInfo` of a local transaction, both of whose fields carry tag 1.
pub(super) fn local(transaction: u64) -> Vec<u8> {
    content(
        1,
        &[content(1, b"ID:connection"), number(1, transaction)].concat(),
    )
}

/// A record with a command and its body.
pub(super) fn record(command: u8, body: &[u8]) -> Vec<u8> {
    let payload = [&[command], &varint(body.len() as u64)[..], body].concat();
    let size = u32::try_from(payload.len() + 5).unwrap();
    [&size.to_be_bytes()[..], &[1], &payload].concat()
}

/// The body of an added or removed message.
pub(super) fn message(transaction: Option<u64>, destination: &str, id: &str) -> Vec<u8> {
    let transaction = transaction.map(|transaction| content(1, &local(transaction)));
    let rest = [content(2, &queue(destination)), content(3, id.as_bytes())];
    [transaction.unwrap_or_default(), rest.concat()].concat()
}

pub(super) fn add(destination: &str, id: &str) -> Vec<u8> {
    record(
        1,
        &[
            message(None, destination, id),
            content(4, &[b'x'; 50]),
            number(5, 4),
        ]
        .concat(),
    )
}

pub(super) fn remove(destination: &str, id: &str) -> Vec<u8> {
    record(2, &message(None, destination, id))
}

/// The records, in a batch with its checksum.
pub(super) fn batch(records: &[Vec<u8>]) -> Vec<u8> {
    let records = records.concat();
    let mut sum = Adler32::new();
    sum.update(&records);
    let length = u32::try_from(records.len()).unwrap().to_be_bytes();
    let checksum = i64::from(sum.value()).to_be_bytes();
    [&BATCH_HEADER[..], &length, &checksum, &records].concat()
}

/// A file with the batches, the end mark and some unused space.
pub(super) fn file(batches: &[Vec<u8>]) -> Vec<u8> {
    [&batches.concat()[..], &END_MARK, &[0; 300]].concat()
}

/// Reads one file as a whole store.
pub(super) fn read(bytes: &[u8]) -> (Scan, Holdings) {
    let mut state = State::default();
    let mut on_command = |command| -> ControlFlow<()> { state.apply(command, |_| false) };
    let scan = journal::scan(Cursor::new(bytes), bytes.len() as u64, &mut on_command).unwrap();
    (scan, state.finish())
}
