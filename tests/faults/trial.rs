//! One run of a scene through the executor, with a fault or without, and its resumption.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use upgrade_kit::adapter::registry;
use upgrade_kit::backup::{SealedSet, VerifyWatch};
use upgrade_kit::event::{Event, FailureReport, Level, RunOutcome, StepStatus};
use upgrade_kit::host::{Host, LocalHost, Masker, Secret, StopFlag};
use upgrade_kit::plan::{Phase, Plan, fill_outputs};
use upgrade_kit::run::{
    Closing, Gate, GateAnswer, GateKeeper, Limits, ResumeRequest, RunReport, RunRequest, Services,
    StopRequest, StopSource, Verdict, execute, resume,
};

use super::fault::Fault;
use super::host::Faulty;
use super::scene::{Row, Scene, Set, Sound, State};
use crate::executor::world::{empty_plan, planned};
use crate::secret_sampler::Ends;
use crate::stage::decode;

/// Longer than any step here takes, whatever its tool does.
const PATIENCE: Duration = Duration::from_secs(100);

/// The name of the step that is tried.
const STEP: &str = "the-step";

/// A scene with a run.
pub(super) struct Trial {
    scene: Scene,
    plan: Plan,
    pub(super) host: Arc<Faulty>,
    mark: PathBuf,
    place: tempfile::TempDir,
}

/// What came of a run.
pub(super) struct Ended {
    pub(super) run: String,
    pub(super) outcome: RunOutcome,
    /// How the step failed, if it did.
    pub(super) failure: Option<FailureReport>,
    /// It had to be stopped.
    pub(super) is_overdue: bool,
    pub(super) took: Duration,
    pub(super) events: Vec<Event>,
}

impl Trial {
    /// Lays the scene out; `None` where what it needs is not installed.
    pub(super) fn of(row: &Row, fault: Option<(usize, Fault)>) -> Option<Self> {
        Some(Self::on(row.action, (row.scene)()?, fault))
    }

    /// The same with a scene that is there.
    pub(super) fn on(action: &'static str, scene: Scene, fault: Option<(usize, Fault)>) -> Self {
        let place = tempfile::tempdir().unwrap();
        let mark = place.path().join("hangs");
        let mut trial = Self {
            plan: empty_plan(place.path()),
            host: Arc::new(Faulty::new(fault, mark.clone())),
            scene,
            mark,
            place,
        };
        let the_step = (action, trial.scene.options.clone());
        match std::mem::replace(&mut trial.scene.set, Set::None) {
            Set::None => trial.add(STEP, the_step, "faulty"),
            Set::Written(before) => {
                trial.plan.writes_set = true;
                trial.add_all(before);
                trial.add(STEP, the_step, "faulty");
                trial.add("seal", ("backupset.seal", json!({})), "local");
            }
            Set::Used(before, then) => {
                trial.plan.writes_set = true;
                trial.add_all(before);
                trial.add("seal", ("backupset.seal", json!({})), "local");
                let saved = trial.run(|| false);
                assert_eq!(saved.outcome, RunOutcome::Done, "{:?}", saved.failure);
                then();
                trial.plan = empty_plan(trial.place.path());
                trial.plan.uses_set = Some(saved.run);
                trial.plan.phase = Phase::Restore;
                trial.add(STEP, the_step, "faulty");
            }
        }
        trial
    }

    /// What a process left that was killed: a run in that folder, to be resumed with that password.
    pub(super) fn left(place: &Path, password: String) -> Self {
        let mut scene = Scene::new(json!({}), place, String::new);
        scene.password = password;
        let mut trial = Self::on("milestone", scene, None);
        trial.plan.state = place.join("state");
        trial
    }

    /// The folder of the run and its set.
    pub(super) fn place(&self) -> &Path {
        self.place.path()
    }

    /// The secrets that the step takes.
    pub(super) fn secrets(&self) -> usize {
        let step = self.plan.steps.iter().find(|step| step.id == STEP).unwrap();
        let options = Value::Object(step.options.clone());
        decode(&step.action, &options).secrets().len()
    }

    /// Runs one step with the set that a run before wrote.
    pub(super) fn used(&mut self, run: &str, step: Sound) -> Ended {
        self.plan = empty_plan(self.place.path());
        self.plan.uses_set = Some(run.to_owned());
        self.plan.phase = Phase::Restore;
        self.add(STEP, step, "local");
        self.run(|| false)
    }

    fn add_all(&mut self, steps: Vec<Sound>) {
        for (at, step) in steps.into_iter().enumerate() {
            self.add(&format!("before-{at}"), step, "local");
        }
    }

    fn add(&mut self, id: &str, (action, options): Sound, host: &str) {
        assert_eq!(decode(action, &options).validate(), Vec::<String>::new());
        let Value::Object(options) = options else {
            panic!("options are a map");
        };
        let effect = registry::find(action).unwrap().effect;
        let mut step = planned(id, action, options, effect);
        step.after = self.plan.steps.len().checked_sub(1).into_iter().collect();
        host.clone_into(&mut step.host);
        self.plan.steps.push(step);
    }

    /// Everything that the step may have changed, what is peculiar to this scene left out.
    pub(super) fn state(&self) -> String {
        self.without_own((self.scene.state)())
    }

    fn without_own(&self, mut text: String) -> String {
        for own in &self.scene.own {
            text = text.replace(own.as_str(), "OWN");
        }
        text
    }

    /// Runs the plan to its end; a tool that hangs is noticed by the operator, who stops the run.
    pub(super) fn run(&self, is_done: impl Fn() -> bool + Send + Sync + 'static) -> Ended {
        self.watched(is_done, |services, stops, events| {
            let request = RunRequest {
                plan: self.plan.clone(),
                site_text: "site: test\n".to_owned(),
                instances: Vec::new(),
                limits: Limits::default(),
                stops,
            };
            execute(request, services, events).unwrap()
        })
    }

    /// Goes on with a run. A person who is asked says what is so: whether the state is that one.
    pub(super) fn go_on(&self, run: &str, wanted: &str) -> Ended {
        let (state, own): (State, _) = (self.scene.state.clone(), self.scene.own.clone());
        let wanted = wanted.to_owned();
        let is_done = move || {
            let text = own
                .iter()
                .fold(state(), |text, own| text.replace(own.as_str(), "OWN"));
            text == wanted
        };
        self.watched(is_done, |services, stops, events| {
            let request = ResumeRequest {
                state: self.plan.state.clone(),
                run: run.to_owned(),
                instances: Vec::new(),
                documents_changed: false,
                limits: Limits::default(),
                stops,
            };
            resume(request, services, events).unwrap()
        })
    }

    fn watched(
        &self,
        is_done: impl Fn() -> bool + Send + Sync + 'static,
        act: impl FnOnce(Services, StopSource, Sender<Event>) -> RunReport,
    ) -> Ended {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let (events, told) = channel();
        let over = AtomicBool::new(false);
        let begun = Instant::now();
        let (mark, is_over) = (&self.mark, &over);
        let (report, is_overdue) = std::thread::scope(|scope| {
            let watcher = scope.spawn(move || {
                let (mut stopped, mut overdue) = (false, false);
                while !is_over.load(Ordering::SeqCst) {
                    let is_late = begun.elapsed() > PATIENCE;
                    if !stopped && (mark.exists() || is_late) {
                        _ = sender.send(StopRequest::End("SIGTERM"));
                        stopped = true;
                    }
                    if is_late && !overdue {
                        _ = sender.send(StopRequest::More);
                        overdue = true;
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
                overdue
            });
            let ends = Ends(is_over);
            let report = act(
                self.services(is_done),
                StopSource::Channel(receiver),
                events,
            );
            drop(ends);
            (report, watcher.join().unwrap())
        });
        _ = std::fs::remove_file(&self.mark);
        let step = report
            .state
            .steps
            .iter()
            .find_map(|step| match &step.status {
                StepStatus::Failed { failure, .. } => Some(failure.clone()),
                _ => None,
            });
        Ended {
            run: report.directory.run().to_owned(),
            outcome: report.outcome,
            failure: step,
            is_overdue,
            took: begun.elapsed(),
            events: told.into_iter().collect(),
        }
    }

    fn services(&self, is_done: impl Fn() -> bool + Send + Sync + 'static) -> Services {
        let host: Arc<dyn Host> = self.host.clone();
        let password = self.scene.password.clone();
        Services {
            hosts: Box::new(move |name| match name {
                "faulty" => Some(Arc::clone(&host)),
                "local" => Some(Arc::new(LocalHost)),
                _ => None,
            }),
            secrets: Box::new(move |_| Ok(Secret::new(password.clone()))),
            masker: Masker::default(),
            gatekeeper: Arc::new(Truthful(Box::new(is_done))),
            fill_outputs,
            actions: Box::new(registry::find),
            closing: Box::new(|_, _| Closing::default()),
        }
    }

    /// What the sealed set of a run holds, and what is wrong with it; nothing if the run writes none.
    pub(super) fn sealed(&self, run: &str) -> String {
        if !self.plan.writes_set {
            return String::new();
        }
        self.without_own(self.held(run))
    }

    fn held(&self, run: &str) -> String {
        let Ok(set) = SealedSet::open(&self.plan.backups, run) else {
            return "no sealed set".to_owned();
        };
        let found = set
            .verify(Level::L2, registry::FORMAT_CHECKS, &VerifyWatch::none())
            .unwrap();
        let artifacts = set.manifest().artifacts.iter();
        let names = artifacts.map(|one| format!("{} {} {:?}", one.name, one.kind, one.level));
        let problems = found.problems.iter().map(|one| one.message.clone());
        names.chain(problems).collect::<Vec<_>>().join("\n")
    }

    /// Whether a set of that run counts as whole.
    pub(super) fn is_sealed(&self, run: &str) -> bool {
        self.plan.backups.join(run).exists()
    }

    pub(super) fn password(&self) -> &str {
        &self.scene.password
    }
}

/// Knows what is so, and says it when it is asked.
struct Truthful(Box<dyn Fn() -> bool + Send + Sync>);

impl GateKeeper for Truthful {
    fn asks_a_person(&self) -> bool {
        false
    }

    fn answer(&self, _: &Gate, _: &StopFlag) -> GateAnswer {
        GateAnswer::Yes
    }

    fn verdict(&self, _: &Gate, _: &StopFlag) -> Verdict {
        if (self.0)() {
            Verdict::Done
        } else {
            Verdict::Repeat
        }
    }
}
