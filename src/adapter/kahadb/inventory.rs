//! What a store holds, and how two stores differ.

use crate::event::total;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a KahaDB directory holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreInventory {
    /// The journal files, in the order in which a broker reads them. Gaps in their numbers are
    /// normal: a broker deletes files whose messages are all consumed.
    pub db_files: Vec<JournalFile>,
    /// The queues that hold a message or take part in a prepared transaction.
    pub queues: BTreeMap<String, QueueInventory>,
    /// The topics with recorded messages.
    pub topics: BTreeMap<String, TopicInventory>,
    /// Transactions that were prepared and neither committed nor rolled back: their coordinator
    /// decides after the next start.
    pub prepared_transactions: u64,
    /// Transactions that were begun and never ended: a broker drops them at its next start.
    pub in_flight_transactions: u64,
    /// Jobs of the scheduler's store: messages that wait for a delivery or redelivery at a later
    /// time and are in no queue meanwhile.
    pub scheduled_jobs: u64,
    /// The digest of the jobs' ids, made like [`QueueInventory::ids_sha256`].
    pub job_ids_sha256: String,
    /// Where a broker that replays the journal would come to another end than the one that wrote
    /// it, a sentence each. Rebuilding the index replays everything, and a start right after
    /// acknowledgement compaction replays the compacted files even with a good index: the copies
    /// of old removals and commits stand behind newer records and are taken for new (seen with
    /// 5.16.7: a message moved to another queue and back is gone after a restart).
    pub replay_differences: Vec<String>,
    /// Records that replace a stored message, which only a broker with the policy
    /// `persistJMSRedelivered="true"` writes. Where there are any, the queues are an upper bound: the
    /// broker forgets that a removal also counts for the replaced record, may delete the file with
    /// the removal first, and brings such consumed messages back if it ever rebuilds its index (seen
    /// with 5.16.7).
    pub updates: u64,
    /// Batches read.
    pub batches: u64,
    /// Batches that were written without a checksum (`checksumJournalFiles="false"`), where damage
    /// to a message cannot be seen.
    pub unchecked_batches: u64,
    /// What could not be read. Of a damaged batch nothing is counted. Damage at the very end of the
    /// last file is what a broker that was killed may leave; it drops it at its next start.
    pub damage: Vec<Damage>,
    /// Damage beyond the first thousand places.
    pub further_damage: u64,
}

/// A file of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalFile {
    /// The file's path below the directory.
    pub name: String,
    /// The number in its name.
    pub number: u32,
    /// Its size, with the space that is allocated but not used yet.
    pub bytes: u64,
}

/// The messages of a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueInventory {
    /// Messages in the queue. Those that a prepared transaction is about to take are among them,
    /// those that it is about to put are not.
    pub messages: u64,
    /// SHA-256 over the set of message ids: of each id the first 16 bytes of its SHA-256 in
    /// lower-case hex, sorted, each followed by a newline.
    ///
    /// By hand: `while read -r id; do printf %s "$id" | sha256sum | cut -c1-32; done | sort |
    /// sha256sum`. The short hashes stand for ids in memory too; that two of a store's ids share
    /// one by chance is less likely than a fault of the machine (a billion ids: 1 in 10^21).
    pub ids_sha256: String,
    /// Messages that prepared transactions put if they are committed.
    pub prepared_adds: u64,
    /// Messages that prepared transactions take if they are committed.
    pub prepared_removes: u64,
}

impl QueueInventory {
    /// The queue size that a broker shows after its next start: it hides the messages that a
    /// prepared transaction is about to take.
    pub fn visible_after_start(&self) -> u64 {
        self.messages.saturating_sub(self.prepared_removes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages == 0 && self.prepared_adds == 0 && self.prepared_removes == 0
    }
}

/// The messages of a topic.
///
/// This is *not* the number of messages that durable subscriptions still wait for: their
/// acknowledgements are not followed, and the record that made a subscription may no longer be in
/// the journal. The number only ever grows until files are deleted, so it is not compared either.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicInventory {
    /// Messages that the journal has a record of.
    pub recorded: u64,
}

/// A place that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Damage {
    /// The file's path below the directory.
    pub file: String,
    /// Where in the file the batch or record begins.
    pub offset: u64,
    /// What is wrong with it.
    pub kind: DamageKind,
}

/// What is wrong with a place in a journal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DamageKind {
    /// The batch's checksum does not match its bytes.
    BadChecksum,
    /// The file ends before the batch does, or without the mark that follows the last one.
    Truncated,
    /// The bytes are not what a broker writes, for the reason given.
    Unreadable(String),
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} is damaged at byte {}: ",
            self.file, self.offset
        )?;
        match &self.kind {
            DamageKind::BadChecksum => write!(formatter, "the checksum of the batch is wrong"),
            DamageKind::Truncated => write!(formatter, "the file is cut off"),
            DamageKind::Unreadable(reason) => write!(formatter, "{reason}"),
        }
    }
}

impl StoreInventory {
    /// All messages of all queues.
    pub fn messages(&self) -> u64 {
        total(self.queues.values().map(|queue| queue.messages))
    }

    /// In what this store differs from the `expected` one, a sentence each; empty if both hold the
    /// same messages.
    ///
    /// Compared is what survives that a broker opens and closes a store: messages, prepared
    /// transactions, scheduled jobs. Damage counts where the expected store had none.
    pub fn difference(&self, expected: &Self) -> Vec<String> {
        let mut sentences = Vec::new();
        let names: BTreeSet<_> = self.queues.keys().chain(expected.queues.keys()).collect();
        let absent = QueueInventory::default();
        for name in names {
            let found = self.queues.get(name).unwrap_or(&absent);
            let expected = expected.queues.get(name).unwrap_or(&absent);
            let mut compare = |found, expected, noun| {
                if found != expected {
                    let found = counted(found, noun);
                    sentences.push(format!("queue {name}: {found}, expected {expected}"));
                }
            };
            compare(found.messages, expected.messages, "message");
            compare(found.prepared_adds, expected.prepared_adds, "prepared send");
            compare(
                found.prepared_removes,
                expected.prepared_removes,
                "prepared receive",
            );
            if found.messages == expected.messages
                && found.messages > 0
                && found.ids_sha256 != expected.ids_sha256
            {
                let found = counted(found.messages, "message");
                sentences.push(format!(
                    "queue {name}: {found} as expected, but not the same ones"
                ));
            }
        }
        for (found, expected, noun) in [
            (
                self.prepared_transactions,
                expected.prepared_transactions,
                "prepared transaction",
            ),
            (
                self.scheduled_jobs,
                expected.scheduled_jobs,
                "scheduled job",
            ),
        ] {
            if found != expected {
                sentences.push(format!("{}, expected {expected}", counted(found, noun)));
            }
        }
        if self.scheduled_jobs == expected.scheduled_jobs
            && self.scheduled_jobs > 0
            && self.job_ids_sha256 != expected.job_ids_sha256
        {
            let found = counted(self.scheduled_jobs, "scheduled job");
            sentences.push(format!("{found} as expected, but not the same ones"));
        }
        let new_damage = self
            .damage
            .iter()
            .filter(|damage| !expected.damage.contains(damage));
        sentences.extend(new_damage.map(Damage::to_string));
        if self.further_damage > expected.further_damage {
            sentences.push(format!(
                "{} further places are damaged",
                self.further_damage
            ));
        }
        sentences
    }
}

fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
