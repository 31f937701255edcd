//! Queues: whose item has its turn.

use std::collections::HashMap;

use crate::plan::PlannedStep;

/// The queues of a plan. A plan without them costs nothing.
#[derive(Debug, Default)]
pub(super) struct Turns {
    queues: Vec<Queue>,
    /// Queue and item of each step that is in one.
    of_step: HashMap<usize, (usize, usize)>,
}

#[derive(Debug, Default)]
struct Queue {
    /// For each item, in plan order, how many of its steps are not over.
    left: Vec<usize>,
    /// The first item that is not over.
    turn: usize,
}

impl Turns {
    /// The first item of each queue has its turn.
    pub(super) fn new(steps: &[PlannedStep]) -> Self {
        let mut turns = Self::default();
        let mut queues: HashMap<&str, usize> = HashMap::new();
        let mut items: HashMap<(usize, &str), usize> = HashMap::new();
        for (at, step) in steps.iter().enumerate() {
            let (Some(queue), Some(item)) = (&step.queue, &step.item) else {
                continue;
            };
            let queue = *queues.entry(queue).or_insert_with(|| {
                turns.queues.push(Queue::default());
                turns.queues.len() - 1
            });
            let left = &mut turns.queues[queue].left;
            let item = *items.entry((queue, item)).or_insert_with(|| {
                left.push(0);
                left.len() - 1
            });
            left[item] += 1;
            turns.of_step.insert(at, (queue, item));
        }
        turns
    }

    /// Whether the step may start as far as its queue is concerned.
    pub(super) fn has(&self, step: usize) -> bool {
        self.of_step
            .get(&step)
            .is_none_or(|&(queue, item)| self.queues[queue].turn == item)
    }

    /// Nothing more will happen to the step. Told once for each.
    pub(super) fn over(&mut self, step: usize) {
        let Some(&(queue, item)) = self.of_step.get(&step) else {
            return;
        };
        let queue = &mut self.queues[queue];
        queue.left[item] -= 1;
        while queue.left.get(queue.turn) == Some(&0) {
            queue.turn += 1;
        }
    }
}
