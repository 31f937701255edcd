//! What the operator reads about stores.

use std::path::Path;

use serde_json::{Map, Value};

use super::inventory::StoreInventory;
use crate::adapter::{OutputKind, OutputSpec};

/// What several stores hold together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    messages: u64,
    queues: u64,
    scheduled: u64,
}

/// The outputs that [`Totals::outputs`] gives.
pub(super) const OUTPUTS: [OutputSpec; 3] = [
    OutputSpec {
        name: "messages",
        kind: OutputKind::Number,
        about: "messages in queues",
    },
    OutputSpec {
        name: "scheduled",
        kind: OutputKind::Number,
        about: "messages that wait for a later delivery or redelivery",
    },
    OutputSpec {
        name: "queues",
        kind: OutputKind::Number,
        about: "queues that hold messages",
    },
];

impl Totals {
    pub(super) fn of<'a>(stores: impl IntoIterator<Item = &'a StoreInventory>) -> Self {
        let mut totals = Self::default();
        for store in stores {
            let filled = store.queues.values().filter(|queue| queue.messages > 0);
            totals.queues += filled.count() as u64;
            totals.messages += store.messages();
            totals.scheduled += store.scheduled_jobs;
        }
        totals
    }

    /// `42 messages in 4 queues, 3 waiting for redelivery`.
    pub(super) fn summary(self) -> String {
        let messages = match self.messages {
            0 => "no message in any queue".to_owned(),
            messages => format!(
                "{} in {}",
                counted(messages, "message"),
                counted(self.queues, "queue")
            ),
        };
        match self.scheduled {
            0 => messages,
            scheduled => format!("{messages}, {scheduled} waiting for redelivery"),
        }
    }

    pub(super) fn outputs(self) -> Map<String, Value> {
        let values = [self.messages, self.scheduled, self.queues];
        let names = OUTPUTS.iter().map(|output| output.name.to_owned());
        names.zip(values.map(Value::from)).collect()
    }
}

/// `1 message`, `2 messages`.
pub(in crate::adapter) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// What the operator should know of a store that was read without a fault.
pub(super) fn warnings(directory: &Path, store: &StoreInventory) -> Vec<String> {
    let directory = directory.display();
    let mut warnings = Vec::new();
    if store.prepared_transactions > 0 {
        let (adds, removes) = store
            .queues
            .values()
            .fold((0, 0), |(adds, removes), queue| {
                (adds + queue.prepared_adds, removes + queue.prepared_removes)
            });
        let transactions = counted(store.prepared_transactions, "distributed transaction");
        warnings.push(format!(
            "{directory}: {transactions} wait for their coordinator's word: it may still add {} and \
             take {}",
            counted(adds, "message"),
            counted(removes, "message")
        ));
    }
    if !store.replay_differences.is_empty() {
        warnings.push(format!(
            "{directory}: a broker that rebuilds its index would not come to the same messages \
             ({}): the index was saved with the journal, never restore one without the other",
            store.replay_differences.join("; ")
        ));
    }
    if store.updates > 0 {
        warnings.push(format!(
            "{directory}: the broker marks redelivered messages in its journal \
             (persistJMSRedelivered): the numbers of messages are the most that there can be"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::kahadb::QueueInventory;

    fn store(queues: &[(&str, u64)], scheduled_jobs: u64) -> StoreInventory {
        let queue = |&(name, messages): &(&str, u64)| {
            let queue = QueueInventory {
                messages,
                prepared_adds: 1,
                ..QueueInventory::default()
            };
            (name.to_owned(), queue)
        };
        StoreInventory {
            queues: queues.iter().map(queue).collect(),
            scheduled_jobs,
            ..StoreInventory::default()
        }
    }

    #[test]
    fn summaries() {
        let of = |stores: &[StoreInventory]| Totals::of(stores).summary();
        let messages = store(&[("a", 40), ("b", 2), ("c", 0)], 0);
        let jobs = store(&[], 3);
        assert_eq!(
            of(&[messages.clone(), jobs.clone()]),
            "42 messages in 2 queues, 3 waiting for redelivery"
        );
        assert_eq!(of(&[store(&[("a", 1)], 0)]), "1 message in 1 queue");
        assert_eq!(of(&[]), "no message in any queue");
        assert_eq!(
            of(&[jobs]),
            "no message in any queue, 3 waiting for redelivery"
        );
        let outputs = Totals::of([&messages]).outputs();
        assert_eq!(outputs["messages"], 42);
        assert_eq!(outputs["queues"], 2);
        assert_eq!(outputs["scheduled"], 0);
    }

    #[test]
    fn warnings_in_plain_words() {
        let mut odd = store(&[("a", 1)], 0);
        assert!(warnings(Path::new("/kahadb"), &odd).is_empty());
        odd.prepared_transactions = 2;
        odd.replay_differences = vec!["queue a: 0 messages, expected 1".to_owned()];
        odd.updates = 1;
        let warnings = warnings(Path::new("/kahadb"), &odd);
        assert_eq!(warnings.len(), 3);
        assert_eq!(
            warnings[0],
            "/kahadb: 2 distributed transactions wait for their coordinator's word: it may still \
             add 1 message and take 0 messages"
        );
        assert!(warnings[1].contains("(queue a: 0 messages, expected 1)"));
    }
}
