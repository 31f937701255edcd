//! What a record of the bindings or of the message journal says, as far as an inventory needs it.
//!
//! The kinds are those of `JournalRecordIds.java`, the bodies those of the classes in
//! `persistence/impl/journal/codec`; both unchanged from 2.0 to 2.44 for what is read here.

use super::bytes::{Bytes, TooShort};
use super::journal::Entry;
use super::pages::Position;

/// `PersisterIDs.AMQPLargeMessagePersister_ID`.
const LARGE_AMQP: u8 = 4;

/// A change to what a journal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// There is a queue.
    Queue { id: i64, name: String },
    /// There is a message; in no queue as yet.
    Message { id: i64, large: bool },
    /// The message is in the queue.
    Reference { id: i64, queue: i64 },
    /// It is there no more.
    Acknowledge { id: i64, queue: i64 },
    /// Not to be delivered before that time; 0 for no such time.
    Schedule { id: i64, queue: i64, time: i64 },
    /// The paged messages of a transaction count.
    PageTransaction {
        id: i64,
        transaction: i64,
        messages: i64,
    },
    /// So many of them were delivered.
    PageTransactionUpdate { transaction: i64, messages: i64 },
    /// A queue is done with a paged message.
    PageAcknowledge { id: i64, position: Position },
    /// A queue is done with a page.
    PageComplete { id: i64, queue: i64, page: i64 },
    /// What the record of that number said is no longer so.
    Delete { id: i64 },
    /// Nothing that changes which messages there are.
    Other,
}

impl Change {
    /// Reads a record; an error if its body is shorter than it must be.
    pub(super) fn of(entry: Entry<'_>) -> Result<Self, TooShort> {
        match entry {
            Entry::Add { id, kind, body } => Self::add(id, kind, Bytes(body)),
            Entry::Update { id, kind, body } => Self::update(id, kind, Bytes(body)),
            Entry::Delete { id } => Ok(Self::Delete { id }),
            Entry::Event | Entry::Prepare { .. } | Entry::Commit { .. } | Entry::Rollback => {
                Ok(Self::Other)
            }
        }
    }

    fn add(id: i64, kind: u8, mut body: Bytes<'_>) -> Result<Self, TooShort> {
        Ok(match kind {
            21 => Self::Queue {
                id,
                name: body.text()?,
            },
            // A large one; one of Artemis 1, which Artemis 2 refuses to start with; any other.
            30 => Self::Message { id, large: true },
            31 => Self::Message { id, large: false },
            45 => Self::Message {
                id,
                large: body.u8()? == LARGE_AMQP,
            },
            35 => Self::PageTransaction {
                id,
                transaction: body.i64()?,
                messages: body.i32()?.into(),
            },
            39 => Self::PageAcknowledge {
                id,
                position: Position {
                    queue: body.i64()?,
                    page: body.i64()?,
                    number: body.i32()?,
                },
            },
            42 => Self::PageComplete {
                id,
                queue: body.i64()?,
                page: body.i64()?,
            },
            _ => Self::Other,
        })
    }

    fn update(id: i64, kind: u8, mut body: Bytes<'_>) -> Result<Self, TooShort> {
        Ok(match kind {
            32 => Self::Reference {
                id,
                queue: body.i64()?,
            },
            33 => Self::Acknowledge {
                id,
                queue: body.i64()?,
            },
            35 => Self::PageTransactionUpdate {
                transaction: body.i64()?,
                messages: body.i32()?.into(),
            },
            36 => Self::Schedule {
                id,
                queue: body.i64()?,
                time: body.i64()?,
            },
            _ => Self::Other,
        })
    }
}
