//! What starts next: a pure function of the plan's graph, how its steps ended and the limits.
//!
//! No clock, no thread, no file. [`Schedule`] keeps counters, so that a decision costs the same at
//! the first step of a plan and at its hundred-thousandth.
//!
//! The rules:
//! - A step runs when every step it comes after is done, left out by the plan, or failed while
//!   optional.
//! - If a step fails, none of those after it run; each names the step that failed. The order holds
//!   through steps that are left out.
//! - A failed step whose failure means `stop` lets nothing else start, unless the operator said to
//!   keep going. With `continue`, steps that do not come after it go on.
//! - A gate that waits for a person holds back only what comes after it.
//! - What is done stays done, but it lets nothing pass before its turn: if a step before it was opened
//!   again, what comes after both waits for that one.
//! - In a queue an item has its turn when the one before it is over: each of its steps has passed, or
//!   will not run. How the one before it ended does not matter.

use super::lanes::Lanes;
use crate::event::{Because, RunOutcome, RunState, StepStatus};
use crate::plan::{OnFailure, Plan};

/// How much may happen at once, and whether a failure ends the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Steps at work at once.
    pub jobs: usize,
    /// Steps at work at once on one machine.
    pub per_host: usize,
    /// A failure lets steps that do not come after it go on.
    pub keep_going: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            jobs: 4,
            per_host: usize::MAX,
            keep_going: false,
        }
    }
}

/// How a step that was started ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepEnd {
    /// Done and verified.
    Done,
    /// Failed for good.
    Failed,
    /// A person said no. Unlike a failure it is never tolerated.
    Declined,
    /// It waits for a person.
    Waiting,
    /// A stop of the run cut it off.
    Interrupted,
}

/// What follows from all that happened so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Decisions {
    /// Steps to start now, in plan order. They count as running from here on.
    pub(super) start: Vec<usize>,
    /// Steps that will not run, and why.
    pub(super) not_run: Vec<(usize, Because)>,
    /// Set once nothing runs and nothing more can start.
    pub(super) finished: Option<RunOutcome>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// Waits for the steps it comes after.
    Pending,
    /// Waits for its turn.
    Ready,
    Running,
    /// Nothing more happens to it, and it holds nobody back.
    Passed,
    /// Nothing more happens to it, and nothing after it runs.
    Blocked,
    /// Waits for a person.
    Waiting,
    Interrupted,
}

#[derive(Debug)]
struct Node {
    id: String,
    status: Status,
    /// Left out by the plan, or settled in an earlier stretch: passes as soon as its turn comes, and
    /// nothing is told of it.
    passes: bool,
    optional: bool,
    stops_run: bool,
    /// Steps it comes after that have not passed.
    open: usize,
    /// Steps that come after it: a range of [`Schedule::later`].
    later: std::ops::Range<usize>,
}

/// Where every step stands, as far as starting others is concerned.
#[derive(Debug)]
pub(super) struct Schedule {
    jobs: usize,
    nodes: Vec<Node>,
    later: Vec<usize>,
    lanes: Lanes,
    running: usize,
    waiting: usize,
    failed: bool,
    /// A stop kept something from being finished.
    cut: bool,
    /// Why nothing new starts, once that is so.
    halted: Option<Because>,
    closed: bool,
    not_run: Vec<(usize, Because)>,
}

impl Schedule {
    /// The schedule of a plan whose run stands at `state`: fresh, or as it was resumed.
    pub(super) fn new(plan: &Plan, state: &RunState, limits: Limits) -> Self {
        let mut schedule = Self {
            jobs: limits.jobs.max(1),
            nodes: nodes_of(plan, limits.keep_going),
            later: Vec::new(),
            lanes: Lanes::new(&plan.steps, limits.per_host),
            running: 0,
            waiting: 0,
            failed: false,
            cut: false,
            halted: None,
            closed: false,
            not_run: Vec::new(),
        };
        schedule.add_edges(plan);
        for at in 0..schedule.nodes.len() {
            schedule.nodes[at].passes |= schedule.is_settled(at, state);
        }
        for at in 0..schedule.nodes.len() {
            let node = &schedule.nodes[at];
            if node.status == Status::Pending && node.open == 0 {
                schedule.make_ready(at);
            }
        }
        schedule
    }

    fn is_settled(&self, at: usize, state: &RunState) -> bool {
        match state.steps.get(at).map(|step| &step.status) {
            Some(StepStatus::Done { .. }) => true,
            Some(StepStatus::Failed { .. }) => self.nodes[at].optional,
            _ => false,
        }
    }

    /// Turns "comes after" around: all lists in one, each a range of it.
    fn add_edges(&mut self, plan: &Plan) {
        let mut counts = vec![0_usize; plan.steps.len()];
        for &before in plan.steps.iter().flat_map(|step| &step.after) {
            counts[before] += 1;
        }
        let mut start = 0;
        for (node, count) in self.nodes.iter_mut().zip(&counts) {
            node.later = start..start;
            start += count;
        }
        self.later = vec![0; start];
        for (at, step) in plan.steps.iter().enumerate() {
            for &before in &step.after {
                let end = &mut self.nodes[before].later.end;
                self.later[*end] = at;
                *end += 1;
            }
        }
    }

    /// Takes in how a started step ended.
    pub(super) fn ended(&mut self, at: usize, end: StepEnd) {
        self.lanes.free(at);
        self.running -= 1;
        match end {
            StepEnd::Done => self.pass(at),
            StepEnd::Failed if self.nodes[at].optional => self.pass(at),
            StepEnd::Failed | StepEnd::Declined => self.fail(at),
            StepEnd::Waiting => {
                self.nodes[at].status = Status::Waiting;
                self.waiting += 1;
            }
            StepEnd::Interrupted => {
                self.nodes[at].status = Status::Interrupted;
                self.cut = true;
                self.stop();
            }
        }
    }

    /// Lets nothing new start: the run was asked to stop.
    pub(super) fn stop(&mut self) {
        self.halted.get_or_insert(Because::RunStopped);
    }

    fn pass(&mut self, at: usize) {
        self.nodes[at].status = Status::Passed;
        self.lanes.over(at);
        self.release(at);
    }

    /// Tells the steps after one that it has passed. A work list, not recursion: a chain of left-out
    /// steps may be as long as the plan.
    fn release(&mut self, at: usize) {
        let mut passed = vec![at];
        while let Some(at) = passed.pop() {
            for edge in self.nodes[at].later.clone() {
                let next = self.later[edge];
                self.nodes[next].open -= 1;
                if self.nodes[next].open > 0 || self.nodes[next].status != Status::Pending {
                    continue;
                }
                if self.nodes[next].passes {
                    self.nodes[next].status = Status::Passed;
                    self.lanes.over(next);
                    passed.push(next);
                } else {
                    self.make_ready(next);
                }
            }
        }
    }

    fn fail(&mut self, at: usize) {
        self.failed = true;
        self.nodes[at].status = Status::Blocked;
        self.lanes.over(at);
        let id = self.nodes[at].id.clone();
        if self.nodes[at].stops_run {
            self.halted.get_or_insert(Because::RunFailed(id.clone()));
        }
        let mut blocked = vec![at];
        while let Some(at) = blocked.pop() {
            for edge in self.nodes[at].later.clone() {
                let next = self.later[edge];
                if self.nodes[next].status != Status::Pending {
                    continue;
                }
                self.nodes[next].status = Status::Blocked;
                self.lanes.over(next);
                blocked.push(next);
                if !self.nodes[next].passes {
                    self.not_run
                        .push((next, Because::UpstreamFailed(id.clone())));
                }
            }
        }
    }

    fn make_ready(&mut self, at: usize) {
        if self.nodes[at].passes {
            self.pass(at);
        } else {
            self.nodes[at].status = Status::Ready;
            self.lanes.push(at);
        }
    }

    /// What follows from everything taken in since the last call.
    pub(super) fn decide(&mut self) -> Decisions {
        let mut start = Vec::new();
        while self.halted.is_none() && self.running < self.jobs {
            let Some(step) = self.lanes.take() else {
                break;
            };
            self.nodes[step].status = Status::Running;
            self.running += 1;
            start.push(step);
        }
        let over = self.running == 0 && !self.closed;
        if over {
            self.closed = true;
            self.close();
        }
        Decisions {
            start,
            not_run: std::mem::take(&mut self.not_run),
            finished: over.then(|| self.outcome()),
        }
    }

    /// Gives every step that could have run a reason why it did not. Steps behind a gate that waits
    /// keep their turn.
    fn close(&mut self) {
        let Some(because) = self.halted.clone() else {
            return;
        };
        for (at, node) in self.nodes.iter_mut().enumerate() {
            let open = matches!(node.status, Status::Pending | Status::Ready);
            if open && !node.passes {
                node.status = Status::Blocked;
                self.cut |= because == Because::RunStopped;
                self.not_run.push((at, because.clone()));
            }
        }
    }

    /// A failure needs a person's eyes most, so it outranks a stop, and that a question.
    fn outcome(&self) -> RunOutcome {
        if self.failed {
            RunOutcome::Failed
        } else if self.cut {
            RunOutcome::Interrupted
        } else if self.waiting > 0 {
            RunOutcome::Waiting
        } else {
            RunOutcome::Done
        }
    }
}

fn nodes_of(plan: &Plan, keep_going: bool) -> Vec<Node> {
    plan.steps
        .iter()
        .map(|step| Node {
            id: step.id.clone(),
            status: Status::Pending,
            passes: step.left_out.is_some(),
            optional: step.optional,
            stops_run: step.on_failure == OnFailure::Stop && !keep_going,
            open: step.after.len(),
            later: 0..0,
        })
        .collect()
}

#[cfg(test)]
pub(super) mod tests;
