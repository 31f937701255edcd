//! The loop of a run: selects, lets the director decide, acts.

use std::collections::HashMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::after_boot::undone;
use super::crew::Crew;
use super::decide::{Limits, Schedule};
use super::director::Director;
use super::earlier::{Earlier, settle};
use super::error::RunError;
use super::orders::{History, Notice, Order, Task};
use super::recorder::{Recorder, milliseconds};
use super::request::{RunReport, RunRequest, Services};
use super::sets::Sets;
use super::stop::{StopRequest, StopSource, Stops};
use super::work;
use crate::event::{Event, EventKind, RunOutcome, RunState, StepStatus};
use crate::host::StopFlag;
use crate::journal::{Holder, Instances, Journal, JournalError, Lock, RunDirectory, new_run_id};
use crate::plan::Plan;

/// Notices that are taken in before a decision is made and recorded. Bounds how long a flood of
/// lines can hold up a step's end.
const AT_ONCE: usize = 256;

/// Executes a plan. Returns when the run has ended, whatever came of it; events go to `events` as
/// they happen, after they are in the journal.
pub fn execute(
    request: RunRequest,
    services: Services,
    events: Sender<Event>,
) -> Result<RunReport, RunError> {
    check(&request.plan)?;
    let plan = Arc::new(request.plan);
    let sets = Sets::used_by(&plan)?;
    let run = new_run_id(Timestamp::now())?;
    let holder = Holder::this_process(&run, plan.phase.as_str());
    let lock = Lock::take(&plan.state, &holder)?;
    let instances = Instances::take(&request.instances)?;
    let earlier = settle(&plan.state, &run, &services, boot_id().as_deref())?;
    let (directory, journal) = RunDirectory::create(&plan.state, &run, &plan, &request.site_text)?;
    let sets = sets.begin(&plan, &run)?;
    Stretch {
        opening: vec![started(&plan, &run, &sets, earlier)],
        plan,
        directory,
        journal,
        sets,
        state: RunState::new(),
        rebooted: false,
        history: HashMap::new(),
        limits: request.limits,
        stops: request.stops,
        lock,
        instances,
    }
    .run(services, events)
}

/// The first event of a run.
pub(super) fn started(plan: &Plan, run: &str, sets: &Sets, earlier: Earlier) -> EventKind {
    EventKind::RunStarted {
        format: 1,
        run: run.to_owned(),
        site: plan.site.clone(),
        phase: plan.phase.to_string(),
        scenario: plan.scenario.clone(),
        plan: plan.digest(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        set: sets.written(),
        uses: plan.uses_set.clone(),
        boot: boot_id(),
        order: earlier.order,
        notes: earlier.notes,
        steps: plan.cards(),
    }
}

/// A plan comes from a file when it is resumed: positions in it are looked at before they are used.
pub(super) fn check(plan: &Plan) -> Result<(), RunError> {
    for (at, step) in plan.steps.iter().enumerate() {
        if let Some(before) = step.after.iter().find(|&&before| before >= at) {
            return Err(RunError::Plan {
                reason: format!("step `{}` comes after step number {before}", step.id),
            });
        }
    }
    Ok(())
}

/// The boot id of this machine.
pub(super) fn boot_id() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

/// A run from its start or resumption to its end or next interruption.
pub(super) struct Stretch {
    pub(super) plan: Arc<Plan>,
    pub(super) directory: RunDirectory,
    pub(super) journal: Journal,
    pub(super) sets: Sets,
    /// The state before the stretch.
    pub(super) state: RunState,
    /// The first events of the stretch.
    pub(super) opening: Vec<EventKind>,
    /// Whether the machine was restarted since the last stretch: what finished steps wrote may be lost,
    /// and what they started does not run. Looked at before anything is built on it.
    pub(super) rebooted: bool,
    pub(super) history: HashMap<usize, History>,
    pub(super) limits: Limits,
    pub(super) stops: StopSource,
    pub(super) lock: Lock,
    pub(super) instances: Instances,
}

impl Stretch {
    pub(super) fn run(
        self,
        services: Services,
        events: Sender<Event>,
    ) -> Result<RunReport, RunError> {
        let began = Instant::now();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(RunError::Runtime)?;
        let (notices, inbox) = unbounded_channel();
        let state = Arc::new(Mutex::new(self.state));
        let mut recorder = Recorder::new(self.journal, Arc::clone(&state), events);
        let run = self.directory.run().to_owned();
        let left = Arc::clone(&state);
        let lost = |source| RunError::JournalLost {
            run: run.clone(),
            steps: at_work(&left.lock().unwrap_or_else(PoisonError::into_inner)),
            source,
        };
        recorder.record(self.opening).map_err(lost)?;
        let mut reopened = Vec::new();
        if self.rebooted {
            reopened.extend(self.sets.lost(&recorder.state()));
            let transient = |action: &str| (services.actions)(action)?.transient;
            reopened.extend(undone(&self.plan, &recorder.state(), transient));
        }
        let reopened = reopened
            .into_iter()
            .map(|(step, because)| EventKind::StepReopened { step, because })
            .collect();
        recorder.record(reopened).map_err(lost)?;
        // Only now: until here a signal may end the program, nothing is at work.
        let stops = {
            let _inside = runtime.enter();
            Stops::listen(self.stops).map_err(RunError::Runtime)?
        };
        let schedule = Schedule::new(&self.plan, &recorder.state(), self.limits);
        let asks = services.gatekeeper.asks_a_person();
        let crew = Arc::new(Crew {
            plan: Arc::clone(&self.plan),
            directory: self.directory.clone(),
            services,
            sets: self.sets,
            state,
            notices,
            secrets: Mutex::default(),
        });
        let mut dispatch = Dispatch {
            director: Director::new(self.plan, schedule, self.history, asks),
            crew,
            recorder,
            inbox,
            working: 0,
        };
        let outcome = runtime.block_on(dispatch.drive(stops)).map_err(lost)?;
        dispatch.close(outcome, began).map_err(lost)?;
        drop((self.lock, self.instances));
        let state = std::mem::take(&mut *dispatch.recorder.state());
        Ok(RunReport {
            directory: self.directory,
            outcome,
            state,
        })
    }
}

/// Steps that have begun and not ended.
fn at_work(state: &RunState) -> Vec<String> {
    let running = (state.steps.iter())
        .filter(|step| matches!(step.status, StepStatus::Running { .. }))
        .map(|step| step.card.id.clone());
    running.collect()
}

struct Dispatch {
    director: Director,
    crew: Arc<Crew>,
    recorder: Recorder,
    inbox: UnboundedReceiver<Notice>,
    /// Threads at work.
    working: usize,
}

impl Dispatch {
    async fn drive(&mut self, mut stops: Stops) -> Result<RunOutcome, JournalError> {
        loop {
            let orders = self.director.decide(Instant::now());
            if let Err(error) = self.carry_out(orders) {
                self.abandon(&mut stops).await;
                return Err(error);
            }
            if let Some(outcome) = self.director.finished() {
                return Ok(outcome);
            }
            let notice = self.next(&mut stops).await;
            let now = Instant::now();
            if let Some(notice) = notice {
                self.take(notice, now);
            }
            for _ in 0..AT_ONCE {
                let Ok(notice) = self.inbox.try_recv() else {
                    break;
                };
                self.take(notice, now);
            }
        }
    }

    /// Records the end of the run.
    fn close(&mut self, outcome: RunOutcome, began: Instant) -> Result<(), JournalError> {
        let closing = (self.crew.services.closing)(&self.recorder.state(), outcome);
        self.recorder.record(vec![EventKind::RunFinished {
            outcome,
            elapsed_ms: milliseconds(began.elapsed()),
            next: closing.next,
            facts: closing.facts,
        }])
    }

    /// The next thing that happens, `None` if it is only that time has passed.
    async fn next(&mut self, stops: &mut Stops) -> Option<Notice> {
        let due = self.director.due();
        let timer = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            request = stops.next() => Some(Notice::Stop(request)),
            notice = self.inbox.recv() => notice,
            () = timer => None,
        }
    }

    /// Records first, in one write; then everything else, in order.
    fn carry_out(&mut self, orders: Vec<Order>) -> Result<(), JournalError> {
        let mut kinds = Vec::new();
        let mut deeds = Vec::new();
        for order in orders {
            match order {
                Order::Record(kind) => kinds.push(*kind),
                deed => deeds.push(deed),
            }
        }
        self.recorder.record(kinds)?;
        for deed in deeds {
            match deed {
                Order::Record(_) => {}
                Order::Work(task) => self.work(task),
                Order::Raise(stop, level) => stop.raise(level),
                Order::Ask(step, stop) => self.ask(step, stop, None)?,
                Order::Judge(step, stop, found) => self.ask(step, stop, Some(found))?,
            }
        }
        Ok(())
    }

    fn take(&mut self, notice: Notice, now: Instant) {
        if let Notice::Ended(..) = notice {
            self.working -= 1;
        }
        self.director.take(notice, now);
    }

    fn work(&mut self, task: Task) {
        self.working += 1;
        let crew = Arc::clone(&self.crew);
        tokio::task::spawn_blocking(move || {
            let ended = work::work(&crew, &task);
            crew.notify(Notice::Ended(task.step, ended));
        });
    }

    /// Asks a person, on a thread that nobody waits for: it may sit in a read from a terminal.
    fn ask(
        &mut self,
        step: usize,
        stop: StopFlag,
        found: Option<String>,
    ) -> Result<(), JournalError> {
        let planned = self.crew.planned(step);
        let gate = match &found {
            Some(found) => work::inquiry(&self.crew, step, found),
            None => match work::gate(&self.crew, step) {
                Ok(Some(gate)) => gate,
                Ok(None) => {
                    self.crew.notify(Notice::NotNeeded(step));
                    return Ok(());
                }
                Err(failure) => {
                    self.crew.notify(Notice::NotAsked(step, failure.0));
                    return Ok(());
                }
            },
        };
        if self.crew.services.gatekeeper.asks_a_person() {
            self.recorder.record(vec![EventKind::GateWaiting {
                step: planned.id.clone(),
                question: gate.question.clone(),
            }])?;
        }
        let crew = Arc::clone(&self.crew);
        std::thread::spawn(move || {
            let keeper = &crew.services.gatekeeper;
            let notice = if found.is_some() {
                Notice::Judged(step, keeper.verdict(&gate, &stop), gate.question)
            } else {
                Notice::Answered(step, keeper.answer(&gate, &stop), gate.question)
            };
            crew.notify(notice);
        });
        Ok(())
    }

    /// After the journal is lost: nothing new starts, everything that runs is asked to end and waited
    /// for, so that no tool works on unwatched.
    async fn abandon(&mut self, stops: &mut Stops) {
        let mut notice = Some(Notice::Stop(StopRequest::End("the journal")));
        loop {
            let now = Instant::now();
            if let Some(notice) = notice {
                self.take(notice, now);
            }
            for order in self.director.decide(now) {
                if let Order::Raise(stop, level) = order {
                    stop.raise(level);
                }
            }
            if self.working == 0 {
                return;
            }
            notice = self.next(stops).await;
        }
    }
}
