//! A host for the tests of adapters: tools are played from a script, files are real.
//!
//! ```
//! use upgrade_kit::host::scripted::{Play, ScriptedHost};
//! use upgrade_kit::host::{Control, Host, Invocation, Masker, Streams};
//!
//! let host = ScriptedHost::new()
//!     .expect(Play::of("mysql").with("--version").prints("mysql  Ver 8.0.36\n"))
//!     .expect(Play::of("mysqldump").complains("mysqldump: Got error: 1045\n").exits(2));
//! let control = Control::unattended(Masker::default());
//! let version = Invocation::new("/usr/bin/mysql").arg("--version");
//! let exit = host.run(&version, Streams::captured(), &control)?;
//! assert_eq!(exit.stdout.text(), "mysql  Ver 8.0.36\n");
//! let exit = host.run(&Invocation::new("mysqldump"), Streams::captured(), &control)?;
//! assert!(!exit.success());
//! assert_eq!(host.commands(), ["/usr/bin/mysql --version", "mysqldump"]);
//! host.assert_finished();
//! # Ok::<(), upgrade_kit::host::HostError>(())
//! ```
//!
//! Test support: a call that the script does not expect panics with the command, as a failed
//! assertion does. [`Play`]s given to [`ScriptedHost::expect`] happen once each and in that order;
//! those given to [`ScriptedHost::allow`] at any time, as often as wanted.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::scripted_play::played_exit;
pub use super::scripted_play::{Call, Play};
use super::{
    Attributes, Control, Entry, Exit, FileStat, HeldFolder, HeldLock, Host, HostError, HostWriter,
    HttpAnswer, Invocation, LocalHost, ProcessIdentity, Stdin, Stdout, Streams, ToolStart,
};
use crate::event::StopLevel;

/// A host whose tools are played from a script and whose files are the local ones.
#[derive(Default)]
pub struct ScriptedHost {
    files: LocalHost,
    expected: Mutex<VecDeque<Play>>,
    allowed: Vec<Play>,
    missing: BTreeSet<String>,
    listening: Mutex<BTreeSet<SocketAddr>>,
    pages: Mutex<BTreeMap<String, HttpAnswer>>,
    calls: Mutex<Vec<Call>>,
}

impl ScriptedHost {
    /// Expects nothing yet; every program can be found.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next command must be this one.
    #[must_use]
    pub fn expect(self, play: Play) -> Self {
        locked(&self.expected).push_back(play);
        self
    }

    /// This command may be run at any time.
    #[must_use]
    pub fn allow(mut self, play: Play) -> Self {
        self.allowed.push(play);
        self
    }

    /// This program is not installed.
    #[must_use]
    pub fn without_program(mut self, name: &str) -> Self {
        self.missing.insert(name.to_owned());
        self
    }

    /// Something listens there from now on, or no longer.
    pub fn set_listening(&self, address: SocketAddr, listens: bool) {
        let mut listening = locked(&self.listening);
        if listens {
            listening.insert(address);
        } else {
            listening.remove(&address);
        }
    }

    /// That address answers so from now on; one without an answer cannot be reached.
    pub fn set_page(&self, url: &str, status: u16, body: &str) {
        let answer = HttpAnswer {
            status,
            body: body.as_bytes().to_vec(),
        };
        locked(&self.pages).insert(url.to_owned(), answer);
    }

    /// Everything that was run so far.
    pub fn calls(&self) -> Vec<Call> {
        locked(&self.calls).clone()
    }

    /// The commands that were run so far, as a shell would take them.
    pub fn commands(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.shown).collect()
    }

    /// Panics if an expected command was not run.
    #[track_caller]
    pub fn assert_finished(&self) {
        let left: Vec<String> = locked(&self.expected)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(left.is_empty(), "never run: {}", left.join(", "));
    }

    fn next_play(&self, call: &Call) -> Play {
        let mut expected = locked(&self.expected);
        if let Some(at) = self.allowed.iter().position(|play| play.matches(call))
            && !expected.front().is_some_and(|play| play.matches(call))
        {
            return self.allowed[at].clone();
        }
        match expected.pop_front() {
            Some(play) if play.matches(call) => play,
            Some(play) => panic!("expected {play}, but this was run: {}", call.shown),
            None => panic!("not expected: {}", call.shown),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host for ScriptedHost {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn run(
        &self,
        invocation: &Invocation,
        streams: Streams<'_>,
        control: &Control,
    ) -> Result<Exit, HostError> {
        if control.stop.level() >= StopLevel::Ask {
            return Err(HostError::Stopped);
        }
        let missing = self.find_program(&invocation.program).is_none();
        if missing {
            let program = invocation.program.clone();
            return Err(HostError::NoSuchProgram { program });
        }
        let failed = |action, source| HostError::Stream {
            action,
            program: invocation.program.clone(),
            source,
        };
        let mut call = Call::of(invocation);
        let play = self.next_play(&call);
        if let Some(own) = self.process(std::process::id()) {
            (control.on_tool)(ToolStart {
                process: own,
                command: control.masker.mask(&call.shown),
            });
        }
        if let Stdin::Reader(reader) = streams.stdin {
            reader
                .read_to_end(&mut call.stdin)
                .map_err(|error| failed("read the input for", error))?;
        }
        play.happen(&call);
        locked(&self.calls).push(call);
        let mut exit = played_exit(&play, control);
        if let Stdout::Writer(writer) = streams.stdout {
            writer
                .write_all(&play.stdout)
                .map_err(|error| failed("store the output of", error))?;
            exit.stdout = super::Captured::default();
        }
        Ok(exit)
    }

    fn find_program(&self, name: &str) -> Option<PathBuf> {
        let base = Path::new(name).file_name()?;
        if self.missing.contains(name) || self.missing.contains(&*base.to_string_lossy()) {
            None
        } else if name.contains('/') {
            Some(PathBuf::from(name))
        } else {
            Some(Path::new("/usr/bin").join(name))
        }
    }

    fn process(&self, pid: u32) -> Option<ProcessIdentity> {
        self.files.process(pid)
    }

    fn processes_of_run(&self, _run: &str) -> Vec<ProcessIdentity> {
        Vec::new()
    }

    fn signal(&self, process: ProcessIdentity, _signal: i32) -> Result<(), HostError> {
        panic!("not expected: a signal to process {}", process.pid)
    }

    fn listens(&self, address: SocketAddr, _timeout: Duration) -> bool {
        locked(&self.listening).contains(&address)
    }

    fn http_get(&self, url: &str, _timeout: Duration) -> Result<HttpAnswer, HostError> {
        let refused = || HostError::Http {
            url: url.to_owned(),
            reason: "connection refused".to_owned(),
        };
        locked(&self.pages).get(url).cloned().ok_or_else(refused)
    }

    fn stat(&self, path: &Path) -> Result<Option<FileStat>, HostError> {
        self.files.stat(path)
    }

    fn list(&self, directory: &Path) -> Result<Vec<OsString>, HostError> {
        self.files.list(directory)
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, HostError> {
        self.files.read(path, limit)
    }

    fn entries(
        &self,
        directory: &Path,
        identity: (u64, u64),
    ) -> Result<Option<Vec<Entry>>, HostError> {
        self.files.entries(directory, identity)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Read + Send>, HostError> {
        self.files.open(path)
    }

    fn open_same(
        &self,
        path: &Path,
        identity: (u64, u64),
    ) -> Result<Option<Box<dyn Read + Send>>, HostError> {
        self.files.open_same(path, identity)
    }

    fn data_ranges(&self, path: &Path) -> Result<Vec<(u64, u64)>, HostError> {
        self.files.data_ranges(path)
    }

    fn create_new(&self, path: &Path) -> Result<Box<dyn HostWriter>, HostError> {
        self.files.create_new(path)
    }

    fn write_atomic(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), HostError> {
        self.files.write_atomic(path, content, mode)
    }

    fn create_dir(&self, path: &Path, mode: u32) -> Result<(), HostError> {
        self.files.create_dir(path, mode)
    }

    fn hold_folder(&self, path: &Path) -> Result<Box<dyn HeldFolder>, HostError> {
        self.files.hold_folder(path)
    }

    fn symlink(&self, target: &Path, link: &Path) -> Result<(), HostError> {
        self.files.symlink(target, link)
    }

    fn hard_link(&self, existing: &Path, link: &Path) -> Result<(), HostError> {
        self.files.hard_link(existing, link)
    }

    fn set_attributes(&self, path: &Path, attributes: &Attributes) -> Result<(), HostError> {
        self.files.set_attributes(path, attributes)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), HostError> {
        self.files.rename(from, to)
    }

    fn rename_between(&self, from: (&Path, &Path), to: (&Path, &Path)) -> Result<(), HostError> {
        self.files.rename_between(from, to)
    }

    fn exchange(&self, one: &Path, other: &Path) -> Result<(), HostError> {
        self.files.exchange(one, other)
    }

    fn remove_file(&self, path: &Path) -> Result<(), HostError> {
        self.files.remove_file(path)
    }

    fn remove_tree(&self, path: &Path) -> Result<(), HostError> {
        self.files.remove_tree(path)
    }

    fn sync(&self, path: &Path) -> Result<(), HostError> {
        self.files.sync(path)
    }

    fn may_write(&self, path: &Path) -> bool {
        self.files.may_write(path)
    }

    fn free_space(&self, path: &Path) -> Result<u64, HostError> {
        self.files.free_space(path)
    }

    fn lock_holder(&self, path: &Path) -> Result<Option<u32>, HostError> {
        self.files.lock_holder(path)
    }

    fn hold_lock(&self, path: &Path) -> Result<Box<dyn HeldLock>, HostError> {
        self.files.hold_lock(path)
    }
}
