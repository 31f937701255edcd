//! Whose turn it is: the queue of ready steps under the bounds of machines and fan-outs.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::turns::Turns;
use crate::plan::PlannedStep;

/// Steps that are bounded alike: the same machine and the same fan-out or queue. Keeping them in one queue
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

/// A fan-out with a bound of its own, or the fan-outs of a queue. Steps without either share an
/// unbounded family.
#[derive(Debug)]
struct Family {
    running: usize,
    most: usize,
}

/// What makes steps of one family.
#[derive(PartialEq, Eq, Hash)]
enum Bound<'a> {
    FanOut(&'a str),
    Queue(&'a str),
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
    turns: Turns,
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
            turns: Turns::new(steps),
        };
        let mut hosts = HashMap::new();
        let mut families = HashMap::new();
        let mut lanes = HashMap::new();
        for step in steps {
            let host = *hosts.entry(step.host.as_str()).or_insert_with(|| {
                made.hosts.push(HostLoad::default());
                made.hosts.len() - 1
            });
            let bound = match (&step.queue, step.max_parallel) {
                (Some(queue), _) => Some((Bound::Queue(queue), usize::MAX)),
                (None, Some(most)) => Some((Bound::FanOut(&step.step), most.max(1))),
                (None, None) => None,
            };
            let family = bound.map_or(0, |(bound, most)| {
                *families.entry(bound).or_insert_with(|| {
                    made.families.push(Family { running: 0, most });
                    made.families.len() - 1
                })
            });
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
    /// are at their bound as steps are at work, and there are few queues, so the search passes over few
    /// lanes. The first ready step of a queue is of the item whose turn it is, if one of it is ready:
    /// plan order is the order of turns.
    pub(super) fn take(&mut self) -> Option<usize> {
        let (step, number) = self
            .hosts
            .iter()
            .filter(|host| host.running < self.per_host)
            .filter_map(|host| {
                host.lanes.iter().find(|&&(first, lane)| {
                    let family = &self.families[self.all[lane].family];
                    family.running < family.most && self.turns.has(first)
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

    /// Nothing more will happen to the step: it has passed, or will not run.
    pub(super) fn over(&mut self, step: usize) {
        self.turns.over(step);
    }

    /// A step that was taken has ended.
    pub(super) fn free(&mut self, step: usize) {
        let lane = &self.all[self.of_step[step]];
        self.hosts[lane.host].running -= 1;
        self.families[lane.family].running -= 1;
    }
}
