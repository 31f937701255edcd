//! Starting a tool: its program, environment and pipes.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::io::{Errno, ioctl_fionbio};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{PidfdFlags, pidfd_open};

use super::secret_pipe::{secret_pipes, unresolved};
use super::session::{self, Image};
use super::tool::Tool;
use crate::host::{Control, HostError, Invocation, Stdin, Stdout, Streams};

/// Carries the run's id into the environment of its tools.
pub(super) const RUN_VARIABLE: &str = "UPGRADE_KIT_RUN";

/// Size of the pipes that carry whole dumps: large enough that neither side waits for the other at
/// every chunk. Refused by the system for a user with many pipes, and then the default stays.
const WIDE_PIPE: usize = 1 << 20;

/// Our ends of a tool's pipes. None of them blocks.
pub(super) struct Pipes {
    /// Its standard input, if it is fed.
    pub(super) stdin: Option<OwnedFd>,
    /// Its standard output.
    pub(super) stdout: OwnedFd,
    /// Its standard error.
    pub(super) stderr: OwnedFd,
}

/// Starts the tool.
pub(super) fn start(
    invocation: &Invocation,
    streams: &Streams<'_>,
    control: &Control,
) -> Result<(Tool, Pipes), HostError> {
    let path = executable(invocation)?;
    let failed = |source: io::Error| HostError::Start {
        program: invocation.program.clone(),
        source,
    };
    let environment = environment(invocation, control).map_err(failed)?;
    let (secret_ends, secrets) = secret_pipes(invocation).map_err(failed)?;
    let (tool_ends, pipes) = pipes(streams).map_err(failed)?;
    let descriptors: Vec<_> = tool_ends
        .iter()
        .chain(&secret_ends)
        .map(AsFd::as_fd)
        .collect();
    let pid = spawn(&path, invocation, &environment, |image| {
        session::spawn(image, &descriptors)
    })
    .map_err(failed)?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok();
    Ok((Tool::new(pid, pidfd, secrets), pipes))
}

/// The file to execute. A path that names a file which may not be executed is left to the system's
/// own words.
fn executable(invocation: &Invocation) -> Result<PathBuf, HostError> {
    let program = &invocation.program;
    let search = invocation
        .environment
        .iter()
        .rfind(|(name, _)| name == "PATH")
        .map(|(_, value)| value.as_str());
    let from = invocation.directory.as_deref();
    if let Some(found) = find_program(program, search, from) {
        return Ok(found);
    }
    let named = from.unwrap_or(Path::new("")).join(program);
    if program.contains('/') && named.exists() {
        return Ok(named);
    }
    Err(HostError::NoSuchProgram {
        program: program.clone(),
    })
}

/// Calls `start` with the program; a script without a `#!` line is given to the shell, as shells
/// and `execvp` do.
fn spawn<T>(
    path: &Path,
    invocation: &Invocation,
    environment: &[CString],
    start: impl Fn(&Image<'_>) -> io::Result<T>,
) -> io::Result<T> {
    let directory = match &invocation.directory {
        Some(directory) => Some(c_string(directory.as_os_str())?),
        None => None,
    };
    let path = c_string(path.as_os_str())?;
    let mut argv = invocation
        .argv()
        .iter()
        .map(|word| c_string(word))
        .collect::<io::Result<Vec<_>>>()?;
    let image = Image {
        path: &path,
        argv: &argv,
        environment,
        directory: directory.as_deref(),
    };
    match start(&image) {
        Err(error) if Errno::from_io_error(&error) == Some(Errno::NOEXEC) => {
            argv.splice(..1, [c"/bin/sh".to_owned(), path.clone()]);
            start(&Image {
                path: c"/bin/sh",
                argv: &argv,
                environment,
                directory: directory.as_deref(),
            })
        }
        started => started,
    }
}

fn c_string(text: &OsStr) -> io::Result<CString> {
    Ok(CString::new(text.as_bytes())?)
}

fn environment(invocation: &Invocation, control: &Control) -> io::Result<Vec<CString>> {
    let mut all: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
    if invocation.detached || control.run.is_empty() {
        all.remove(OsStr::new(RUN_VARIABLE));
    } else {
        all.insert(RUN_VARIABLE.into(), control.run.clone().into());
    }
    for (name, value) in &invocation.environment {
        all.insert(name.into(), value.into());
    }
    for (name, value) in &invocation.secret_environment {
        let value = value.as_ref().ok_or_else(unresolved)?;
        all.insert(name.into(), value.expose().into());
    }
    for (name, path) in invocation.pipe_variables() {
        all.insert(name.into(), path.into());
    }
    all.into_iter()
        .map(|(name, value)| {
            let mut entry = name.into_vec();
            entry.push(b'=');
            entry.extend_from_slice(value.as_bytes());
            Ok(CString::new(entry)?)
        })
        .collect()
}

/// The tool's three standard descriptors and our ends of them.
fn pipes(streams: &Streams<'_>) -> io::Result<([OwnedFd; 3], Pipes)> {
    let (stdin, tool_stdin) = match streams.stdin {
        Stdin::Null => (None, File::open("/dev/null")?.into()),
        Stdin::Reader(_) => {
            let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
            ioctl_fionbio(&write, true)?;
            widen(&write);
            (Some(write), read)
        }
    };
    let (stdout, tool_stdout) = pipe_with(PipeFlags::CLOEXEC)?;
    let (stderr, tool_stderr) = pipe_with(PipeFlags::CLOEXEC)?;
    ioctl_fionbio(&stdout, true)?;
    ioctl_fionbio(&stderr, true)?;
    if matches!(streams.stdout, Stdout::Writer(_)) {
        widen(&stdout);
    }
    let ours = Pipes {
        stdin,
        stdout,
        stderr,
    };
    Ok(([tool_stdin, tool_stdout, tool_stderr], ours))
}

fn widen(pipe: &OwnedFd) {
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, WIDE_PIPE);
}

/// The program's full path, searched as the shell does: in `search`, or in our own `PATH`. A path
/// with a slash is taken from the directory `from`.
pub(super) fn find_program(
    name: &str,
    search: Option<&str>,
    from: Option<&Path>,
) -> Option<PathBuf> {
    let here = || std::env::current_dir().ok();
    let from = from.map(Path::to_owned).or_else(here)?;
    match search {
        Some(search) => which::which_in(name, Some(search), from).ok(),
        None => which::which_in(name, std::env::var_os("PATH"), from).ok(),
    }
}
