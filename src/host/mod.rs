//! Everything that a step may do to a machine.
//!
//! [`Host`] is the whole vocabulary: start a tool, read and write files, look at locks, ports and
//! processes. [`LocalHost`] does it here; a scripted host plays it in tests; the same adapters will
//! later work over SSH. This is the only room that starts processes, so sessions, process groups,
//! time limits, output caps, secret pipes and masking are right once.
//!
//! May import: nothing of the kit but [`crate::event::StopLevel`]. Must never: know a product, a
//! step or a runbook.

mod control;
mod error;
mod invocation;
mod local;
mod masker;
mod masker_forms;
#[doc(hidden)]
pub mod scripted;
mod scripted_play;
mod secret;
mod stop_flag;
pub mod store_lock;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use control::{Control, ToolStart};
pub use error::HostError;
pub use invocation::{
    Argument, Captured, Exit, ExitStatus, Invocation, OUTPUT_LIMIT, Stdin, Stdout, Streams,
    clipped, shell_literal, shell_word,
};
pub use local::LocalHost;
pub use masker::{Masker, StreamMasker};
pub use secret::Secret;
pub use stop_flag::StopFlag;

/// Identity of a process that survives the reuse of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessIdentity {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot (`/proc/PID/stat` field 22).
    pub start_time: u64,
}

/// What kind of thing a directory entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link with its target, never followed.
    Symlink(PathBuf),
    /// A socket, FIFO or device.
    Other,
}

/// What is known of a file without following links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStat {
    /// Kind.
    pub kind: FileKind,
    /// Size in bytes.
    pub bytes: u64,
    /// Bytes that are allocated on disk (less than `bytes` for a sparse file).
    pub allocated: u64,
    /// Permission bits (`0o7777`).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time: seconds and nanoseconds since the epoch.
    pub mtime: (i64, u32),
    /// Number of hard links.
    pub links: u64,
    /// Device and inode: the identity of the file on this machine.
    pub identity: (u64, u64),
    /// When content or attributes changed last, by whatever means: seconds and nanoseconds since the
    /// epoch. No program can set it, so it tells of writers that put size and time back.
    pub changed: (i64, u32),
}

/// Attributes to give to a file; `None` leaves one as it is. Links are not followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Permission bits (`0o7777`); ignored for symbolic links.
    pub mode: Option<u32>,
    /// Owner and group.
    pub owner: Option<(u32, u32)>,
    /// Modification time.
    pub mtime: Option<(i64, u32)>,
}

/// An answer to an HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Status code. Redirects are not followed.
    pub status: u16,
    /// The first 64 KiB of the body.
    pub body: Vec<u8>,
}

/// A name in a directory with what is there, if it still is.
pub type Entry = (std::ffi::OsString, Option<FileStat>);

/// A lock that is held until dropped.
pub trait HeldLock: Send {}

/// A directory that is held open. Whatever becomes of its name meanwhile, and whichever directories
/// inside it are swapped for links, nothing is made outside of it. Paths are relative to it; the empty
/// path is the directory itself. May be called from several threads at once.
pub trait HeldFolder: Send + Sync {
    /// Creates a directory that must not exist.
    fn create_dir(&self, relative: &Path, mode: u32) -> Result<(), HostError>;

    /// Creates a file that must not exist, with mode 0600.
    fn create_new(&self, relative: &Path) -> Result<Box<dyn HostWriter>, HostError>;

    /// Creates a symbolic link that must not exist.
    fn symlink(&self, target: &Path, relative: &Path) -> Result<(), HostError>;

    /// Creates a second name of a file inside; the name must not exist.
    fn hard_link(&self, existing: &Path, relative: &Path) -> Result<(), HostError>;

    /// What is there, links not followed; `None` if nothing is.
    fn stat(&self, relative: &Path) -> Result<Option<FileStat>, HostError>;

    /// Sets owner, then modification time, then mode; links are not followed.
    fn set_attributes(&self, relative: &Path, attributes: &Attributes) -> Result<(), HostError>;
}

/// A machine that steps act on. Every method may be called from several threads at once. Paths are
/// paths on that machine.
pub trait Host: Send + Sync {
    /// Name for messages: `local`.
    fn name(&self) -> &str;

    /// Runs a tool to its end in a session of its own: stdin never a terminal, both outputs
    /// drained, time limit → grace → kill of the whole group, stop levels of `control` obeyed,
    /// a secret never in its arguments. `Ok` whatever the exit status; the caller judges it.
    fn run(
        &self,
        invocation: &Invocation,
        streams: Streams<'_>,
        control: &Control,
    ) -> Result<Exit, HostError>;

    /// The program's full path, searched as the shell does, if there is one.
    fn find_program(&self, name: &str) -> Option<PathBuf>;

    /// The process with that number, if it is alive (a zombie is not).
    fn process(&self, pid: u32) -> Option<ProcessIdentity>;

    /// Living processes that were started by steps of this run (they carry its id in their
    /// environment), except those that were started detached.
    fn processes_of_run(&self, run: &str) -> Vec<ProcessIdentity>;

    /// Whether any living process is left of the group that this process leads or led. A host on which
    /// nothing outlives its leader need not look.
    fn group_lives(&self, leader: u32) -> bool {
        _ = leader;
        false
    }

    /// Sends a signal to every process of the group, or to the one process if `pid` leads none.
    fn signal(&self, process: ProcessIdentity, signal: i32) -> Result<(), HostError>;

    /// Whether something accepts TCP connections there.
    fn listens(&self, address: SocketAddr, timeout: Duration) -> bool;

    /// One HTTP GET without redirects.
    fn http_get(&self, url: &str, timeout: Duration) -> Result<HttpAnswer, HostError>;

    /// What is at that path, `None` if nothing is. Links are not followed.
    fn stat(&self, path: &Path) -> Result<Option<FileStat>, HostError>;

    /// Names in a directory, sorted by bytes.
    fn list(&self, directory: &Path) -> Result<Vec<std::ffi::OsString>, HostError>;

    /// The content of a file; an error if it is larger than `limit` bytes.
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, HostError>;

    /// Names in a directory, sorted by bytes, each with what is there; a name that vanished meanwhile
    /// has nothing. `None` if that path is no longer the directory of that identity: somebody who
    /// swaps it for a link, or one above it, leads nobody elsewhere.
    fn entries(
        &self,
        directory: &Path,
        identity: (u64, u64),
    ) -> Result<Option<Vec<Entry>>, HostError>;

    /// Opens a regular file for reading. Refuses to follow a link in the last component.
    fn open(&self, path: &Path) -> Result<Box<dyn Read + Send>, HostError>;

    /// The same, but only the file of that identity; `None` if the path is no longer that one.
    fn open_same(
        &self,
        path: &Path,
        identity: (u64, u64),
    ) -> Result<Option<Box<dyn Read + Send>>, HostError>;

    /// Ranges of a file that hold data (offset, length); the rest are holes.
    fn data_ranges(&self, path: &Path) -> Result<Vec<(u64, u64)>, HostError>;

    /// Creates a file that must not exist, with mode 0600.
    fn create_new(&self, path: &Path) -> Result<Box<dyn HostWriter>, HostError>;

    /// Replaces the content of a file atomically: temporary name, sync, rename, sync of the folder.
    /// Owner and mode of an existing file are kept; a new one gets `mode`.
    fn write_atomic(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), HostError>;

    /// Creates a directory that must not exist.
    fn create_dir(&self, path: &Path, mode: u32) -> Result<(), HostError>;

    /// Holds a directory open, to make things in it; it must not be a link.
    fn hold_folder(&self, path: &Path) -> Result<Box<dyn HeldFolder>, HostError>;

    /// Creates a symbolic link that must not exist.
    fn symlink(&self, target: &Path, link: &Path) -> Result<(), HostError>;

    /// Creates a hard link that must not exist.
    fn hard_link(&self, existing: &Path, link: &Path) -> Result<(), HostError>;

    /// Sets owner, then modification time, then mode: a directory is closed last.
    fn set_attributes(&self, path: &Path, attributes: &Attributes) -> Result<(), HostError>;

    /// Renames within one file system; the new name must not exist.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), HostError>;

    /// Renames a member of one tree to one of another on the same file system; each is the tree's top
    /// and a path below it, of which no directory may be a link. The new name must not exist.
    fn rename_between(&self, from: (&Path, &Path), to: (&Path, &Path)) -> Result<(), HostError>;

    /// Exchanges two names of one file system atomically.
    fn exchange(&self, one: &Path, other: &Path) -> Result<(), HostError>;

    /// Removes a file or link.
    fn remove_file(&self, path: &Path) -> Result<(), HostError>;

    /// Removes a tree, read-only directories included. Not an error if it is absent.
    fn remove_tree(&self, path: &Path) -> Result<(), HostError>;

    /// Makes everything written so far on the file system of `path` durable.
    fn sync(&self, path: &Path) -> Result<(), HostError>;

    /// Whether the user that runs the program may write the file, or make entries in the directory.
    fn may_write(&self, path: &Path) -> bool;

    /// Bytes that an unprivileged writer may still use on the file system of `path`.
    fn free_space(&self, path: &Path) -> Result<u64, HostError>;

    /// The process that holds an fcntl write lock on the file (as Java's `FileChannel.tryLock`
    /// takes it), if one does; 0 if the system does not name it. `Ok(None)` if the file does not
    /// exist.
    fn lock_holder(&self, path: &Path) -> Result<Option<u32>, HostError>;

    /// Takes an fcntl write lock on the file, which must exist, and holds it until dropped.
    fn hold_lock(&self, path: &Path) -> Result<Box<dyn HeldLock>, HostError>;
}

/// A file being written.
pub trait HostWriter: Write + Send {
    /// Skips `bytes` bytes, leaving a hole.
    fn skip(&mut self, bytes: u64) -> std::io::Result<()>;

    /// Sets the final size (a trailing hole) and reports write errors that were held back. Does not
    /// sync: [`Host::sync`] does that for many files at once.
    fn finish(self: Box<Self>) -> std::io::Result<()>;
}
