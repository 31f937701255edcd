//! What the operator reads about stores.

use serde_json::{Map, Value};

use super::inventory::{ArtemisInventory, ArtemisQueue};
use crate::adapter::kahadb::counted;
use crate::adapter::{OutputKind, OutputSpec};
use crate::event::total;

/// The outputs that [`outputs`] gives.
pub(super) const OUTPUTS: [OutputSpec; 4] = [
    OutputSpec {
        name: "messages",
        kind: OutputKind::Number,
        about: "messages in queues, with those that wait for a later delivery",
    },
    OutputSpec {
        name: "scheduled",
        kind: OutputKind::Number,
        about: "messages among them that wait for a later delivery or redelivery",
    },
    OutputSpec {
        name: "queues",
        kind: OutputKind::Number,
        about: "queues that hold messages",
    },
    OutputSpec {
        name: "prepared",
        kind: OutputKind::Number,
        about: "distributed transactions that wait for their coordinator",
    },
];

fn filled(store: &ArtemisInventory) -> impl Iterator<Item = &ArtemisQueue> {
    store.queues.values().filter(|queue| queue.messages > 0)
}

fn scheduled(store: &ArtemisInventory) -> u64 {
    total(filled(store).map(|queue| queue.scheduled))
}

pub(super) fn outputs(store: &ArtemisInventory) -> Map<String, Value> {
    let values = [
        store.messages(),
        scheduled(store),
        filled(store).count() as u64,
        store.prepared_transactions,
    ];
    let names = OUTPUTS.iter().map(|output| output.name.to_owned());
    names.zip(values.map(Value::from)).collect()
}

/// `42 messages in 4 queues, 3 of them waiting for a later delivery`.
pub(super) fn summary(store: &ArtemisInventory) -> String {
    let messages = match store.messages() {
        0 => return "no message in any queue".to_owned(),
        messages => counted(messages, "message"),
    };
    let queues = counted(filled(store).count() as u64, "queue");
    match scheduled(store) {
        0 => format!("{messages} in {queues}"),
        waiting => {
            format!("{messages} in {queues}, {waiting} of them waiting for a later delivery")
        }
    }
}

/// What the operator should know of a store that was read without a fault.
pub(super) fn warnings(store: &ArtemisInventory) -> Vec<String> {
    let mut warnings = Vec::new();
    if store.prepared_transactions > 0 {
        let adds = store.queues.values().map(|queue| queue.prepared_adds);
        let removes = store.queues.values().map(|queue| queue.prepared_removes);
        let transactions = counted(store.prepared_transactions, "distributed transaction");
        warnings.push(format!(
            "{transactions} wait for their coordinator's word: it may still add {} and take {}",
            counted(total(adds), "message"),
            counted(total(removes), "message")
        ));
    }
    if store.lost_messages > 0 {
        let lost = counted(store.lost_messages, "message");
        warnings.push(format!(
            "the journal refers to {lost} that it does not hold: the broker lost them earlier"
        ));
    }
    let nameless = |name: &&String| name.bytes().all(|byte| byte.is_ascii_digit());
    for name in store.queues.keys().filter(nameless) {
        warnings.push(format!(
            "messages are in the queue number {name}, which the bindings do not know: the broker drops \
             them when it starts"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(queues: &[(&str, u64, u64)]) -> ArtemisInventory {
        let queue = |&(name, messages, scheduled): &(&str, u64, u64)| {
            let queue = ArtemisQueue {
                messages,
                scheduled,
                prepared_adds: 1,
                ..ArtemisQueue::default()
            };
            (name.to_owned(), queue)
        };
        ArtemisInventory {
            queues: queues.iter().map(queue).collect(),
            ..ArtemisInventory::default()
        }
    }

    #[test]
    fn summaries() {
        let some = store(&[("a", 40, 3), ("b", 2, 0), ("c", 0, 0)]);
        assert_eq!(
            summary(&some),
            "42 messages in 2 queues, 3 of them waiting for a later delivery"
        );
        assert_eq!(outputs(&some)["scheduled"], 3);
        assert_eq!(outputs(&some)["queues"], 2);
        assert_eq!(summary(&store(&[("a", 1, 0)])), "1 message in 1 queue");
        assert_eq!(summary(&store(&[])), "no message in any queue");
    }

    #[test]
    fn warnings_in_plain_words() {
        let mut odd = store(&[("17", 1, 0)]);
        odd.prepared_transactions = 2;
        odd.lost_messages = 1;
        let warnings = warnings(&odd);
        assert_eq!(warnings.len(), 3);
        assert_eq!(
            warnings[0],
            "2 distributed transactions wait for their coordinator's word: it may still add 1 message \
             and take 0 messages"
        );
        assert!(self::warnings(&store(&[("a", 1, 0)])).is_empty());
    }
}
