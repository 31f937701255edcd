//! Queues: the order among items that take their turns.

use indexmap::IndexMap;

use super::resolve::Draft;

/// The order of the plan: what comes after what, and in each queue every step for an item before
/// every step for the next one. `None` without queues. Turns are order only: the next item has its
/// turn as well when the one before it failed, so they are no part of a step's `after`.
pub(super) fn in_turn(drafts: &[Draft<'_>], after: &[Vec<usize>]) -> Option<Vec<Vec<usize>>> {
    let mut queues: IndexMap<&str, IndexMap<&str, Vec<usize>>> = IndexMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        if let (Some(queue), Some(item)) = (&draft.planned.queue, &draft.planned.item) {
            let items = queues.entry(queue).or_default();
            items.entry(item).or_default().push(at);
        }
    }
    if queues.is_empty() {
        return None;
    }
    let mut after = after.to_vec();
    for items in queues.values() {
        let steps: Vec<&Vec<usize>> = items.values().collect();
        for pair in steps.windows(2) {
            for &later in pair[1] {
                after[later].extend(pair[0]);
                after[later].sort_unstable();
                after[later].dedup();
            }
        }
    }
    Some(after)
}
