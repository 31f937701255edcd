//! A small world for steps that save and restore trees: a directory with an installation, backup
//! sets, a run; pictures of trees to compare; a host that dies at a chosen operation.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use upgrade_kit::adapter::{
    AnyAction, CheckContext, Failure, Finding, Probe, StepContext, registry,
};
use upgrade_kit::backup::{PartialSet, SealedSet};
use upgrade_kit::event::{Event, EventKind, Outcome, RunState, StepCard};
use upgrade_kit::host::{
    Attributes, Control, Entry, Exit, FileStat, HeldFolder, HeldLock, Host, HostError, HostWriter,
    HttpAnswer, Invocation, LocalHost, Masker, ProcessIdentity, Streams,
};

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

/// The host of a program that is killed at its n-th operation: from then on nothing works.
pub(crate) struct DyingHost {
    life: Arc<Life>,
    /// Whether its file system can exchange two names.
    exchanges: bool,
    /// What somebody does when the first file is opened.
    meddling: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// Is shown what is about to be swapped in.
    witness: Option<Box<dyn Fn(&Path) + Send + Sync>>,
}

struct Life {
    left: AtomicU64,
    spent: AtomicU64,
    turning: Mutex<Option<Turning>>,
}

/// What somebody does before one operation, and takes back before a later one.
struct Turning {
    at: u64,
    back: u64,
    turn: Box<dyn FnMut(bool) + Send>,
}

impl Life {
    fn spend(&self, path: &Path) -> Result<(), HostError> {
        let spent = self.spent.fetch_add(1, Ordering::SeqCst);
        if let Some(turning) = &mut *self.turning.lock().unwrap() {
            if spent == turning.at {
                (turning.turn)(true);
            } else if spent == turning.back {
                (turning.turn)(false);
            }
        }
        let one_less = |left: u64| left.checked_sub(1);
        match self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(HostError::file("go on at", path, dead())),
        }
    }
}

fn dead() -> std::io::Error {
    std::io::Error::other("the program was killed")
}

impl DyingHost {
    /// Lives, and shows what is about to be swapped in.
    pub(crate) fn witnessed(witness: impl Fn(&Path) + Send + Sync + 'static) -> Self {
        Self {
            witness: Some(Box::new(witness)),
            ..Self::after(u64::MAX)
        }
    }

    pub(crate) fn after(operations: u64) -> Self {
        let life = Life {
            left: AtomicU64::new(operations),
            spent: AtomicU64::new(0),
            turning: Mutex::new(None),
        };
        Self {
            life: Arc::new(life),
            exchanges: true,
            witness: None,
            meddling: Mutex::new(None),
        }
    }

    /// Lives; somebody does something before an operation, and takes it back `length` operations later.
    pub(crate) fn turned(at: u64, length: u64, turn: impl FnMut(bool) + Send + 'static) -> Self {
        let host = Self::after(u64::MAX);
        *host.life.turning.lock().unwrap() = Some(Turning {
            at,
            back: at + length,
            turn: Box::new(turn),
        });
        host
    }

    /// How many operations there were.
    pub(crate) fn spent(&self) -> u64 {
        self.life.spent.load(Ordering::SeqCst)
    }

    /// Somebody does this as soon as the first file was opened.
    pub(crate) fn when_opened(mut self, meddle: impl FnOnce() + Send + 'static) -> Self {
        self.meddling = Mutex::new(Some(Box::new(meddle)));
        self
    }

    /// On a file system that cannot exchange names, as NFS.
    pub(crate) fn without_exchange(mut self) -> Self {
        self.exchanges = false;
        self
    }

    /// Whether it came to an end.
    pub(crate) fn died(&self) -> bool {
        self.life.left.load(Ordering::SeqCst) == 0
    }
}

struct DyingWriter {
    inner: Box<dyn HostWriter>,
    life: Arc<Life>,
}

impl DyingWriter {
    fn spend(&self) -> std::io::Result<()> {
        self.life.spend(Path::new("a file")).map_err(|_| dead())
    }
}

impl Write for DyingWriter {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.spend()?;
        self.inner.write(buffer)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl HostWriter for DyingWriter {
    fn skip(&mut self, bytes: u64) -> std::io::Result<()> {
        self.spend()?;
        self.inner.skip(bytes)
    }
    fn finish(self: Box<Self>) -> std::io::Result<()> {
        self.spend()?;
        self.inner.finish()
    }
}

struct DyingFolder {
    inner: Box<dyn HeldFolder>,
    life: Arc<Life>,
}

impl HeldFolder for DyingFolder {
    fn create_dir(&self, relative: &Path, mode: u32) -> Result<(), HostError> {
        self.life.spend(relative)?;
        self.inner.create_dir(relative, mode)
    }
    fn create_new(&self, relative: &Path) -> Result<Box<dyn HostWriter>, HostError> {
        self.life.spend(relative)?;
        Ok(Box::new(DyingWriter {
            inner: self.inner.create_new(relative)?,
            life: Arc::clone(&self.life),
        }))
    }
    fn symlink(&self, target: &Path, relative: &Path) -> Result<(), HostError> {
        self.life.spend(relative)?;
        self.inner.symlink(target, relative)
    }
    fn hard_link(&self, existing: &Path, relative: &Path) -> Result<(), HostError> {
        self.life.spend(relative)?;
        self.inner.hard_link(existing, relative)
    }
    fn stat(&self, relative: &Path) -> Result<Option<FileStat>, HostError> {
        self.life.spend(relative)?;
        self.inner.stat(relative)
    }
    fn set_attributes(&self, relative: &Path, attributes: &Attributes) -> Result<(), HostError> {
        self.life.spend(relative)?;
        self.inner.set_attributes(relative, attributes)
    }
}

impl Host for DyingHost {
    fn name(&self) -> &'static str {
        "dying"
    }
    fn run(&self, _: &Invocation, _: Streams<'_>, _: &Control) -> Result<Exit, HostError> {
        Err(HostError::Stopped)
    }
    fn find_program(&self, _: &str) -> Option<PathBuf> {
        None
    }
    fn process(&self, _: u32) -> Option<ProcessIdentity> {
        None
    }
    fn processes_of_run(&self, _: &str) -> Vec<ProcessIdentity> {
        Vec::new()
    }
    fn signal(&self, _: ProcessIdentity, _: i32) -> Result<(), HostError> {
        Err(HostError::Stopped)
    }
    fn listens(&self, _: SocketAddr, _: Duration) -> bool {
        false
    }
    fn http_get(&self, _: &str, _: Duration) -> Result<HttpAnswer, HostError> {
        Err(HostError::Stopped)
    }
    fn stat(&self, path: &Path) -> Result<Option<FileStat>, HostError> {
        self.life.spend(path)?;
        LocalHost.stat(path)
    }
    fn list(&self, directory: &Path) -> Result<Vec<OsString>, HostError> {
        self.life.spend(directory)?;
        LocalHost.list(directory)
    }
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, HostError> {
        self.life.spend(path)?;
        LocalHost.read(path, limit)
    }
    fn entries(
        &self,
        directory: &Path,
        identity: (u64, u64),
    ) -> Result<Option<Vec<Entry>>, HostError> {
        self.life.spend(directory)?;
        LocalHost.entries(directory, identity)
    }
    fn open(&self, path: &Path) -> Result<Box<dyn Read + Send>, HostError> {
        self.life.spend(path)?;
        LocalHost.open(path)
    }
    fn open_same(
        &self,
        path: &Path,
        identity: (u64, u64),
    ) -> Result<Option<Box<dyn Read + Send>>, HostError> {
        self.life.spend(path)?;
        let opened = LocalHost.open_same(path, identity);
        if let Some(meddle) = self.meddling.lock().unwrap().take() {
            meddle();
        }
        opened
    }
    fn data_ranges(&self, path: &Path) -> Result<Vec<(u64, u64)>, HostError> {
        self.life.spend(path)?;
        LocalHost.data_ranges(path)
    }
    fn create_new(&self, path: &Path) -> Result<Box<dyn HostWriter>, HostError> {
        self.life.spend(path)?;
        Ok(Box::new(DyingWriter {
            inner: LocalHost.create_new(path)?,
            life: Arc::clone(&self.life),
        }))
    }
    fn write_atomic(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), HostError> {
        self.life.spend(path)?;
        LocalHost.write_atomic(path, content, mode)
    }
    fn create_dir(&self, path: &Path, mode: u32) -> Result<(), HostError> {
        self.life.spend(path)?;
        LocalHost.create_dir(path, mode)
    }
    fn hold_folder(&self, path: &Path) -> Result<Box<dyn HeldFolder>, HostError> {
        self.life.spend(path)?;
        Ok(Box::new(DyingFolder {
            inner: LocalHost.hold_folder(path)?,
            life: Arc::clone(&self.life),
        }))
    }
    fn symlink(&self, target: &Path, link: &Path) -> Result<(), HostError> {
        self.life.spend(link)?;
        LocalHost.symlink(target, link)
    }
    fn hard_link(&self, existing: &Path, link: &Path) -> Result<(), HostError> {
        self.life.spend(link)?;
        LocalHost.hard_link(existing, link)
    }
    fn set_attributes(&self, path: &Path, attributes: &Attributes) -> Result<(), HostError> {
        self.life.spend(path)?;
        LocalHost.set_attributes(path, attributes)
    }
    fn rename(&self, from: &Path, to: &Path) -> Result<(), HostError> {
        self.life.spend(from)?;
        LocalHost.rename(from, to)
    }
    fn rename_between(&self, from: (&Path, &Path), to: (&Path, &Path)) -> Result<(), HostError> {
        self.life.spend(from.1)?;
        LocalHost.rename_between(from, to)
    }
    fn exchange(&self, one: &Path, other: &Path) -> Result<(), HostError> {
        self.life.spend(one)?;
        if let Some(witness) = &self.witness {
            witness(one);
        }
        if !self.exchanges {
            let error = std::io::ErrorKind::InvalidInput.into();
            return Err(HostError::file("exchange", one, error));
        }
        LocalHost.exchange(one, other)
    }
    fn remove_file(&self, path: &Path) -> Result<(), HostError> {
        self.life.spend(path)?;
        LocalHost.remove_file(path)
    }
    fn remove_tree(&self, path: &Path) -> Result<(), HostError> {
        self.life.spend(path)?;
        LocalHost.remove_tree(path)
    }
    fn sync(&self, path: &Path) -> Result<(), HostError> {
        self.life.spend(path)
    }
    fn may_write(&self, path: &Path) -> bool {
        LocalHost.may_write(path)
    }
    fn free_space(&self, path: &Path) -> Result<u64, HostError> {
        LocalHost.free_space(path)
    }
    fn lock_holder(&self, path: &Path) -> Result<Option<u32>, HostError> {
        self.life.spend(path)?;
        LocalHost.lock_holder(path)
    }
    fn hold_lock(&self, path: &Path) -> Result<Box<dyn HeldLock>, HostError> {
        self.life.spend(path)?;
        LocalHost.hold_lock(path)
    }
}
