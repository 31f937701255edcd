//! This machine, with a tool that misbehaves at one of its calls.

use std::ffi::OsString;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use upgrade_kit::host::{
    Argument, Attributes, Control, Entry, Exit, FileStat, HeldFolder, HeldLock, Host, HostError,
    HostWriter, HttpAnswer, Invocation, LocalHost, ProcessIdentity, Stdin, Stdout, Streams,
};

use super::fault::Fault;

/// Tools whose standard output is read although it is kept: the commands of WebLogic's nodes.
const ARE_READ: &[&str] = &["/bin/sh", "/ssh"];

/// This machine; at one call of a tool, `tool.sh` is in the tool's place.
#[derive(Default)]
pub(super) struct Faulty {
    /// What goes wrong at which call, counted from 0.
    pub(super) at: Option<(usize, Fault)>,
    /// Written by a tool that hangs.
    pub(super) mark: PathBuf,
    /// Where tools put what they were given, if they tell it.
    talk: OnceLock<PathBuf>,
    /// Whether the call came, and the fault is one that this call can have.
    happened: AtomicBool,
    programs: Mutex<Vec<String>>,
}

impl Faulty {
    pub(super) fn new(at: Option<(usize, Fault)>, mark: PathBuf) -> Self {
        Self {
            at,
            mark,
            ..Self::default()
        }
    }

    /// Lets every tool tell what it is given, and put it into that folder, before it works.
    pub(super) fn talk(&self, folder: PathBuf) {
        self.talk.set(folder).unwrap();
    }

    /// The programs that were called, in order, without their folders.
    pub(super) fn programs(&self) -> Vec<String> {
        self.programs.lock().unwrap().clone()
    }

    pub(super) fn happened(&self) -> bool {
        let nothing = self.mark.with_extension("nothing");
        self.happened.load(Ordering::SeqCst) && !nothing.exists()
    }

    /// The fault of the next call.
    fn next(&self, program: &str) -> Option<Fault> {
        let mut programs = self.programs.lock().unwrap();
        let name = program.rsplit('/').next().unwrap_or_default();
        programs.push(name.to_owned());
        let (at, fault) = self.at?;
        (at + 1 == programs.len()).then_some(fault)
    }

    /// The call with what shall be in the tool's place.
    fn replaced(
        &self,
        invocation: &Invocation,
        fault: Option<Fault>,
        streams: &Streams<'_>,
    ) -> Invocation {
        let mut replaced = invocation.clone();
        if let Some(fault) = fault {
            let words = [
                fault.name().into(),
                self.mark.clone().into(),
                super::fault::flood_bytes().to_string().into(),
            ];
            put_before(&mut replaced, "tool.sh", words);
        }
        if let Some(folder) = self.talk.get() {
            let is_logged = matches!(streams.stdout, Stdout::Captured);
            let is_read = |end: &&str| invocation.program.ends_with(*end);
            let is_free = is_logged && !ARE_READ.iter().any(is_read);
            let place = if is_free { "both" } else { "err" };
            put_before(
                &mut replaced,
                "talk.sh",
                [folder.clone().into(), place.into()],
            );
        }
        replaced
    }
}

/// Puts a script of this folder with these words in a tool's place. The descriptors of secret pipes stay
/// the same.
fn put_before<const WORDS: usize>(
    invocation: &mut Invocation,
    script: &str,
    words: [OsString; WORDS],
) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/faults")
        .join(script)
        .display()
        .to_string();
    let program = std::mem::replace(&mut invocation.program, script);
    let own = words.into_iter().chain([program.into()]);
    let own = own.map(Argument::Text).collect::<Vec<_>>();
    invocation.arguments.splice(..0, own);
}

/// Everything else is done as [`LocalHost`] does it.
macro_rules! as_local {
    ($(fn $name:ident(&self $(, $argument:ident: $kind:ty)*) $(-> $result:ty)?;)*) => {
        $(fn $name(&self $(, $argument: $kind)*) $(-> $result)? {
            LocalHost.$name($($argument),*)
        })*
    };
}

impl Host for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn run(
        &self,
        invocation: &Invocation,
        streams: Streams<'_>,
        control: &Control,
    ) -> Result<Exit, HostError> {
        let fault = self.next(&invocation.program);
        let reads = matches!(streams.stdin, Stdin::Reader(_));
        let fault = fault.filter(|fault| reads || !fault.wants_input());
        if fault.is_some() {
            self.happened.store(true, Ordering::SeqCst);
        }
        if fault == Some(Fault::Missing) {
            return Err(HostError::NoSuchProgram {
                program: invocation.program.clone(),
            });
        }
        let ran = LocalHost.run(
            &self.replaced(invocation, fault, &streams),
            streams,
            control,
        );
        // What is said of a script in its place would have been said of the tool.
        ran.map_err(|error| match error {
            HostError::Stream { action, source, .. } => HostError::Stream {
                action,
                program: invocation.program.clone(),
                source,
            },
            error => error,
        })
    }

    as_local! {
        fn find_program(&self, name: &str) -> Option<PathBuf>;
        fn process(&self, pid: u32) -> Option<ProcessIdentity>;
        fn processes_of_run(&self, run: &str) -> Vec<ProcessIdentity>;
        fn group_lives(&self, leader: u32) -> bool;
        fn signal(&self, process: ProcessIdentity, signal: i32) -> Result<(), HostError>;
        fn listens(&self, address: SocketAddr, timeout: Duration) -> bool;
        fn http_get(&self, url: &str, timeout: Duration) -> Result<HttpAnswer, HostError>;
        fn stat(&self, path: &Path) -> Result<Option<FileStat>, HostError>;
        fn list(&self, directory: &Path) -> Result<Vec<OsString>, HostError>;
        fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, HostError>;
        fn entries(&self, directory: &Path, identity: (u64, u64)) -> Result<Option<Vec<Entry>>, HostError>;
        fn open(&self, path: &Path) -> Result<Box<dyn Read + Send>, HostError>;
        fn open_same(&self, path: &Path, identity: (u64, u64)) -> Result<Option<Box<dyn Read + Send>>, HostError>;
        fn data_ranges(&self, path: &Path) -> Result<Vec<(u64, u64)>, HostError>;
        fn create_new(&self, path: &Path) -> Result<Box<dyn HostWriter>, HostError>;
        fn write_atomic(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), HostError>;
        fn create_dir(&self, path: &Path, mode: u32) -> Result<(), HostError>;
        fn hold_folder(&self, path: &Path) -> Result<Box<dyn HeldFolder>, HostError>;
        fn symlink(&self, target: &Path, link: &Path) -> Result<(), HostError>;
        fn hard_link(&self, existing: &Path, link: &Path) -> Result<(), HostError>;
        fn set_attributes(&self, path: &Path, attributes: &Attributes) -> Result<(), HostError>;
        fn rename(&self, from: &Path, to: &Path) -> Result<(), HostError>;
        fn rename_between(&self, from: (&Path, &Path), to: (&Path, &Path)) -> Result<(), HostError>;
        fn exchange(&self, one: &Path, other: &Path) -> Result<(), HostError>;
        fn remove_file(&self, path: &Path) -> Result<(), HostError>;
        fn remove_tree(&self, path: &Path) -> Result<(), HostError>;
        fn sync(&self, path: &Path) -> Result<(), HostError>;
        fn may_write(&self, path: &Path) -> bool;
        fn free_space(&self, path: &Path) -> Result<u64, HostError>;
        fn lock_holder(&self, path: &Path) -> Result<Option<u32>, HostError>;
        fn hold_lock(&self, path: &Path) -> Result<Box<dyn HeldLock>, HostError>;
    }
}
