//! A host that dies at a chosen operation, or on which somebody does something before one.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use upgrade_kit::host::{
    Attributes, Control, Entry, Exit, FileStat, HeldFolder, HeldLock, Host, HostError, HostWriter,
    HttpAnswer, Invocation, LocalHost, ProcessIdentity, Streams,
};

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
