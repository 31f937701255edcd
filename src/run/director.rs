//! What happens next: takes in one notice after another and gives orders, without doing anything.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::decide::{Schedule, StepEnd};
use super::orders::{History, Look, Notice, Order, Task};
use super::recorder::milliseconds;
use super::request::{GateAnswer, Verdict};
use super::retry;
use super::stop::StopRequest;
use super::work::Ended;
use crate::adapter::Effect;
use crate::event::{Because, EventKind, FailureReport, Outcome, RunOutcome, StopLevel};
use crate::host::StopFlag;
use crate::plan::{OnFailure, Plan, PlannedStep};

/// A step that its time limit asked to end has this long before it is killed.
const GRACE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Working,
    /// Between two attempts.
    Pausing,
    /// A person is asked.
    Asking,
}

struct Active {
    began: Instant,
    /// Counts over the whole run.
    attempt: u32,
    /// Counts in this stretch: a resumed step has all its tries again.
    tries: u32,
    doing: Doing,
    stop: StopFlag,
    /// Time limit, end of the grace after it, or end of a pause.
    due: Option<Instant>,
    timed_out: bool,
}

/// Decides what happens next.
pub(super) struct Director {
    plan: Arc<Plan>,
    schedule: Schedule,
    active: BTreeMap<usize, Active>,
    history: HashMap<usize, History>,
    level: StopLevel,
    asks_a_person: bool,
    finished: Option<RunOutcome>,
    orders: Vec<Order>,
}

impl Director {
    pub(super) fn new(
        plan: Arc<Plan>,
        schedule: Schedule,
        history: HashMap<usize, History>,
        asks_a_person: bool,
    ) -> Self {
        Self {
            plan,
            schedule,
            active: BTreeMap::new(),
            history,
            level: StopLevel::None,
            asks_a_person,
            finished: None,
            orders: Vec::new(),
        }
    }

    /// How the run ended, once it has.
    pub(super) fn finished(&self) -> Option<RunOutcome> {
        self.finished
    }

    /// When [`Director::decide`] must be called although nothing happened.
    pub(super) fn due(&self) -> Option<Instant> {
        self.active.values().filter_map(|active| active.due).min()
    }

    /// Takes in a notice.
    pub(super) fn take(&mut self, notice: Notice, now: Instant) {
        match notice {
            Notice::Stop(request) => self.stop(request),
            Notice::Tool(step, start) => self.record(EventKind::ToolStarted {
                step: self.name(step),
                pid: start.process.pid,
                start_time: start.process.start_time,
                command: start.command,
            }),
            Notice::Said(step, message) => self.record(EventKind::StepMessage {
                step: self.name(step),
                message,
            }),
            Notice::Progress(step, progress) => self.record(EventKind::StepProgress {
                step: self.name(step),
                progress,
            }),
            Notice::Ended(step, ended) => self.ended(step, ended, now),
            Notice::NotNeeded(step) => {
                let outcome = Outcome {
                    summary: "not needed".to_owned(),
                    ..Outcome::default()
                };
                self.done(step, outcome, now);
            }
            Notice::NotAsked(step, failure) => self.failed(step, *failure, now),
            Notice::Answered(step, answer, question) => self.answered(step, answer, question, now),
            Notice::Judged(step, verdict, question) => self.judged(step, verdict, question, now),
        }
    }

    /// What is to be done now.
    pub(super) fn decide(&mut self, now: Instant) -> Vec<Order> {
        let due: Vec<usize> = self
            .active
            .iter()
            .filter(|(_, active)| active.due.is_some_and(|due| due <= now))
            .map(|(&step, _)| step)
            .collect();
        for step in due {
            self.time_is_up(step, now);
        }
        let decisions = self.schedule.decide();
        for step in decisions.start {
            self.start(step, now);
        }
        for (step, because) in decisions.not_run {
            let step = self.name(step);
            self.record(EventKind::StepNotRun { step, because });
        }
        self.finished = self.finished.or(decisions.finished);
        std::mem::take(&mut self.orders)
    }

    fn start(&mut self, step: usize, now: Instant) {
        let history = self.history.remove(&step).unwrap_or_default();
        let active = Active {
            began: now,
            attempt: history.attempts,
            tries: 0,
            doing: Doing::Working,
            stop: StopFlag::default(),
            due: None,
            timed_out: false,
        };
        self.active.insert(step, active);
        self.attempt(step, history.look, now);
    }

    /// Starts an attempt at an active step.
    fn attempt(&mut self, step: usize, look: Look, now: Instant) {
        let is_gate = self.planned(step).action == "gate";
        let limit = self.planned(step).timeout_ms.map(Duration::from_millis);
        let Some(active) = self.active.get_mut(&step) else {
            return;
        };
        active.attempt += 1;
        active.tries += 1;
        active.stop = StopFlag::default();
        active.timed_out = false;
        active.due = limit.filter(|_| !is_gate).map(|limit| now + limit);
        active.doing = if is_gate {
            Doing::Asking
        } else {
            Doing::Working
        };
        let (stop, attempt) = (active.stop.clone(), active.attempt);
        self.record(EventKind::StepStarted {
            step: self.name(step),
            attempt,
        });
        self.orders.push(if is_gate {
            Order::Ask(step, stop)
        } else {
            Order::Work(Task { step, look, stop })
        });
    }

    fn time_is_up(&mut self, step: usize, now: Instant) {
        let Some(active) = self.active.get_mut(&step) else {
            return;
        };
        active.due = None;
        match active.doing {
            Doing::Pausing => {
                // The runbook's author asked for the repeat; the world is asked all the same.
                let look = match self.planned(step).effect {
                    Effect::Pure | Effect::Idempotent => Look::No,
                    Effect::Once | Effect::External => Look::OrRepeat,
                };
                self.attempt(step, look, now);
            }
            Doing::Working => {
                let level = if active.timed_out {
                    StopLevel::Kill
                } else {
                    active.due = Some(now + GRACE);
                    StopLevel::Ask
                };
                active.timed_out = true;
                self.orders.push(Order::Raise(active.stop.clone(), level));
            }
            Doing::Asking => {}
        }
    }

    fn ended(&mut self, step: usize, ended: Ended, now: Instant) {
        match ended {
            Ended::Done(outcome) => self.done(step, outcome, now),
            Ended::Failed(failure) => self.failed(step, *failure, now),
            Ended::Unknown(found) => {
                let Some(active) = self.active.get_mut(&step) else {
                    return;
                };
                active.doing = Doing::Asking;
                active.due = None;
                let stop = active.stop.clone();
                if self.level == StopLevel::None {
                    self.orders.push(Order::Judge(step, stop, found));
                } else {
                    self.interrupt(step, found);
                }
            }
        }
    }

    fn done(&mut self, step: usize, outcome: Outcome, now: Instant) {
        let Some(active) = self.active.remove(&step) else {
            return;
        };
        self.record(EventKind::StepDone {
            step: self.name(step),
            outcome,
            elapsed_ms: milliseconds(now - active.began),
        });
        self.schedule.ended(step, StepEnd::Done);
    }

    fn failed(&mut self, step: usize, failure: FailureReport, now: Instant) {
        let plan = Arc::clone(&self.plan);
        let planned = &plan.steps[step];
        let Some(active) = self.active.get_mut(&step) else {
            return;
        };
        // Whatever a step says after it was asked to end is most likely about that.
        if self.level >= StopLevel::Ask {
            self.interrupt(step, failure.message);
            return;
        }
        let failure = match planned.timeout_ms {
            Some(limit) if active.timed_out => retry::timed_out(failure, limit),
            _ => failure,
        };
        let pause = retry::pause(planned.retry.as_ref(), active.tries, failure.kind);
        let Some(pause) = pause else {
            let elapsed_ms = milliseconds(now - active.began);
            self.active.remove(&step);
            self.record(EventKind::StepFailed {
                step: planned.id.clone(),
                failure,
                tolerated: planned.optional || planned.on_failure == OnFailure::Continue,
                elapsed_ms,
            });
            self.schedule.ended(step, StepEnd::Failed);
            return;
        };
        if self.level >= StopLevel::NoNewSteps {
            let message = format!(
                "attempt {} failed: {}; stopped before the next one",
                active.attempt, failure.message
            );
            self.interrupt(step, message);
            return;
        }
        active.doing = Doing::Pausing;
        active.due = Some(now + pause);
        let attempt = active.attempt;
        self.record(EventKind::StepRetrying {
            step: planned.id.clone(),
            attempt,
            failure,
            delay_ms: milliseconds(pause),
        });
    }

    fn answered(&mut self, step: usize, answer: GateAnswer, question: String, now: Instant) {
        match answer {
            GateAnswer::Yes => {
                let outcome = Outcome {
                    summary: "confirmed".to_owned(),
                    ..Outcome::default()
                };
                self.done(step, outcome, now);
            }
            GateAnswer::No => {
                if self.active.remove(&step).is_some() {
                    self.record(EventKind::StepNotRun {
                        step: self.name(step),
                        because: Because::Declined(question),
                    });
                    self.schedule.ended(step, StepEnd::Declined);
                }
            }
            GateAnswer::Wait => self.wait(step, question),
        }
    }

    fn judged(&mut self, step: usize, verdict: Verdict, question: String, now: Instant) {
        match verdict {
            Verdict::Done => {
                let outcome = Outcome {
                    warnings: vec![
                        "counted as done because a person said so; nothing was verified".to_owned(),
                    ],
                    ..Outcome::default()
                };
                self.done(step, outcome, now);
            }
            Verdict::Repeat => {
                let limit = self.planned(step).timeout_ms.map(Duration::from_millis);
                if let Some(active) = self.active.get_mut(&step) {
                    active.doing = Doing::Working;
                    active.due = limit.map(|limit| now + limit);
                    let stop = active.stop.clone();
                    self.orders.push(Order::Work(Task {
                        step,
                        look: Look::No,
                        stop,
                    }));
                }
            }
            Verdict::Wait => self.wait(step, question),
        }
    }

    fn wait(&mut self, step: usize, question: String) {
        if self.active.remove(&step).is_none() {
            return;
        }
        if !self.asks_a_person {
            let step = self.name(step);
            self.record(EventKind::GateWaiting { step, question });
        }
        self.schedule.ended(step, StepEnd::Waiting);
    }

    fn interrupt(&mut self, step: usize, message: String) {
        if self.active.remove(&step).is_some() {
            self.record(EventKind::StepInterrupted {
                step: self.name(step),
                message,
            });
            self.schedule.ended(step, StepEnd::Interrupted);
        }
    }

    fn stop(&mut self, request: StopRequest) {
        let level = request.raise(self.level);
        if level == self.level {
            return;
        }
        self.level = level;
        self.record(EventKind::StopRequested {
            level,
            by: request.by().to_owned(),
        });
        self.schedule.stop();
        let idle: Vec<usize> = self
            .active
            .iter()
            .filter(|(_, active)| active.doing != Doing::Working)
            .map(|(&step, _)| step)
            .collect();
        for active in self.active.values() {
            // A question is given up at once; work is only asked to end from the second level on.
            if active.doing != Doing::Working || level >= StopLevel::Ask {
                let level = level.max(StopLevel::Ask);
                self.orders.push(Order::Raise(active.stop.clone(), level));
            }
        }
        for step in idle {
            let message = match self.active.get(&step).map(|active| active.doing) {
                Some(Doing::Pausing) => "stopped before the next attempt",
                _ => "stopped before it was answered",
            };
            self.interrupt(step, message.to_owned());
        }
    }

    fn record(&mut self, kind: EventKind) {
        self.orders.push(Order::Record(Box::new(kind)));
    }

    fn planned(&self, step: usize) -> &PlannedStep {
        &self.plan.steps[step]
    }

    fn name(&self, step: usize) -> String {
        self.plan.steps[step].id.clone()
    }
}
