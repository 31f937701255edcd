//! A place for a run, and plans to run there.

use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value};
use upgrade_kit::adapter::Effect;
use upgrade_kit::event::{Event, RunOutcome, RunState};
use upgrade_kit::host::{Host, LocalHost, Masker, Secret, StopFlag};
use upgrade_kit::plan::{OnFailure, Phase, Plan, PlannedStep};
use upgrade_kit::run::{
    Closing, Gate, GateAnswer, GateKeeper, Limits, ResumeRequest, RunError, RunReport, RunRequest,
    Services, StopSource, Verdict, execute, resume,
};

use super::fake::{FAKE, World, locked, new_world};

/// Nobody ever asks to stop. Not the signals of the process, which all tests share.
fn no_stops() -> StopSource {
    StopSource::Channel(tokio::sync::mpsc::unbounded_channel().1)
}

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
        let (number, world) = new_world();
        Self {
            world,
            plan: empty_plan(place.path()),
            limits: Limits::default(),
            stops: no_stops(),
            keeper: Arc::default(),
            killed: format!("20261121T093000Z-{}-{}", std::process::id(), number),
            number,
            _place: place,
        }
    }

    /// Adds a step after others.
    pub(super) fn step(&mut self, id: &str, after: &[usize], options: Value) -> &mut PlannedStep {
        let Value::Object(mut options) = options else {
            panic!("options are a map");
        };
        options.insert("world".to_owned(), self.number.into());
        let mut step = planned(id, "test.fake", options, Effect::Idempotent);
        step.after = after.to_vec();
        self.plan.steps.push(step);
        self.plan.steps.last_mut().unwrap()
    }

    pub(super) fn services(&self) -> Services {
        services(Arc::clone(&self.keeper))
    }

    /// Runs the plan to its end.
    pub(super) fn execute(&mut self) -> (Result<RunReport, RunError>, Vec<Event>) {
        let (sender, receiver) = channel();
        let request = RunRequest {
            instances: Vec::new(),
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
            instances: Vec::new(),
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

/// A step of a plan, with nothing that is not said.
pub(crate) fn planned(
    id: &str,
    action: &str,
    options: Map<String, Value>,
    effect: Effect,
) -> PlannedStep {
    PlannedStep {
        id: id.to_owned(),
        step: id.split('[').next().unwrap_or(id).to_owned(),
        item: None,
        title: format!("Step {id}"),
        part: "test".to_owned(),
        source: Vec::new(),
        action: action.to_owned(),
        options,
        after: Vec::new(),
        host: "local".to_owned(),
        timeout_ms: None,
        retry: None,
        on_failure: OnFailure::Stop,
        optional: false,
        effect,
        marks: Vec::new(),
        max_parallel: None,
        queue: None,
        left_out: None,
        preview: Vec::new(),
    }
}

/// A plan without steps, with its sets and runs in that place.
pub(crate) fn empty_plan(place: &Path) -> Plan {
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
