//! Starting a process in a session of its own, with descriptors at agreed numbers.
//!
//! A tool gets a session of its own, because a tool in a mere background process group that reads
//! `/dev/tty` (`mysqldump -p`, `keytool`) would be stopped by the kernel and wait for ever; without
//! a terminal its open fails at once.
//!
//! Why not [`std::process::Command`]: it knows sessions and further descriptors only through
//! `pre_exec`, and that makes it `fork`, which copies the page tables of this program: at 64 MiB of
//! memory a start took 2.7 times (on a busy machine 6 times) as long as `posix_spawn` does, which
//! shares the memory until the `exec`. Setting the directory needs glibc 2.29 or musl 1.1.24.
#![expect(
    unsafe_code,
    reason = "no safe interface to posix_spawn with sessions and descriptors exists"
)]

use std::ffi::{CStr, CString, c_char, c_int, c_short};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::Once;

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_getfd, fcntl_setfd};
use rustix::process::Pid;

/// What the process is.
pub(super) struct Image<'a> {
    /// File to execute.
    pub(super) path: &'a CStr,
    /// Arguments, the program's name first.
    pub(super) argv: &'a [CString],
    /// `NAME=value`, all of them.
    pub(super) environment: &'a [CString],
    /// Working directory; this program's own if `None`.
    pub(super) directory: Option<&'a CStr>,
}

/// Starts the process, the leader of a new session and group. It gets `descriptors` at the numbers
/// 0, 1, 2, …, every signal in its default state or ignored as this program was told, and nothing
/// else.
pub(super) fn spawn(image: &Image<'_>, descriptors: &[BorrowedFd<'_>]) -> io::Result<Pid> {
    close_inherited_on_exec();
    let attributes = Attributes::new()?;
    let mut actions = Actions::new()?;
    if let Some(directory) = image.directory {
        actions.change_directory(directory)?;
    }
    // Moved out of the way first, so that none is overwritten before its turn.
    let above = descriptors.len() as RawFd;
    let moved = descriptors
        .iter()
        .map(|descriptor| fcntl_dupfd_cloexec(descriptor, above))
        .collect::<Result<Vec<OwnedFd>, _>>()?;
    for (target, source) in (0..).zip(&moved) {
        actions.duplicate(source.as_fd(), target)?;
    }
    let argv = pointers(image.argv);
    let environment = pointers(image.environment);
    let mut pid = 0;
    // SAFETY: both objects are initialised, the path ends with a null character, and both lists
    // are made of such strings and end with a null pointer; all of it outlives the call.
    checked(unsafe {
        libc::posix_spawn(
            &raw mut pid,
            image.path.as_ptr(),
            &raw const actions.0,
            &raw const attributes.0,
            argv.as_ptr(),
            environment.as_ptr(),
        )
    })?;
    Pid::from_raw(pid).ok_or_else(|| io::Error::other("the process has no number"))
}

/// The functions here return the error instead of setting `errno`.
fn checked(result: c_int) -> io::Result<()> {
    match result {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// The strings as C wants them. The callee does not write to them, whatever its type says.
fn pointers(strings: &[CString]) -> Vec<*mut c_char> {
    strings
        .iter()
        .map(|string| string.as_ptr().cast_mut())
        .chain([ptr::null_mut()])
        .collect()
}

struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: `init` initialises what it is given, and only then is it taken as initialised.
        let mut attributes = unsafe {
            checked(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
            Self(attributes.assume_init())
        };
        let flags = c_int::from(libc::POSIX_SPAWN_SETSID)
            | c_int::from(libc::POSIX_SPAWN_SETSIGDEF as c_short)
            | c_int::from(libc::POSIX_SPAWN_SETSIGMASK as c_short);
        let mut none = MaybeUninit::<libc::sigset_t>::uninit();
        let mut broken_pipe = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: the sets are initialised by `sigemptyset` before they are used, and the
        // attributes are. Rust programs ignore SIGPIPE; tools do not expect that.
        unsafe {
            libc::sigemptyset(none.as_mut_ptr());
            libc::sigemptyset(broken_pipe.as_mut_ptr());
            libc::sigaddset(broken_pipe.as_mut_ptr(), libc::SIGPIPE);
            let attributes = &raw mut attributes.0;
            checked(libc::posix_spawnattr_setsigmask(attributes, none.as_ptr()))?;
            checked(libc::posix_spawnattr_setsigdefault(
                attributes,
                broken_pipe.as_ptr(),
            ))?;
            checked(libc::posix_spawnattr_setflags(attributes, flags as c_short))?;
        }
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: it was initialised and is not used again.
        unsafe {
            libc::posix_spawnattr_destroy(&raw mut self.0);
        }
    }
}

struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> io::Result<Self> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: `init` initialises what it is given, and only then is it taken as initialised.
        unsafe {
            checked(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
            Ok(Self(actions.assume_init()))
        }
    }

    fn change_directory(&mut self, directory: &CStr) -> io::Result<()> {
        // SAFETY: the object is initialised; the string ends with a null character and is copied.
        checked(unsafe {
            libc::posix_spawn_file_actions_addchdir_np(&raw mut self.0, directory.as_ptr())
        })
    }

    fn duplicate(&mut self, source: BorrowedFd<'_>, target: RawFd) -> io::Result<()> {
        // SAFETY: the object is initialised; numbers are copied, and a number that does not fit
        // is an error.
        checked(unsafe {
            libc::posix_spawn_file_actions_adddup2(&raw mut self.0, source.as_raw_fd(), target)
        })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: it was initialised and is not used again.
        unsafe {
            libc::posix_spawn_file_actions_destroy(&raw mut self.0);
        }
    }
}

/// Descriptors that this program inherited (a job server's, a careless parent's) do not go on to
/// the tools. Everything that the program opens itself is close-on-exec from the start.
fn close_inherited_on_exec() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        let Ok(entries) = std::fs::read_dir("/proc/self/fd") else {
            return;
        };
        let numbers: Vec<RawFd> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|&number| number > 2)
            .collect();
        for number in numbers {
            // SAFETY: the number is only looked at and marked; if it was closed meanwhile the
            // calls fail, and if it was reused the new owner wants the mark as well.
            let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
            if let Ok(flags) = fcntl_getfd(descriptor) {
                let _ = fcntl_setfd(descriptor, flags | FdFlags::CLOEXEC);
            }
        }
    });
}
