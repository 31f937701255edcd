//! What a store holds, and how two stores differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::adapter::kahadb::counted;
use crate::event::total;

/// What the directories of an Artemis broker hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtemisInventory {
    /// The queues that hold a message or take part in a prepared transaction. The name of a queue that
    /// the bindings do not know is its number; a broker drops such messages when it starts.
    pub queues: BTreeMap<String, ArtemisQueue>,
    /// Transactions that were prepared and neither committed nor rolled back: their coordinator
    /// decides after the next start.
    pub prepared_transactions: u64,
    /// Transactions that were begun and never ended: a broker drops them at its next start.
    pub unfinished_transactions: u64,
    /// Messages that the journal refers to and does not hold; a broker drops such references at its
    /// next start, with a warning in its log.
    pub lost_messages: u64,
    /// Records and paged messages read.
    pub records: u64,
    /// What could not be read, or is not there.
    pub damage: Vec<ArtemisDamage>,
    /// Damage beyond the first thousand places.
    pub further_damage: u64,
}

/// The messages of a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtemisQueue {
    /// Messages in the queue, as the broker counts them: with those that wait for a later time, that are
    /// paged, and that a prepared transaction is about to take; without those that one is about to put.
    pub messages: u64,
    /// SHA-256 over the set of message ids, each in decimal digits and followed by a newline, sorted by
    /// number. The ids are those of the store; the `JMSMessageID` is another one.
    ///
    /// By hand: `sort -n ids | sha256sum`.
    pub ids_sha256: String,
    /// Messages among them that are in page files.
    pub paged: u64,
    /// Messages among them that wait for a later delivery or redelivery; those in page files are not
    /// told apart.
    pub scheduled: u64,
    /// Messages among them with a body in a file of its own.
    pub large: u64,
    /// Messages that prepared transactions put if they are committed.
    pub prepared_adds: u64,
    /// Messages that prepared transactions take if they are committed.
    pub prepared_removes: u64,
}

/// A place that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ArtemisDamage {
    /// The directory by its role and the file's path below it.
    pub file: String,
    /// Where in the file.
    pub offset: u64,
    /// What is wrong there.
    pub problem: String,
}

impl fmt::Display for ArtemisDamage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, offset, problem) = (&self.file, self.offset, &self.problem);
        write!(formatter, "{file} is damaged at byte {offset}: {problem}")
    }
}

impl ArtemisInventory {
    /// All messages of all queues.
    pub fn messages(&self) -> u64 {
        total(self.queues.values().map(|queue| queue.messages))
    }

    /// In what this store differs from the `expected` one, a sentence each; empty if both hold the
    /// same messages.
    ///
    /// Compared is what survives that a broker opens and closes a store. Damage counts where the expected
    /// store had none.
    pub fn difference(&self, expected: &Self) -> Vec<String> {
        let mut sentences = Vec::new();
        let names: BTreeSet<_> = self.queues.keys().chain(expected.queues.keys()).collect();
        let absent = ArtemisQueue::default();
        for name in names {
            let found = self.queues.get(name).unwrap_or(&absent);
            found.difference(
                expected.queues.get(name).unwrap_or(&absent),
                name,
                &mut sentences,
            );
        }
        if self.prepared_transactions != expected.prepared_transactions {
            let found = counted(self.prepared_transactions, "prepared transaction");
            sentences.push(format!(
                "{found}, expected {}",
                expected.prepared_transactions
            ));
        }
        let new_damage = self
            .damage
            .iter()
            .filter(|damage| !expected.damage.contains(damage));
        sentences.extend(new_damage.map(ArtemisDamage::to_string));
        if self.further_damage > expected.further_damage {
            sentences.push(format!(
                "{} further places are damaged",
                self.further_damage
            ));
        }
        sentences
    }
}

impl ArtemisQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.messages == 0 && self.prepared_adds == 0 && self.prepared_removes == 0
    }

    fn difference(&self, expected: &Self, name: &str, sentences: &mut Vec<String>) {
        for (found, expected, noun) in [
            (self.messages, expected.messages, "message"),
            (self.scheduled, expected.scheduled, "scheduled message"),
            (self.large, expected.large, "large message"),
            (self.prepared_adds, expected.prepared_adds, "prepared send"),
            (
                self.prepared_removes,
                expected.prepared_removes,
                "prepared receive",
            ),
        ] {
            if found != expected {
                let found = counted(found, noun);
                sentences.push(format!("queue {name}: {found}, expected {expected}"));
            }
        }
        if self.messages == expected.messages
            && self.messages > 0
            && self.ids_sha256 != expected.ids_sha256
        {
            let found = counted(self.messages, "message");
            sentences.push(format!(
                "queue {name}: {found} as expected, but not the same ones"
            ));
        }
    }
}
