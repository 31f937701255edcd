//! The one action of these tests, and the world of counters that it changes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use upgrade_kit::adapter::{Action, ActionEntry, Effect, Failure, Preview, Probe, StepContext};
use upgrade_kit::event::{FailureKind, Outcome, StopLevel};
use upgrade_kit::host::{Invocation, Streams};

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

/// Adds a world; the number is what options call it by.
pub(super) fn new_world() -> (usize, Arc<World>) {
    let world = Arc::new(World::default());
    let mut worlds = locked(&WORLDS);
    worlds.push(Arc::clone(&world));
    (worlds.len() - 1, world)
}

fn world(at: usize) -> Arc<World> {
    Arc::clone(&locked(&WORLDS)[at])
}

pub(super) static FAKE: ActionEntry = ActionEntry::of::<Fake>();
