//! What follows from the changes of a broker's journals, in the order they were written.
//!
//! The rules are those of `AbstractJournalStorageManager.loadMessageJournal` and
//! `PageSubscriptionImpl` for a start of the broker.

use std::collections::{HashMap, HashSet};

use super::change::Change;
use super::pages::{PagedMessage, Position};

/// A store after the changes seen so far. Ids are never given twice, so a deletion counts for whatever
/// comes later too, as in the broker, which deletes at the end.
#[derive(Default)]
pub(super) struct State {
    queues: HashMap<i64, String>,
    messages: HashMap<i64, Message>,
    page_transactions: HashMap<i64, PageTransaction>,
    acknowledged: HashMap<i64, Position>,
    complete: HashMap<i64, (i64, i64)>,
    deleted: HashSet<i64>,
    /// References to messages whose own record did not come.
    lost: HashSet<i64>,
}

/// A message of the journal.
#[derive(Default)]
struct Message {
    large: bool,
    /// The queues it is in, and whether it is scheduled there.
    places: Vec<(i64, bool)>,
}

/// A transaction with paged messages, which count while it is known.
struct PageTransaction {
    record: i64,
    messages: i64,
}

/// What a queue holds.
#[derive(Default)]
pub(super) struct Holding {
    pub(super) ids: Vec<i64>,
    pub(super) paged: u64,
    pub(super) scheduled: u64,
    pub(super) large: u64,
    pub(super) prepared_adds: u64,
    pub(super) prepared_removes: u64,
}

/// Asked for each paged message.
pub(super) struct Paging {
    committed: HashSet<i64>,
    prepared: HashSet<i64>,
    acknowledged: HashSet<Position>,
    complete: HashSet<(i64, i64)>,
}

/// What a store holds at the end, but for its pages.
pub(super) struct Holdings {
    pub(super) names: HashMap<i64, String>,
    pub(super) queues: HashMap<i64, Holding>,
    /// Messages with a body in a file of its own.
    pub(super) large: Vec<i64>,
    pub(super) lost: u64,
    pub(super) paging: Paging,
}

impl State {
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Queue { id, name } if !self.deleted.contains(&id) => {
                self.queues.insert(id, name);
            }
            Change::Message { id, large } if !self.deleted.contains(&id) => {
                self.lost.remove(&id);
                self.messages.insert(
                    id,
                    Message {
                        large,
                        places: Vec::new(),
                    },
                );
            }
            Change::Reference { id, queue } => self.refer(id, queue),
            Change::Acknowledge { id, queue } => {
                if let Some(message) = self.messages.get_mut(&id) {
                    message.places.retain(|(place, _)| *place != queue);
                }
            }
            Change::Schedule { id, queue, time } => {
                let message = self.messages.get_mut(&id);
                let places = message.map(|message| message.places.iter_mut());
                let place = places.and_then(|mut places| places.find(|place| place.0 == queue));
                if let Some((_, scheduled)) = place {
                    *scheduled = time != 0;
                }
            }
            Change::PageTransaction {
                id,
                transaction,
                messages,
            } if !self.deleted.contains(&id) => {
                let known = PageTransaction {
                    record: id,
                    messages,
                };
                self.page_transactions.insert(transaction, known);
            }
            Change::PageTransactionUpdate {
                transaction,
                messages,
            } => {
                if let Some(known) = self.page_transactions.get_mut(&transaction) {
                    known.messages = known.messages.saturating_sub(messages);
                }
            }
            Change::PageAcknowledge { id, position } if !self.deleted.contains(&id) => {
                self.acknowledged.insert(id, position);
            }
            Change::PageComplete { id, queue, page } if !self.deleted.contains(&id) => {
                self.complete.insert(id, (queue, page));
            }
            Change::Delete { id } => self.delete(id),
            _ => {}
        }
    }

    fn refer(&mut self, id: i64, queue: i64) {
        if let Some(message) = self.messages.get_mut(&id) {
            if !message.places.iter().any(|(place, _)| *place == queue) {
                message.places.reserve_exact(1);
                message.places.push((queue, false));
            }
        } else if !self.deleted.contains(&id) {
            self.lost.insert(id);
        }
    }

    fn delete(&mut self, id: i64) {
        self.queues.remove(&id);
        self.messages.remove(&id);
        self.acknowledged.remove(&id);
        self.complete.remove(&id);
        self.lost.remove(&id);
        self.deleted.insert(id);
    }

    /// What the store holds if nothing follows. `prepared` are the changes of the transactions that wait
    /// for their coordinator.
    pub(super) fn finish(mut self, prepared: Vec<Vec<Change>>) -> Holdings {
        let mut queues: HashMap<i64, Holding> = HashMap::new();
        let mut large = Vec::new();
        let mut waiting = HashSet::new();
        for change in prepared.into_iter().flatten() {
            match change {
                Change::Message { id, large: true } => large.push(id),
                Change::Reference { queue, .. } => {
                    queues.entry(queue).or_default().prepared_adds += 1;
                }
                Change::Acknowledge { queue, .. } => {
                    queues.entry(queue).or_default().prepared_removes += 1;
                }
                Change::PageAcknowledge { position, .. } => {
                    queues.entry(position.queue).or_default().prepared_removes += 1;
                }
                Change::PageTransaction { transaction, .. } => {
                    waiting.insert(transaction);
                }
                _ => {}
            }
        }
        for (id, message) in &self.messages {
            // One in no queue was received by all of them, and its deletion is still to come.
            if message.large && !message.places.is_empty() {
                large.push(*id);
            }
            for &(queue, scheduled) in &message.places {
                let holding = queues.entry(queue).or_default();
                holding.ids.push(*id);
                holding.scheduled += u64::from(scheduled);
                holding.large += u64::from(message.large);
            }
        }
        self.page_transactions
            .retain(|_, known| known.messages > 0 && !self.deleted.contains(&known.record));
        Holdings {
            names: self.queues,
            queues,
            large,
            lost: self.lost.len() as u64,
            paging: Paging {
                committed: self.page_transactions.into_keys().collect(),
                prepared: waiting,
                acknowledged: self.acknowledged.into_values().collect(),
                complete: self.complete.into_values().collect(),
            },
        }
    }
}

impl Holdings {
    /// Adds a paged message.
    pub(super) fn add(&mut self, page: i64, number: i32, message: PagedMessage) {
        let paging = &self.paging;
        let is_prepared = (message.transaction).is_some_and(|id| paging.prepared.contains(&id));
        let counts = message
            .transaction
            .is_none_or(|id| paging.committed.contains(&id));
        if !is_prepared && !counts {
            return;
        }
        let mut is_held = is_prepared;
        for queue in message.queues {
            let position = Position {
                queue,
                page,
                number,
            };
            let done =
                paging.acknowledged.contains(&position) || paging.complete.contains(&(queue, page));
            if done {
                continue;
            }
            let holding = self.queues.entry(queue).or_default();
            if is_prepared {
                holding.prepared_adds += 1;
                continue;
            }
            holding.ids.push(message.id);
            holding.paged += 1;
            holding.large += u64::from(message.large);
            is_held = true;
        }
        if message.large && is_held {
            self.large.push(message.id);
        }
    }
}
