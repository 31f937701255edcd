//! The fold: events in, state of the run out.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use super::kinds::{Event, EventKind, Mark, StopLevel};
use super::status::{Phase, StepState, StepStatus, Tool};

/// The state of a run, folded from its events. Two folds of the same events are equal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunState {
    /// Number of the last event.
    pub seq: u64,
    /// Id, site, phase, scenario, plan digest, set: as `RunStarted` gave them.
    pub run: String,
    /// Name of the site.
    pub site: String,
    /// `backup`, `upgrade` or `restore`.
    pub phase: String,
    /// The scenario.
    pub scenario: String,
    /// SHA-256 of the frozen plan.
    pub plan: String,
    /// The backup set that it writes.
    pub set: Option<String>,
    /// The backup set that it uses.
    pub uses: Option<String>,
    /// Boot id of the machine in the latest stretch.
    pub boot: Option<String>,
    /// Steps in plan order.
    pub steps: Vec<StepState>,
    /// Where the run stands.
    pub status: Phase,
    /// Urgency of a requested stop in this stretch.
    pub stop: StopLevel,
    /// When the first event happened.
    pub started: Option<Timestamp>,
    /// When the outage opened.
    pub outage_opened: Option<Timestamp>,
    /// When the outage closed.
    pub outage_closed: Option<Timestamp>,
    /// Whether a step with the mark was started.
    pub no_return_passed: bool,
    /// When the consistency window opened.
    pub window_opened: Option<Timestamp>,
    /// When the consistency window closed.
    pub window_closed: Option<Timestamp>,
    #[serde(skip)]
    index: HashMap<String, usize>,
}

impl Default for RunState {
    fn default() -> Self {
        Self::new()
    }
}

impl RunState {
    /// The state before any event.
    pub fn new() -> Self {
        Self {
            seq: 0,
            run: String::new(),
            site: String::new(),
            phase: String::new(),
            scenario: String::new(),
            plan: String::new(),
            set: None,
            uses: None,
            boot: None,
            steps: Vec::new(),
            status: Phase::New,
            stop: StopLevel::None,
            started: None,
            outage_opened: None,
            outage_closed: None,
            no_return_passed: false,
            window_opened: None,
            window_closed: None,
            index: HashMap::new(),
        }
    }

    /// The state after all of `events`.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut state = Self::new();
        for event in events {
            state.apply(event);
        }
        state
    }

    /// The step of that name.
    pub fn step(&self, id: &str) -> Option<&StepState> {
        self.index.get(id).map(|&at| &self.steps[at])
    }

    /// Position of the step in plan order.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// Takes in one event. Events that were already seen (by number) change nothing; a final
    /// status is overwritten only by `RunResumed` and `StepReopened`, which say so.
    pub fn apply(&mut self, event: &Event) {
        let repeated = event.kind.is_journaled() && event.seq <= self.seq;
        if repeated {
            return;
        }
        self.seq = self.seq.max(event.seq);
        match &event.kind {
            EventKind::RunStarted { .. } => self.run_started(event),
            EventKind::RunResumed { boot, .. } => {
                self.boot.clone_from(boot);
                self.status = Phase::Running;
                self.stop = StopLevel::None;
                for step in &mut self.steps {
                    step.resume();
                }
            }
            EventKind::StopRequested { level, .. } => self.stop = self.stop.max(*level),
            EventKind::RunFinished { outcome, .. } => self.status = Phase::Finished(*outcome),
            EventKind::Unknown => {}
            kind => {
                if let Some(&at) = kind.step().and_then(|id| self.index.get(id)) {
                    self.step_event(at, event);
                }
            }
        }
    }

    fn run_started(&mut self, event: &Event) {
        let EventKind::RunStarted {
            run,
            site,
            phase,
            scenario,
            plan,
            set,
            uses,
            boot,
            steps,
            ..
        } = &event.kind
        else {
            return;
        };
        self.run.clone_from(run);
        self.site.clone_from(site);
        self.phase.clone_from(phase);
        self.scenario.clone_from(scenario);
        self.plan.clone_from(plan);
        self.set.clone_from(set);
        self.uses.clone_from(uses);
        self.boot.clone_from(boot);
        self.status = Phase::Running;
        self.started = Some(event.at);
        self.index = steps
            .iter()
            .enumerate()
            .map(|(at, card)| (card.id.clone(), at))
            .collect();
        self.steps = steps
            .iter()
            .map(|card| StepState {
                status: card
                    .left_out
                    .clone()
                    .map_or(StepStatus::Pending, |because| StepStatus::NotRun {
                        because,
                    }),
                card: card.clone(),
                attempts: 0,
                tools: Vec::new(),
                started: None,
                ended: None,
            })
            .collect();
    }

    fn step_event(&mut self, at: usize, event: &Event) {
        if let EventKind::StepReopened { .. } = event.kind {
            self.steps[at].reopen();
        }
        if self.steps[at].status.is_final() {
            return;
        }
        match &event.kind {
            EventKind::StepStarted { attempt, .. } => {
                let step = &mut self.steps[at];
                let since = *step.started.get_or_insert(event.at);
                step.attempts = step.attempts.max(*attempt);
                step.status = StepStatus::Running {
                    attempt: *attempt,
                    since,
                    progress: None,
                };
                self.mark_start(at, event.at);
            }
            EventKind::ToolStarted {
                pid,
                start_time,
                command,
                ..
            } => {
                self.steps[at].tools.push(Tool {
                    pid: *pid,
                    start_time: *start_time,
                    command: command.clone(),
                });
            }
            EventKind::StepProgress {
                progress: latest, ..
            } => {
                if let StepStatus::Running { progress, .. } = &mut self.steps[at].status {
                    *progress = Some(*latest);
                }
            }
            EventKind::StepDone {
                outcome,
                elapsed_ms,
                ..
            } => {
                self.end(
                    at,
                    event.at,
                    StepStatus::Done {
                        outcome: outcome.clone(),
                        elapsed_ms: *elapsed_ms,
                    },
                );
                self.mark_end(at, event.at);
            }
            EventKind::StepFailed {
                failure,
                tolerated,
                elapsed_ms,
                ..
            } => self.end(
                at,
                event.at,
                StepStatus::Failed {
                    failure: failure.clone(),
                    tolerated: *tolerated,
                    elapsed_ms: *elapsed_ms,
                },
            ),
            EventKind::StepNotRun { because, .. } => {
                self.end(
                    at,
                    event.at,
                    StepStatus::NotRun {
                        because: because.clone(),
                    },
                );
            }
            EventKind::StepInterrupted { .. } => self.steps[at].status = StepStatus::Interrupted,
            EventKind::GateWaiting { question, .. } => {
                self.steps[at].status = StepStatus::Waiting {
                    question: question.clone(),
                };
            }
            _ => {}
        }
    }

    fn end(&mut self, at: usize, when: Timestamp, status: StepStatus) {
        let step = &mut self.steps[at];
        step.ended = Some(when);
        step.status = status;
    }

    fn mark_start(&mut self, at: usize, when: Timestamp) {
        for mark in &self.steps[at].card.marks {
            match mark {
                Mark::OutageOpens => _ = self.outage_opened.get_or_insert(when),
                Mark::PointOfNoReturn => self.no_return_passed = true,
                Mark::WindowOpens => _ = self.window_opened.get_or_insert(when),
                Mark::OutageCloses | Mark::WindowCloses => {}
            }
        }
    }

    fn mark_end(&mut self, at: usize, when: Timestamp) {
        for mark in &self.steps[at].card.marks {
            match mark {
                Mark::OutageCloses => self.outage_closed = Some(when),
                Mark::WindowCloses => self.window_closed = Some(when),
                Mark::OutageOpens | Mark::PointOfNoReturn | Mark::WindowOpens => {}
            }
        }
    }
}
