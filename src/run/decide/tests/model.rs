//! The schedule, thought anew at every decision.

use super::super::{Decisions, Limits, StepEnd};
use crate::event::{Because, RunOutcome};
use crate::plan::{OnFailure, Plan, PlannedStep};

/// The model: everything is looked at anew.
pub(super) struct Model<'a> {
    pub(super) plan: &'a Plan,
    /// What earlier stretches have done.
    pub(super) done: Vec<bool>,
    pub(super) limits: Limits,
    pub(super) status: Vec<Seen>,
    pub(super) halted: Option<Because>,
    pub(super) stopped: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Seen {
    Pending,
    Running,
    Ended(StepEnd),
    NotRun(Because),
}

impl Model<'_> {
    /// Whether it was settled beforehand what becomes of a step.
    fn told(&self, at: usize) -> bool {
        self.plan.steps[at].left_out.is_some() || self.done[at]
    }

    fn passed(&self, at: usize) -> bool {
        let step = &self.plan.steps[at];
        match self.status[at] {
            Seen::Ended(StepEnd::Done) => true,
            Seen::Ended(StepEnd::Failed) => step.optional,
            _ => self.told(at) && step.after.iter().all(|&before| self.passed(before)),
        }
    }

    fn comes_after(&self, at: usize, first: usize) -> bool {
        let after = &self.plan.steps[at].after;
        after
            .iter()
            .any(|&before| before == first || self.comes_after(before, first))
    }

    fn running(&self, counts: impl Fn(&PlannedStep) -> bool) -> usize {
        let steps = self.plan.steps.iter().zip(&self.status);
        steps
            .filter(|(step, seen)| **seen == Seen::Running && counts(step))
            .count()
    }

    /// Nothing more will happen to it.
    fn over(&self, at: usize) -> bool {
        let failed = |at: usize| {
            !self.passed(at)
                && matches!(
                    self.status[at],
                    Seen::Ended(StepEnd::Failed | StepEnd::Declined)
                )
        };
        let ended = self.passed(at) || failed(at);
        ended || (0..at).any(|first| failed(first) && self.comes_after(at, first))
    }

    fn has_turn(&self, at: usize) -> bool {
        let step = &self.plan.steps[at];
        let steps = &self.plan.steps[..at];
        step.queue.is_none()
            || steps.iter().enumerate().all(|(other, earlier)| {
                earlier.queue != step.queue || earlier.item == step.item || self.over(other)
            })
    }

    fn may_start(&self, at: usize) -> bool {
        let step = &self.plan.steps[at];
        let family_is_full = step.max_parallel.is_some_and(|most| {
            self.running(|other| other.max_parallel.is_some() && other.step == step.step) >= most
        });
        self.halted.is_none()
            && self.status[at] == Seen::Pending
            && !self.told(at)
            && step.after.iter().all(|&before| self.passed(before))
            && self.running(|_| true) < self.limits.jobs
            && self.running(|other| other.host == step.host) < self.limits.per_host
            && !family_is_full
            && self.has_turn(at)
    }

    pub(super) fn end(&mut self, at: usize, end: StepEnd) -> Vec<(usize, Because)> {
        self.status[at] = Seen::Ended(end);
        let step = &self.plan.steps[at];
        if end == StepEnd::Interrupted {
            self.stop();
        }
        let fails = end == StepEnd::Declined || end == StepEnd::Failed && !step.optional;
        if !fails {
            return Vec::new();
        }
        if step.on_failure == OnFailure::Stop && !self.limits.keep_going {
            self.halted
                .get_or_insert(Because::RunFailed(step.id.clone()));
        }
        self.give_up(&Because::UpstreamFailed(step.id.clone()), |model, other| {
            model.comes_after(other, at)
        })
    }

    pub(super) fn stop(&mut self) {
        self.halted.get_or_insert(Because::RunStopped);
    }

    fn give_up(
        &mut self,
        because: &Because,
        which: impl Fn(&Self, usize) -> bool,
    ) -> Vec<(usize, Because)> {
        let mut given_up = Vec::new();
        for at in 0..self.status.len() {
            let open = self.status[at] == Seen::Pending && !self.told(at);
            if open && which(self, at) {
                self.status[at] = Seen::NotRun(because.clone());
                given_up.push((at, because.clone()));
            }
        }
        given_up
    }

    pub(super) fn decide(&mut self, mut not_run: Vec<(usize, Because)>) -> Decisions {
        let mut start = Vec::new();
        for at in 0..self.status.len() {
            if self.may_start(at) {
                self.status[at] = Seen::Running;
                start.push(at);
            }
        }
        let finished = (self.running(|_| true) == 0).then(|| {
            if let Some(because) = self.halted.clone() {
                not_run.extend(self.give_up(&because, |_, _| true));
            }
            self.outcome()
        });
        Decisions {
            start,
            not_run,
            finished,
        }
    }

    fn outcome(&self) -> RunOutcome {
        let any = |seen: Seen| self.status.contains(&seen);
        let failed = self
            .plan
            .steps
            .iter()
            .zip(&self.status)
            .any(|(step, seen)| {
                *seen == Seen::Ended(StepEnd::Failed) && !step.optional
                    || *seen == Seen::Ended(StepEnd::Declined)
            });
        if failed {
            RunOutcome::Failed
        } else if any(Seen::Ended(StepEnd::Interrupted)) || any(Seen::NotRun(Because::RunStopped)) {
            RunOutcome::Interrupted
        } else if any(Seen::Ended(StepEnd::Waiting)) {
            RunOutcome::Waiting
        } else {
            RunOutcome::Done
        }
    }
}
