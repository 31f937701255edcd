//! What follows from the commands of a store, in the order they were written.
//!
//! The rules are those of ActiveMQ 5.16 `MessageDatabase.java` (`recover`, `process`, `updateIndex`)
//! for a replay of the whole journal.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::ops::ControlFlow;

use super::command::{About, Command, Destination};
use super::fingerprint::Fingerprint;
use super::jobs::Jobs;

/// A store after the commands seen so far.
#[derive(Default)]
pub(super) struct State {
    numbers: HashMap<Destination, usize>,
    destinations: Vec<Contents>,
    in_flight: HashMap<Fingerprint, Vec<Operation>>,
    prepared: HashMap<Fingerprint, Vec<Operation>>,
    schedulers: HashMap<String, Jobs>,
    updates: u64,
}

/// The messages of a destination, or `None` once the destination was removed.
type Contents = Option<HashSet<Fingerprint>>;

/// What a transaction does to a destination when it is committed.
#[derive(Clone, Copy)]
struct Operation {
    effect: Effect,
    destination: usize,
    message: Fingerprint,
}

#[derive(Clone, Copy)]
enum Effect {
    Add,
    Remove,
}

/// What a destination holds at the end.
pub(super) struct Holding {
    pub(super) destination: Destination,
    pub(super) messages: Vec<Fingerprint>,
    pub(super) prepared_adds: u64,
    pub(super) prepared_removes: u64,
}

/// What a store holds at the end.
pub(super) struct Holdings {
    pub(super) destinations: Vec<Holding>,
    pub(super) prepared: Vec<Fingerprint>,
    pub(super) in_flight: Vec<Fingerprint>,
    pub(super) jobs: Vec<Fingerprint>,
    pub(super) updates: u64,
}

impl State {
    /// Applies a command. `file_exists` tells whether the store has a journal file of a number.
    /// Break means: the rest of the file says nothing new.
    pub(super) fn apply(
        &mut self,
        command: Command,
        file_exists: impl Fn(i64) -> bool,
    ) -> ControlFlow<()> {
        match command {
            Command::Add(about) => self.message(Effect::Add, about),
            Command::Remove(about) => self.message(Effect::Remove, about),
            // updateIndex(KahaUpdateMessageCommand): "Add the message if it can't be found", as
            // when the file with the original was already deleted; outside of any transaction.
            Command::Update(about) => {
                self.updates += 1;
                self.message(
                    Effect::Add,
                    About {
                        transaction: None,
                        ..about
                    },
                );
            }
            Command::Prepare(transaction) => {
                if let Some(operations) = self.in_flight.remove(&transaction) {
                    self.prepared.insert(transaction, operations);
                }
            }
            Command::Commit(transaction) => {
                for operation in self.end(transaction) {
                    self.execute(operation);
                }
            }
            Command::Rollback(transaction) => {
                self.end(transaction);
            }
            Command::RemoveDestination(destination) => {
                let number = self.number(destination);
                self.destinations[number] = None;
            }
            Command::Rewritten {
                source,
                skip_if_source_exists,
            } => {
                if skip_if_source_exists && file_exists(source) {
                    return ControlFlow::Break(());
                }
            }
            Command::Job { scheduler, change } => {
                self.schedulers.entry(scheduler).or_default().apply(change);
            }
            Command::Acknowledge | Command::Other => {}
        }
        ControlFlow::Continue(())
    }

    /// What the store holds if nothing follows.
    pub(super) fn finish(self) -> Holdings {
        let mut destinations: Vec<_> = (self.destinations.into_iter())
            .map(|contents| (contents.unwrap_or_default(), 0, 0))
            .collect();
        for operation in self.prepared.values().flatten() {
            let (_, adds, removes) = &mut destinations[operation.destination];
            match operation.effect {
                Effect::Add => *adds += 1,
                Effect::Remove => *removes += 1,
            }
        }
        let destinations = (self.numbers.into_iter())
            .map(|(destination, number)| {
                let (messages, prepared_adds, prepared_removes) = &mut destinations[number];
                Holding {
                    destination,
                    messages: mem::take(messages).into_iter().collect(),
                    prepared_adds: *prepared_adds,
                    prepared_removes: *prepared_removes,
                }
            })
            .collect();
        let schedulers = self.schedulers.into_values();
        Holdings {
            destinations,
            prepared: self.prepared.into_keys().collect(),
            in_flight: self.in_flight.into_keys().collect(),
            jobs: schedulers.flat_map(Jobs::into_ids).collect(),
            updates: self.updates,
        }
    }

    fn message(&mut self, effect: Effect, about: About) {
        let destination = self.number(about.destination);
        // initMessageStore: the record of an added message brings its destination back, even when
        // the message itself waits for a commit.
        if matches!(effect, Effect::Add) {
            self.destinations[destination].get_or_insert_default();
        }
        let operation = Operation {
            effect,
            destination,
            message: about.message,
        };
        match about.transaction {
            Some(transaction) => self
                .in_flight
                .entry(transaction)
                .or_default()
                .push(operation),
            None => self.execute(operation),
        }
    }

    fn execute(&mut self, operation: Operation) {
        let contents = &mut self.destinations[operation.destination];
        match operation.effect {
            // updateIndex(KahaAddMessageCommand): "if the store no longer exists, skip".
            Effect::Add => contents
                .as_mut()
                .is_some_and(|messages| messages.insert(operation.message)),
            // Unknown ids are normal: the file with the message may be deleted before the file
            // with its removal. The removal brings the destination back, as in the broker.
            Effect::Remove => contents.get_or_insert_default().remove(&operation.message),
        };
    }

    fn end(&mut self, transaction: Fingerprint) -> Vec<Operation> {
        let operations = self.in_flight.remove(&transaction);
        operations
            .or_else(|| self.prepared.remove(&transaction))
            .unwrap_or_default()
    }

    fn number(&mut self, destination: Destination) -> usize {
        let next = self.destinations.len();
        let number = *self.numbers.entry(destination).or_insert(next);
        if number == next {
            self.destinations.push(None);
        }
        number
    }
}
