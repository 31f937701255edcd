//! A small world for steps that save and restore trees: a directory with an installation, backup
//! sets, a run; pictures of trees to compare.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use upgrade_kit::adapter::{
    AnyAction, CheckContext, Failure, Finding, Probe, StepContext, registry,
};
use upgrade_kit::backup::{PartialSet, SealedSet};
use upgrade_kit::event::{Event, EventKind, Outcome, RunState, StepCard};
use upgrade_kit::host::{Attributes, Control, Host, LocalHost, Masker};

pub(crate) use crate::dying_host::DyingHost;

/// A world in a temporary directory.
pub(crate) struct World {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) control: Control,
    events: Vec<EventKind>,
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let run = directory.path().join("run");
        fs::create_dir(&run).unwrap();
        fs::write(run.join("site.yaml"), "site: practice\n").unwrap();
        fs::write(run.join("plan.json"), "{\"product\": \"domibus\"}\n").unwrap();
        let mut control = Control::unattended(Masker::default());
        control.run = "run-1".to_owned();
        Self {
            directory,
            control,
            events: Vec::new(),
        }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    pub(crate) fn backups(&self) -> PathBuf {
        self.path("backups/practice")
    }

    /// Records a step as done, as the journal of a run would.
    pub(crate) fn done(&mut self, step: &str, outcome: &Outcome) {
        self.events.push(EventKind::StepDone {
            step: step.to_owned(),
            outcome: outcome.clone(),
            elapsed_ms: 1,
        });
    }

    fn state(&self) -> RunState {
        let cards = self
            .events
            .iter()
            .filter_map(EventKind::step)
            .map(|id| StepCard {
                optional: false,
                id: id.to_owned(),
                title: id.to_owned(),
                action: String::new(),
                after: Vec::new(),
                left_out: None,
                marks: Vec::new(),
            });
        let start = EventKind::RunStarted {
            format: 1,
            run: "run-1".to_owned(),
            site: "practice".to_owned(),
            phase: "backup".to_owned(),
            scenario: "same-server".to_owned(),
            plan: "0".repeat(64),
            program: "0.1.0".to_owned(),
            set: None,
            uses: None,
            boot: None,
            order: 1,
            notes: Vec::new(),
            steps: cards.collect(),
        };
        let kinds = std::iter::once(&start).chain(&self.events);
        let events: Vec<Event> = kinds
            .enumerate()
            .map(|(at, kind)| Event {
                seq: at as u64 + 1,
                at: Timestamp::UNIX_EPOCH,
                kind: kind.clone(),
            })
            .collect();
        RunState::of(&events)
    }

    /// Performs a step on that host.
    pub(crate) fn perform_on(&self, host: &dyn Host, step: &Step<'_>) -> Result<Outcome, Failure> {
        self.perform_watched(host, step, &|| {})
    }

    /// What the world says of a step that was cut off.
    pub(crate) fn probe(&self, step: &Step<'_>) -> Result<Probe, Failure> {
        self.with_context(&LocalHost, step, &|| {}, |context| {
            step.action().probe(context)
        })
    }

    /// Performs a step on that host; `watch` is called while bytes are copied.
    pub(crate) fn perform_watched(
        &self,
        host: &dyn Host,
        step: &Step<'_>,
        watch: &(dyn Fn() + Sync),
    ) -> Result<Outcome, Failure> {
        self.with_context(host, step, watch, |context| step.action().perform(context))
    }

    fn with_context<T>(
        &self,
        host: &dyn Host,
        step: &Step<'_>,
        watch: &(dyn Fn() + Sync),
        act: impl FnOnce(&StepContext<'_>) -> T,
    ) -> T {
        let scratch = self.path("run/steps").join(step.name);
        fs::create_dir_all(&scratch).unwrap();
        act(&StepContext {
            step: step.name,
            host,
            control: &self.control,
            progress: &|_| watch(),
            say: &|_| {},
            secret: &|_| Err(Failure::refused("no secrets here")),
            scratch: &scratch,
            run_directory: &self.path("run"),
            writing: step.writing,
            using: step.using,
            state: &|| self.state(),
        })
    }

    /// Performs a step on this machine.
    pub(crate) fn perform(&self, step: &Step<'_>) -> Result<Outcome, Failure> {
        self.perform_on(&LocalHost, step)
    }

    /// The findings of a step's check.
    pub(crate) fn check(&self, step: &Step<'_>) -> Vec<Finding> {
        let backups = self.backups();
        step.action().check(&CheckContext {
            step: step.name,
            host: &LocalHost,
            control: &self.control,
            secret: &|_| Err(Failure::refused("no secrets here")),
            backups: &backups,
            using: step.using,
        })
    }

    /// Saves a tree into a new set and seals it.
    pub(crate) fn saved(&mut self, id: &str, options: &Value) -> SealedSet {
        let set = PartialSet::create(&self.backups(), id).unwrap();
        let step = Step::new("save", "files.backup", options).writing(&set);
        let outcome = self.perform(&step).unwrap();
        self.done("save", &outcome);
        self.sealed(&set)
    }

    /// Seals a set with what the steps recorded so far.
    pub(crate) fn sealed(&self, set: &PartialSet) -> SealedSet {
        let options = json!({});
        let step = Step::new("seal", "backupset.seal", &options).writing(set);
        self.perform(&step).unwrap();
        SealedSet::open(&self.backups(), set.id()).unwrap()
    }
}

/// A step to perform.
pub(crate) struct Step<'a> {
    pub(crate) name: &'a str,
    action: &'a str,
    options: Map<String, Value>,
    writing: Option<&'a PartialSet>,
    using: Option<&'a SealedSet>,
}

impl<'a> Step<'a> {
    pub(crate) fn new(name: &'a str, action: &'a str, options: &Value) -> Self {
        Self {
            name,
            action,
            options: options.as_object().unwrap().clone(),
            writing: None,
            using: None,
        }
    }

    pub(crate) fn writing(mut self, set: &'a PartialSet) -> Self {
        self.writing = Some(set);
        self
    }

    pub(crate) fn using(mut self, set: &'a SealedSet) -> Self {
        self.using = Some(set);
        self
    }

    pub(crate) fn action(&self) -> Box<dyn AnyAction> {
        let entry = registry::find(self.action).unwrap();
        let action = entry.decode(self.options.clone()).unwrap();
        assert_eq!(action.validate(), Vec::<String>::new());
        assert!(!action.preview().is_empty());
        action
    }
}

/// One line a member: kind, mode, owner, time, size, content or target, and which names are one file.
pub(crate) fn picture(top: &Path) -> BTreeMap<PathBuf, String> {
    let mut members = BTreeMap::new();
    let mut links: BTreeMap<u64, PathBuf> = BTreeMap::new();
    let mut waiting = vec![top.to_owned()];
    while let Some(path) = waiting.pop() {
        let Ok(found) = path.symlink_metadata() else {
            continue;
        };
        let relative = path.strip_prefix(top).unwrap().to_owned();
        let (mode, uid, gid) = (found.mode(), found.uid(), found.gid());
        let mut line = format!(
            "{mode:o} {uid}:{gid} {}.{:09}",
            found.mtime(),
            found.mtime_nsec()
        );
        if found.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            waiting.extend(entries.map(|entry| entry.unwrap().path()));
        } else if found.is_symlink() {
            write!(line, " -> {:?}", fs::read_link(&path).unwrap()).unwrap();
        } else if found.is_file() {
            let content = fs::read(&path).unwrap();
            write!(line, " {} {}", found.size(), sha256(&content)).unwrap();
            if found.nlink() > 1 {
                let first = links.entry(found.ino()).or_insert_with(|| relative.clone());
                // The walk meets names in no order; the smallest one stands for the file.
                *first = relative.clone().min(first.clone());
            }
        }
        members.insert(relative, line);
    }
    for (inode, first) in links {
        let line = format!(" is {}", first.display());
        for (relative, member) in &mut members {
            let path = top.join(relative);
            if path
                .symlink_metadata()
                .is_ok_and(|found| found.ino() == inode)
            {
                *member += &line;
            }
        }
    }
    members
}

pub(crate) fn sha256(content: &[u8]) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(content);
    digest
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Writes a file with that content, mode and time.
pub(crate) fn put(path: &Path, content: &str, mode: u32, seconds: i64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    LocalHost
        .set_attributes(
            path,
            &Attributes {
                mode: Some(mode),
                owner: None,
                mtime: Some((seconds, 123_456_789)),
            },
        )
        .unwrap();
}

/// Gives a directory a mode and a time.
pub(crate) fn settle(path: &Path, mode: u32, seconds: i64) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    LocalHost
        .set_attributes(
            path,
            &Attributes {
                mtime: Some((seconds, 987_654_321)),
                ..Attributes::default()
            },
        )
        .unwrap();
}
