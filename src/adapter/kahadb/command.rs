//! What a record says: the commands of ActiveMQ's `journal-data.proto` (byte-identical from 5.15.16
//! to 6.3.1), as far as an inventory needs them.

use super::fingerprint::Fingerprint;
use super::protobuf::{Fault, Message, Source, Value};

/// The destination of a message, as `KahaDestination` names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Destination {
    Queue(String),
    Topic(String),
}

/// A command about one message.
pub(super) struct About {
    pub(super) transaction: Option<Fingerprint>,
    pub(super) destination: Destination,
    pub(super) message: Fingerprint,
}

/// A change to the jobs of one scheduler.
pub(super) enum JobCommand {
    Add {
        job: Fingerprint,
        time: i64,
    },
    Move {
        job: Fingerprint,
        from: i64,
        to: i64,
    },
    Remove {
        job: Fingerprint,
        time: i64,
    },
    RemoveRange {
        start: i64,
        end: i64,
    },
    Destroy,
}

/// A record of the journal.
pub(super) enum Command {
    Add(About),
    Update(About),
    Remove(About),
    /// One durable subscription is done with a message that others may still wait for.
    Acknowledge,
    Prepare(Fingerprint),
    Commit(Fingerprint),
    Rollback(Fingerprint),
    RemoveDestination(Destination),
    /// The file repeats the acknowledgements of an older one.
    Rewritten {
        source: i64,
        skip_if_source_exists: bool,
    },
    Job {
        scheduler: String,
        change: JobCommand,
    },
    /// Nothing that changes which messages there are.
    Other,
}

/// Reads a record's body. `code` is its `KahaEntryType`.
pub(super) fn read<S: Source>(code: u8, body: Message<'_, S>) -> Result<Command, Fault> {
    match code {
        1 => Ok(Command::Add(about(body)?.0)),
        2 => Ok(match about(body)? {
            (about, false) => Command::Remove(about),
            (_, true) => Command::Acknowledge,
        }),
        3 => Ok(Command::Prepare(transaction_of(body)?)),
        4 => Ok(Command::Commit(transaction_of(body)?)),
        5 => Ok(Command::Rollback(transaction_of(body)?)),
        6 => removed_destination(body),
        10 => update(body),
        11..=15 => job(code, body),
        16 => rewritten(body),
        // Trace, subscription, producer audit, map of acknowledgements.
        0 | 7..=9 => Ok(Command::Other),
        _ => Err(Fault::Shape("the record's command is unknown")),
    }
}

/// `KahaAddMessageCommand` or `KahaRemoveMessageCommand`: their first three fields are the same.
/// Whether field 5 is text tells the acknowledgement of a durable subscription from a removal; an
/// added message has its priority there, a number.
fn about<S: Source>(mut body: Message<'_, S>) -> Result<(About, bool), Fault> {
    let (mut transaction, mut destination, mut message) = (None, None, None);
    let mut by_subscription = false;
    while let Some(field) = body.field()? {
        match field {
            (1, Value::Content) => transaction = Some(transaction_id(&body.content()?)?),
            (2, Value::Content) => destination = Some(self::destination(&body.content()?)?),
            (3, Value::Content) => message = Some(Fingerprint::of(&body.content()?)),
            (5, Value::Content) => by_subscription = true,
            _ => {}
        }
    }
    let destination = destination.ok_or(Fault::Shape("a message has no destination"))?;
    let message = message.ok_or(Fault::Shape("a message has no id"))?;
    Ok((
        About {
            transaction,
            destination,
            message,
        },
        by_subscription,
    ))
}

fn update<S: Source>(mut body: Message<'_, S>) -> Result<Command, Fault> {
    while let Some(field) = body.field()? {
        if field == (1, Value::Content) {
            return Ok(Command::Update(about(body.nested())?.0));
        }
    }
    Err(Fault::Shape("an update has no message"))
}

fn transaction_of<S: Source>(mut body: Message<'_, S>) -> Result<Fingerprint, Fault> {
    let mut transaction = None;
    while let Some(field) = body.field()? {
        if field == (1, Value::Content) {
            transaction = Some(transaction_id(&body.content()?)?);
        }
    }
    transaction.ok_or(Fault::Shape("a transaction has no id"))
}

/// `KahaTransactionInfo`. The id's own message is taken as it stands: in `KahaLocalTransactionId`
/// both fields carry tag 1, so it cannot be read field by field.
fn transaction_id(mut info: &[u8]) -> Result<Fingerprint, Fault> {
    let length = info.len() as u64;
    let mut info = Message::new(&mut info, length);
    while let Some(field) = info.field()? {
        if let (kind @ (1 | 2), Value::Content) = field {
            let mut id = info.content()?;
            id.push(kind as u8);
            return Ok(Fingerprint::of(&id));
        }
    }
    Err(Fault::Shape("a transaction has no id"))
}

fn removed_destination<S: Source>(mut body: Message<'_, S>) -> Result<Command, Fault> {
    while let Some(field) = body.field()? {
        if field == (1, Value::Content) {
            return Ok(Command::RemoveDestination(destination(&body.content()?)?));
        }
    }
    Err(Fault::Shape("a removed destination has no name"))
}

/// `KahaDestination`. A broker does not store messages of temporary destinations; should one have
/// done so, the name says it.
fn destination(mut bytes: &[u8]) -> Result<Destination, Fault> {
    let length = bytes.len() as u64;
    let mut fields = Message::new(&mut bytes, length);
    let (mut kind, mut name) = (0, None);
    while let Some(field) = fields.field()? {
        match field {
            (1, Value::Number(number)) => kind = number,
            (2, Value::Content) => name = Some(text(fields.content()?)),
            _ => {}
        }
    }
    let name = name.ok_or(Fault::Shape("a destination has no name"))?;
    match kind {
        0 => Ok(Destination::Queue(name)),
        1 => Ok(Destination::Topic(name)),
        2 => Ok(Destination::Queue(format!("temp-queue://{name}"))),
        3 => Ok(Destination::Topic(format!("temp-topic://{name}"))),
        _ => Err(Fault::Shape("a destination is of an unknown type")),
    }
}

/// The commands of the scheduler's store. Their fields are numbered alike: 1 the scheduler, 2 the
/// job (or the start of a range), numbers above.
fn job<S: Source>(code: u8, mut body: Message<'_, S>) -> Result<Command, Fault> {
    let (mut scheduler, mut job) = (None, None);
    let mut numbers = [None; 10];
    while let Some(field) = body.field()? {
        match field {
            (1, Value::Content) => scheduler = Some(text(body.content()?)),
            (2, Value::Content) => job = Some(Fingerprint::of(&body.content()?)),
            (place, Value::Number(number)) => {
                let place = usize::try_from(place).ok();
                if let Some(slot) = place.and_then(|place| numbers.get_mut(place)) {
                    *slot = Some(number as i64);
                }
            }
            _ => {}
        }
    }
    let job = job.ok_or(Fault::Shape("a scheduled job has no id"));
    let time = |field: usize| numbers[field].ok_or(Fault::Shape("a scheduled job has no time"));
    let change = match code {
        11 => JobCommand::Add {
            job: job?,
            time: time(9)?,
        },
        12 => JobCommand::Move {
            job: job?,
            from: time(3)?,
            to: time(4)?,
        },
        13 => JobCommand::Remove {
            job: job?,
            time: time(3)?,
        },
        14 => JobCommand::RemoveRange {
            start: time(2)?,
            end: time(3)?,
        },
        _ => JobCommand::Destroy,
    };
    let scheduler = scheduler.ok_or(Fault::Shape("a scheduled job has no scheduler"))?;
    Ok(Command::Job { scheduler, change })
}

/// `KahaRewrittenDataFileCommand`; `skipIfSourceExists` defaults to true.
fn rewritten<S: Source>(mut body: Message<'_, S>) -> Result<Command, Fault> {
    let (mut source, mut skip_if_source_exists) = (None, true);
    while let Some(field) = body.field()? {
        match field {
            (1, Value::Number(number)) => source = Some(number as i64),
            (3, Value::Number(number)) => skip_if_source_exists = number != 0,
            _ => {}
        }
    }
    let source = source.ok_or(Fault::Shape("a rewritten file does not name its source"))?;
    Ok(Command::Rewritten {
        source,
        skip_if_source_exists,
    })
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
