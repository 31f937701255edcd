//! A world of counters that actions change, and plans to change it with.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use upgrade_kit::adapter::{Action, ActionEntry, Effect, Failure, Preview, Probe, StepContext};
use upgrade_kit::event::{Event, FailureKind, Outcome, RunOutcome, RunState, StopLevel};
use upgrade_kit::host::{Host, Invocation, LocalHost, Masker, Secret, StopFlag, Streams};
use upgrade_kit::plan::{OnFailure, Phase, Plan, PlannedStep};
use upgrade_kit::run::{
    Closing, Gate, GateAnswer, GateKeeper, Limits, ResumeRequest, RunError, RunReport, RunRequest,
    Services, StopSource, Verdict, execute, resume,
};

/// What the actions of one test have done.
#[derive(Debug, Default)]
pub(super) struct World {
    /// How often the effect of a step happened.
    pub(super) effects: Mutex<BTreeMap<String, u32>>,
    /// Steps in the order in which they were begun.
    pub(super) begun: Mutex<Vec<String>>,
    /// Steps that fail every time.
    pub(super) failing: Mutex<Vec<String>>,
    working: AtomicUsize,
    /// Most steps at work at once.
    pub(super) most: AtomicUsize,
}

impl World {
    pub(super) fn effects_of(&self, step: &str) -> u32 {
        locked(&self.effects).get(step).copied().unwrap_or(0)
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

static WORLDS: LazyLock<Mutex<Vec<Arc<World>>>> = LazyLock::new(Mutex::default);

/// Options of the one action of the tests.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Fake {
    world: usize,
    /// So many attempts fail before one succeeds.
    fails: u32,
    /// The family of its failures: `tool` or `refused`.
    refuses: bool,
    panics: bool,
    /// Works for so long, unless it is asked to end.
    works_ms: u64,
    /// Whether it heeds the request to end.
    deaf: bool,
    /// What its probe says: `world` (the truth), `unknown`.
    probe: String,
    /// An output.
    gives: Option<Value>,
    /// Says that.
    says: String,
    /// Wants that output to be there.
    wants: Option<Value>,
    /// Runs that command.
    command: Vec<String>,
    /// Lets the disk that the journal is on run full.
    fills_disk: bool,
    /// Fails with that text after it has resolved a secret.
    leaks: bool,
}

impl Action for Fake {
    const NAME: &'static str = "test.fake";
    const SUMMARY: &'static str = "changes a world";
    const EFFECT: Effect = Effect::Idempotent;

    fn preview(&self) -> Preview {
        Vec::new()
    }

    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        if self.probe == "unknown" {
            return Ok(Probe::Unknown("look at the counter".to_owned()));
        }
        Ok(match world(self.world).effects_of(context.step) {
            0 => Probe::Absent,
            _ => Probe::Present(self.outcome()),
        })
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let world = world(self.world);
        let begun = {
            let mut begun = locked(&world.begun);
            begun.push(context.step.to_owned());
            begun.iter().filter(|&step| step == context.step).count()
        };
        let working = world.working.fetch_add(1, Ordering::SeqCst) + 1;
        world.most.fetch_max(working, Ordering::SeqCst);
        let result = self.act(context, &world, begun);
        world.working.fetch_sub(1, Ordering::SeqCst);
        result
    }
}

impl Fake {
    fn act(
        &self,
        context: &StepContext<'_>,
        world: &World,
        begun: usize,
    ) -> Result<Outcome, Failure> {
        if !self.says.is_empty() {
            (context.say)(self.says.clone());
        }
        if self.leaks {
            let secret = (context.secret)(&serde_json::from_value(json!({ "env": "X" })).unwrap())?;
            return Err(Failure::refused(format!(
                "cannot log in as {}",
                secret.expose()
            )));
        }
        if self.fills_disk && begun == 1 {
            fill_disk_under(&context.run_directory.join("journal.jsonl"));
        }
        if let [program, arguments @ ..] = &self.command[..] {
            let invocation = Invocation::new(program).args(arguments);
            let exit = context
                .host
                .run(&invocation, Streams::captured(), context.control)?;
            if !exit.success() {
                return Err(Failure::tool("the command failed", &invocation, &exit));
            }
        }
        if self.works_ms > 0 {
            let time = Duration::from_millis(self.works_ms);
            if self.deaf {
                std::thread::sleep(time);
            } else if context.control.stop.wait(StopLevel::Ask, time) >= StopLevel::Ask {
                return Err(Failure::stopped());
            }
        }
        assert!(!self.panics, "a fault that was put here on purpose");
        if begun <= self.fails as usize
            || locked(&world.failing).iter().any(|at| at == context.step)
        {
            let kind = if self.refuses {
                FailureKind::Refused
            } else {
                FailureKind::Tool
            };
            return Err(Failure::new(
                kind,
                format!("attempt {begun} failed on purpose"),
            ));
        }
        *locked(&world.effects)
            .entry(context.step.to_owned())
            .or_insert(0) += 1;
        if let Some(wanted) = &self.wants
            && wanted != &json!("42 messages")
        {
            return Err(Failure::verification(format!("got {wanted}")));
        }
        Ok(self.outcome())
    }

    fn outcome(&self) -> Outcome {
        let mut outcome = Outcome::default();
        if let Some(value) = &self.gives {
            outcome.outputs.insert("value".to_owned(), value.clone());
        }
        outcome
    }
}

/// Puts `/dev/full` in the place of this process's open file at `path`: from then on writing to it
/// fails as on a full disk.
fn fill_disk_under(path: &Path) {
    use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};
    let number = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .map(|entry| entry.unwrap())
        .find(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == path))
        .and_then(|entry| entry.file_name().to_str()?.parse().ok())
        .unwrap();
    let full = std::fs::File::options()
        .append(true)
        .open("/dev/full")
        .unwrap();
    #[expect(
        unsafe_code,
        reason = "the descriptor is open and given back untouched"
    )]
    let mut journal = unsafe { OwnedFd::from_raw_fd(number) };
    rustix::io::dup2(&full, &mut journal).unwrap();
    _ = journal.into_raw_fd();
}

/// Nobody ever asks to stop. Not the signals of the process, which all tests share.
fn no_stops() -> StopSource {
    StopSource::Channel(tokio::sync::mpsc::unbounded_channel().1)
}

fn world(at: usize) -> Arc<World> {
    Arc::clone(&locked(&WORLDS)[at])
}

static FAKE: ActionEntry = ActionEntry::of::<Fake>();

/// A world with a plan and a place for its run.
pub(super) struct Stage {
    pub(super) world: Arc<World>,
    pub(super) plan: Plan,
    pub(super) limits: Limits,
    pub(super) stops: StopSource,
    pub(super) keeper: Arc<Keeper>,
    /// Id of a run that was killed, for tests that write its journal. No other test has it.
    pub(super) killed: String,
    number: usize,
    _place: tempfile::TempDir,
}

impl Stage {
    pub(super) fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let world = Arc::new(World::default());
        let mut worlds = locked(&WORLDS);
        worlds.push(Arc::clone(&world));
        Self {
            world,
            plan: empty_plan(place.path()),
            limits: Limits::default(),
            stops: no_stops(),
            keeper: Arc::default(),
            killed: format!("20261121T093000Z-{}-{}", std::process::id(), worlds.len()),
            number: worlds.len() - 1,
            _place: place,
        }
    }

    /// Adds a step after others.
    pub(super) fn step(&mut self, id: &str, after: &[usize], options: Value) -> &mut PlannedStep {
        let Value::Object(mut options) = options else {
            panic!("options are a map");
        };
        options.insert("world".to_owned(), self.number.into());
        self.plan.steps.push(PlannedStep {
            id: id.to_owned(),
            step: id.split('[').next().unwrap_or(id).to_owned(),
            item: None,
            title: format!("Step {id}"),
            part: "test".to_owned(),
            source: Vec::new(),
            action: "test.fake".to_owned(),
            options,
            after: after.to_vec(),
            host: "local".to_owned(),
            timeout_ms: None,
            retry: None,
            on_failure: OnFailure::Stop,
            optional: false,
            effect: Effect::Idempotent,
            marks: Vec::new(),
            max_parallel: None,
            left_out: None,
            preview: Vec::new(),
        });
        self.plan.steps.last_mut().unwrap()
    }

    pub(super) fn services(&self) -> Services {
        services(Arc::clone(&self.keeper))
    }

    /// Runs the plan to its end.
    pub(super) fn execute(&mut self) -> (Result<RunReport, RunError>, Vec<Event>) {
        let (sender, receiver) = channel();
        let request = RunRequest {
            plan: self.plan.clone(),
            site_text: "site: test\n".to_owned(),
            limits: self.limits,
            stops: std::mem::replace(&mut self.stops, no_stops()),
        };
        let report = execute(request, self.services(), sender);
        (report, receiver.into_iter().collect())
    }

    /// Goes on with a run.
    pub(super) fn resume(&mut self, run: &str) -> (Result<RunReport, RunError>, Vec<Event>) {
        self.resume_beside(run, false)
    }

    /// Goes on with a run whose documents may have changed.
    pub(super) fn resume_beside(
        &mut self,
        run: &str,
        documents_changed: bool,
    ) -> (Result<RunReport, RunError>, Vec<Event>) {
        let (sender, receiver) = channel();
        let request = ResumeRequest {
            state: self.plan.state.clone(),
            run: run.to_owned(),
            documents_changed,
            limits: self.limits,
            stops: std::mem::replace(&mut self.stops, no_stops()),
        };
        let report = resume(request, self.services(), sender);
        (report, receiver.into_iter().collect())
    }

    /// Goes on with a run and checks what holds for every run.
    pub(super) fn go_on(&mut self, run: &str) -> (RunState, RunOutcome, Vec<Event>) {
        let (report, events) = self.resume(run);
        let report = report.unwrap();
        check_story(&report, &events);
        (report.state, report.outcome, events)
    }

    /// Goes on with the killed run.
    pub(super) fn go_on_with_killed(&mut self) -> (RunState, RunOutcome, Vec<Event>) {
        self.go_on(&self.killed.clone())
    }

    /// Runs the plan and checks what holds for every run.
    pub(super) fn run(&mut self) -> (RunState, RunOutcome, Vec<Event>) {
        let (report, events) = self.execute();
        let report = report.unwrap();
        check_story(&report, &events);
        (report.state, report.outcome, events)
    }
}

/// The journal, the events and the live state tell the same.
#[track_caller]
pub(super) fn check_story(report: &RunReport, events: &[Event]) {
    assert_eq!(report.directory.state().unwrap(), report.state);
    let mut journaled = Vec::new();
    report
        .directory
        .replay(|event| journaled.push(event))
        .unwrap();
    let sent: Vec<&Event> = events
        .iter()
        .filter(|event| event.kind.is_journaled())
        .collect();
    let tail = &journaled[journaled.len() - sent.len()..];
    assert!(
        tail.iter().eq(sent.iter().copied()),
        "journal and events differ"
    );
    for (at, event) in journaled.iter().enumerate() {
        assert_eq!(event.seq, at as u64 + 1);
    }
}

pub(super) fn services(keeper: Arc<Keeper>) -> Services {
    Services {
        hosts: Box::new(|name| (name == "local").then(|| Arc::new(LocalHost) as Arc<dyn Host>)),
        secrets: Box::new(|_| Ok(Secret::new("very-secret-password".to_owned()))),
        masker: Masker::default(),
        gatekeeper: keeper,
        fill_outputs: fill,
        actions: Box::new(|name| (name == FAKE.name).then_some(&FAKE)),
        closing: Box::new(|state, outcome| Closing {
            next: vec![format!("{outcome:?} {}", state.run)],
            facts: Value::Null,
        }),
    }
}

/// Fills `${ID}` by the output `value` of that step: enough of the language for these tests.
fn fill(
    options: &Map<String, Value>,
    output: &dyn Fn(&str, &str) -> Option<Value>,
) -> Result<Map<String, Value>, String> {
    let fill_one = |value: &Value| match value.as_str().and_then(|text| text.strip_prefix("${")) {
        Some(name) => {
            let id = name.trim_end_matches('}');
            output(id, "value").ok_or_else(|| format!("step `{id}` gave no `value`"))
        }
        None => Ok(value.clone()),
    };
    options
        .iter()
        .map(|(name, value)| Ok((name.clone(), fill_one(value)?)))
        .collect()
}

/// Answers as it was told to.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    pub(super) answers: Mutex<Vec<GateAnswer>>,
    pub(super) verdicts: Mutex<Vec<Verdict>>,
    pub(super) asked: Mutex<Vec<Gate>>,
    /// Sits and waits, as at a terminal.
    pub(super) sits: bool,
}

impl GateKeeper for Keeper {
    fn asks_a_person(&self) -> bool {
        self.sits
    }

    fn answer(&self, gate: &Gate, _stop: &StopFlag) -> GateAnswer {
        locked(&self.asked).push(gate.clone());
        if self.sits {
            std::thread::sleep(Duration::from_secs(3600));
        }
        locked(&self.answers).pop().unwrap_or(GateAnswer::Wait)
    }

    fn verdict(&self, gate: &Gate, _stop: &StopFlag) -> Verdict {
        locked(&self.asked).push(gate.clone());
        locked(&self.verdicts).pop().unwrap_or(Verdict::Wait)
    }
}

fn empty_plan(place: &Path) -> Plan {
    Plan {
        format: 1,
        program: "0.1.0".to_owned(),
        site: "test".to_owned(),
        product: "test".to_owned(),
        scenario: "same-server".to_owned(),
        phase: Phase::Backup,
        runbook: "test/same-server".to_owned(),
        documents: Vec::new(),
        uses_set: None,
        writes_set: false,
        backups: place.join("backups"),
        state: place.join("state"),
        values: Value::Null,
        steps: Vec::new(),
    }
}
