//! One journal file: a header, then records at any place.
//!
//! The format is that of `JournalImpl.java` (`readJournalFile`), the same from Artemis 1.0 to 2.44:
//!
//! ```text
//! file    i32 version · i32 user version · i64 file id · record …
//! record  u8 type · i32 file id · [u8 compactions, from version 2] · [i64 transaction] · [i64 record]
//!         · [i32 length · [u8 kind] · body] · [i32 records in this file · [i32 length · xid]] · i32 size
//! ```
//!
//! Files are used again without being cleared: what an earlier use left has another file id. There is
//! no checksum; a record counts if the size at its end is the right one. So a broker looks for a record
//! at every byte, and this reader has to find the same ones. What it tells of beyond that is where a
//! record was lost: between two records stands nothing but the zeros to which a write was filled up.

use super::bytes::{Bytes, TooShort};

/// `JournalImpl.SIZE_HEADER`.
pub(super) const HEADER: usize = 16;

/// `JournalImpl.COMPATIBLE_VERSIONS` and `FORMAT_VERSION`.
const VERSIONS: std::ops::RangeInclusive<i32> = 1..=2;

/// What a file's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The order of the files: not that of their names.
    pub(super) file: i64,
    compacted: bool,
}

impl Header {
    /// `None` if it is no journal file of a known version.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let version = bytes.i32().ok()?;
        bytes.i32().ok()?;
        let file = bytes.i64().ok()?;
        VERSIONS.contains(&version).then_some(Self {
            file,
            compacted: version >= 2,
        })
    }
}

/// A record of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// The transaction it belongs to or ends.
    pub(super) transaction: Option<i64>,
    pub(super) entry: Entry<'a>,
}

/// What a record says of the journal's contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// Nothing that lasts.
    Event,
    Add {
        id: i64,
        kind: u8,
        body: &'a [u8],
    },
    Update {
        id: i64,
        kind: u8,
        body: &'a [u8],
    },
    Delete {
        id: i64,
    },
    /// The transaction has that many records in this file.
    Prepare {
        records: i32,
    },
    Commit {
        records: i32,
    },
    Rollback,
}

/// A place of a file where something is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) reason: &'static str,
}

/// Why there is no record at a place.
enum NoRecord {
    /// Nothing there resembles one of this file.
    Nothing,
    /// It begins as one, and is not whole.
    Broken,
}

impl From<TooShort> for NoRecord {
    fn from(_: TooShort) -> Self {
        Self::Broken
    }
}

/// Hands over every record with the place where it begins, as a broker finds them; tells of what is
/// not right.
pub(super) fn scan<'a>(
    bytes: &'a [u8],
    header: Header,
    on_record: &mut dyn FnMut(usize, Record<'a>),
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut end = HEADER;
    let mut place = HEADER;
    let mut broken = None;
    while place < bytes.len() {
        match record_at(&bytes[place..], header) {
            Ok((record, length)) => {
                if let Some(lost) = bytes[end..place].iter().position(|byte| *byte != 0) {
                    faults.push(Fault {
                        offset: end + lost,
                        reason: "there are bytes between two records that are no record",
                    });
                }
                on_record(place, record);
                place += length;
                end = place;
                broken = None;
            }
            Err(NoRecord::Broken) => {
                broken.get_or_insert(place);
                place += 1;
            }
            Err(NoRecord::Nothing) => place += 1,
        }
    }
    // Behind the last record may be anything that an earlier use left. Only what stands exactly where
    // the next record would begin is one that was not finished.
    if let Some(place) = broken
        && bytes[end..place].iter().all(|byte| *byte == 0)
    {
        faults.push(Fault {
            offset: place,
            reason: "the last record is cut off",
        });
    }
    faults
}

/// The record at the front of `bytes`, and its length.
fn record_at(bytes: &[u8], header: Header) -> Result<(Record<'_>, usize), NoRecord> {
    let mut rest = Bytes(bytes);
    let kind = rest.u8()?;
    if !(10..=19).contains(&kind) {
        return Err(NoRecord::Nothing);
    }
    let Ok(file) = rest.i32() else {
        return Err(NoRecord::Nothing);
    };
    // JournalFileImpl.recordID.
    if i64::from(file) != header.file & i64::from(i32::MAX) {
        return Err(NoRecord::Nothing);
    }
    if header.compacted {
        rest.u8()?;
    }
    let transaction = match kind {
        13..=15 | 17..=19 => Some(rest.i64()?),
        _ => None,
    };
    let entry = match kind {
        17 => {
            let records = rest.i32()?;
            let length = rest.length()?;
            rest.take(length)?;
            Entry::Prepare { records }
        }
        18 => Entry::Commit {
            records: rest.i32()?,
        },
        19 => Entry::Rollback,
        16 => Entry::Delete { id: rest.i64()? },
        _ => with_body(kind, &mut rest)?,
    };
    let length = bytes.len() - rest.0.len() + 4;
    if usize::try_from(rest.i32()?).ok() != Some(length) {
        return Err(NoRecord::Broken);
    }
    Ok((Record { transaction, entry }, length))
}

fn with_body<'a>(kind: u8, rest: &mut Bytes<'a>) -> Result<Entry<'a>, NoRecord> {
    let id = rest.i64()?;
    let length = rest.length()?;
    if kind == 15 {
        rest.take(length)?;
        return Ok(Entry::Delete { id });
    }
    let user = rest.u8()?;
    let body = rest.take(length)?;
    Ok(match kind {
        11 | 13 => Entry::Add {
            id,
            kind: user,
            body,
        },
        12 | 14 => Entry::Update {
            id,
            kind: user,
            body,
        },
        _ => Entry::Event,
    })
}
