//! One page file: messages that did not fit into the broker's memory, one after the other.
//!
//! The format is that of `Page.java` and `PagedMessageImpl.java`, the same from Artemis 2.0 to 2.44:
//!
//! ```text
//! page      '{' · i32 length · message · '}' …
//! message   i64 transaction, -1 for none · u8 large · content · i32 number of queues · i64 queue …
//! content   of a large one of the core protocol: i32 length · headers, the i64 id first
//!           else: u8 persister · i64 id · …
//! ```
//!
//! What a queue is done with stays in the page; it is the message journal that says so.

use super::bytes::{Bytes, TooShort};
use super::journal::Fault;

/// `PersisterIDs.CoreMessagePersister_ID`.
const CORE: u8 = 1;

/// A paged message as a queue sees it. Pages are counted for each address, and a queue has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Position {
    pub(super) queue: i64,
    pub(super) page: i64,
    /// From 0.
    pub(super) number: i32,
}

/// A message of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PagedMessage {
    pub(super) id: i64,
    pub(super) transaction: Option<i64>,
    pub(super) large: bool,
    pub(super) queues: Vec<i64>,
}

/// Hands over the messages of a page with their numbers. A broker reads until the first fault and
/// leaves out what follows.
pub(super) fn scan(bytes: &[u8], on_message: &mut dyn FnMut(i32, PagedMessage)) -> Option<Fault> {
    let mut rest = Bytes(bytes);
    let mut number = 0;
    while rest.0.iter().any(|byte| *byte != 0) {
        let offset = bytes.len() - rest.0.len();
        let fault = |reason| Some(Fault { offset, reason });
        let Ok(content) = frame(&mut rest) else {
            return fault("no whole message begins where one should");
        };
        let Ok(message) = message(content) else {
            return fault("a message cannot be read");
        };
        on_message(number, message);
        number = number.saturating_add(1);
    }
    None
}

fn frame<'a>(rest: &mut Bytes<'a>) -> Result<Bytes<'a>, TooShort> {
    let start = rest.u8()?;
    let length = rest.length()?;
    let content = rest.take(length)?;
    let end = rest.u8()?;
    if (start, end) == (b'{', b'}') {
        Ok(Bytes(content))
    } else {
        Err(TooShort)
    }
}

fn message(mut content: Bytes<'_>) -> Result<PagedMessage, TooShort> {
    let transaction = content.i64()?;
    let kind = content.u8()?;
    let id;
    match kind {
        // `PagedMessageImpl.LargeMessageType`: of the core protocol, now and once.
        1 | 0xFF => {
            let length = content.length()?;
            id = Bytes(content.take(length)?).i64()?;
        }
        _ => {
            let persister = content.u8()?;
            id = content.i64()?;
            if persister == CORE {
                if content.u8()? != 0 {
                    content.text()?;
                }
                let length = content.length()?;
                content.take(length)?;
            } else {
                content = queues_at_end(content)?;
            }
        }
    }
    let count = content.length()?;
    if count.checked_mul(8) != Some(content.0.len()) {
        return Err(TooShort);
    }
    let mut queues = Vec::with_capacity(count);
    for _ in 0..count {
        queues.push(content.i64()?);
    }
    Ok(PagedMessage {
        id,
        transaction: (transaction >= 0).then_some(transaction),
        large: kind != 0,
        queues,
    })
}

/// The list of queues that ends a message, whatever stands before. Other protocols bring their own
/// forms of a message (AMQP has four); the list with the fewest queues that fits is taken.
fn queues_at_end(content: Bytes<'_>) -> Result<Bytes<'_>, TooShort> {
    let bytes = content.0;
    (0..=bytes.len() / 8)
        .filter_map(|count| bytes.len().checked_sub(4 + 8 * count))
        .map(|start| Bytes(&bytes[start..]))
        .find(|list| {
            let mut list = *list;
            list.length().is_ok_and(|count| count * 8 == list.0.len())
        })
        .ok_or(TooShort)
}
