//! Whose turn it is: the queue of ready steps under the bounds of machines and fan-outs.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use crate::plan::PlannedStep;

/// Steps that are bounded alike: the same machine and the same fan-out. Keeping them in one queue
/// means that a step which may not start yet is looked at once, not with every decision.
#[derive(Debug)]
struct Lane {
    host: usize,
    family: usize,
    ready: BinaryHeap<Reverse<usize>>,
}

#[derive(Debug, Default)]
struct HostLoad {
    running: usize,
    /// Lanes with ready steps, by their first.
    lanes: BTreeSet<(usize, usize)>,
}

/// A fan-out with a bound of its own. Steps without one share an unbounded family.
#[derive(Debug)]
struct Family {
    running: usize,
    most: usize,
}

/// The ready steps of a plan, in lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    per_host: usize,
    /// The lane of each step.
    of_step: Vec<usize>,
    all: Vec<Lane>,
    hosts: Vec<HostLoad>,
    families: Vec<Family>,
}

impl Lanes {
    /// Empty lanes for these steps.
    pub(super) fn new(steps: &[PlannedStep], per_host: usize) -> Self {
        let mut made = Self {
            per_host: per_host.max(1),
            of_step: Vec::with_capacity(steps.len()),
            all: Vec::new(),
            hosts: Vec::new(),
            families: vec![Family {
                running: 0,
                most: usize::MAX,
            }],
        };
        let mut hosts = HashMap::new();
        let mut families = HashMap::new();
        let mut lanes = HashMap::new();
        for step in steps {
            let host = *hosts.entry(step.host.as_str()).or_insert_with(|| {
                made.hosts.push(HostLoad::default());
                made.hosts.len() - 1
            });
            let family = match step.max_parallel {
                None => 0,
                Some(most) => *families.entry(step.step.as_str()).or_insert_with(|| {
                    made.families.push(Family {
                        running: 0,
                        most: most.max(1),
                    });
                    made.families.len() - 1
                }),
            };
            let lane = *lanes.entry((host, family)).or_insert_with(|| {
                made.all.push(Lane {
                    host,
                    family,
                    ready: BinaryHeap::new(),
                });
                made.all.len() - 1
            });
            made.of_step.push(lane);
        }
        made
    }

    /// The step may start as soon as the bounds allow.
    pub(super) fn push(&mut self, step: usize) {
        let number = self.of_step[step];
        let lane = &mut self.all[number];
        let lanes = &mut self.hosts[lane.host].lanes;
        if let Some(Reverse(first)) = lane.ready.peek() {
            lanes.remove(&(*first, number));
        }
        lane.ready.push(Reverse(step));
        if let Some(Reverse(first)) = lane.ready.peek() {
            lanes.insert((*first, number));
        }
    }

    /// Takes the first ready step, in plan order, that no bound holds back. At most as many fan-outs
    /// are at their bound as steps are at work, so the search passes over few lanes.
    pub(super) fn take(&mut self) -> Option<usize> {
        let (step, number) = self
            .hosts
            .iter()
            .filter(|host| host.running < self.per_host)
            .filter_map(|host| {
                host.lanes.iter().find(|&&(_, lane)| {
                    let family = &self.families[self.all[lane].family];
                    family.running < family.most
                })
            })
            .min()
            .copied()?;
        let lane = &mut self.all[number];
        let host = &mut self.hosts[lane.host];
        lane.ready.pop();
        host.lanes.remove(&(step, number));
        if let Some(Reverse(first)) = lane.ready.peek() {
            host.lanes.insert((*first, number));
        }
        host.running += 1;
        self.families[lane.family].running += 1;
        Some(step)
    }

    /// A step that was taken has ended.
    pub(super) fn free(&mut self, step: usize) {
        let lane = &self.all[self.of_step[step]];
        self.hosts[lane.host].running -= 1;
        self.families[lane.family].running -= 1;
    }
}
