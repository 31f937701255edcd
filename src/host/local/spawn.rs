//! Starting a tool.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::io::{fcntl_dupfd_cloexec, ioctl_fionbio};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::group;
use super::session::{FIRST, own_session};
use crate::host::{Argument, Control, HostError, Invocation, Secret, Stdin, Stdout, Streams};

/// Carries the run's id into the environment of its tools.
pub(super) const RUN_VARIABLE: &str = "UPGRADE_KIT_RUN";

/// Size of the pipes that carry whole dumps: large enough that neither side waits for the other at
/// every chunk. Refused by the system for a user with many pipes, and then the default stays.
const WIDE_PIPE: usize = 1 << 20;

/// A started tool. Dropped before its end, it is killed: nothing runs unwatched.
pub(super) struct Tool {
    /// The process; its number is also that of its session and group.
    pub(super) child: Child,
    /// The same number.
    pub(super) pid: Pid,
    /// Readable when it has ended. `None` on kernels before 5.3.
    pub(super) pidfd: Option<OwnedFd>,
    /// What is left to write of its secrets.
    pub(super) secrets: Vec<SecretFeed>,
}

impl Drop for Tool {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            group::kill(self.pid);
            let _ = self.child.wait();
        }
    }
}

/// Our ends of a tool's pipes. None of them blocks.
pub(super) struct Pipes {
    /// Its standard input, if it is fed.
    pub(super) stdin: Option<OwnedFd>,
    /// Its standard output.
    pub(super) stdout: OwnedFd,
    /// Its standard error.
    pub(super) stderr: OwnedFd,
}

/// A secret on its way into an anonymous pipe.
pub(super) struct SecretFeed {
    /// Our end.
    pub(super) pipe: OwnedFd,
    content: Secret,
    written: usize,
}

impl SecretFeed {
    /// Writes what fits. `true` when nothing is left to do: all is written, or nobody reads.
    pub(super) fn advance(&mut self) -> bool {
        loop {
            let rest = &self.content.expose().as_bytes()[self.written..];
            if rest.is_empty() {
                return true;
            }
            match rustix::io::write(&self.pipe, rest) {
                Ok(bytes) => self.written += bytes,
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return false,
                Err(_) => return true,
            }
        }
    }
}

/// Starts the tool.
pub(super) fn start(
    invocation: &Invocation,
    streams: &Streams<'_>,
    control: &Control,
) -> Result<(Tool, Pipes), HostError> {
    let failed = |source: io::Error| HostError::Start {
        program: invocation.program.clone(),
        source,
    };
    let (pipes, secrets) = secret_pipes(invocation).map_err(failed)?;
    let mut command = command(invocation, control).map_err(failed)?;
    command
        .stdin(match streams.stdin {
            Stdin::Null => Stdio::null(),
            Stdin::Reader(_) => Stdio::piped(),
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let placeholders = occupy_low_numbers(&pipes).map_err(failed)?;
    own_session(&mut command, pipes);
    let spawned = command.spawn();
    drop((placeholders, command));
    let child = spawned.map_err(|source| not_started(invocation, source))?;
    let pid = Pid::from_child(&child);
    let mut tool = Tool {
        child,
        pid,
        pidfd: pidfd_open(pid, PidfdFlags::empty()).ok(),
        secrets,
    };
    let pipes = our_ends(&mut tool.child).map_err(failed)?;
    if matches!(streams.stdout, Stdout::Writer(_)) {
        widen(&pipes.stdout);
    }
    Ok((tool, pipes))
}

fn command(invocation: &Invocation, control: &Control) -> io::Result<Command> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that starts processes"
    )]
    let mut command = Command::new(&invocation.program);
    command.args(invocation.argv().into_iter().skip(1));
    if let Some(directory) = &invocation.directory {
        command.current_dir(directory);
    }
    if invocation.detached || control.run.is_empty() {
        command.env_remove(RUN_VARIABLE);
    } else {
        command.env(RUN_VARIABLE, &control.run);
    }
    for (name, value) in &invocation.environment {
        command.env(name, value);
    }
    for (name, value) in &invocation.secret_environment {
        let value = value.as_ref().ok_or_else(unresolved)?;
        command.env(name, value.expose());
    }
    Ok(command)
}

fn unresolved() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "one of its secrets was not resolved",
    )
}

/// One pipe for every secret argument: the tool's ends, in order, and what we feed into them. Most
/// secrets fit into the pipe and are written here; the rest is written while the tool runs.
fn secret_pipes(invocation: &Invocation) -> io::Result<(Vec<OwnedFd>, Vec<SecretFeed>)> {
    let (mut tool_ends, mut feeds) = (Vec::new(), Vec::new());
    let contents: Vec<_> = invocation
        .arguments
        .iter()
        .filter_map(|argument| match argument {
            Argument::SecretPipe { content, .. } => Some(content.as_ref()),
            Argument::Text(_) => None,
        })
        .collect();
    let above = FIRST + contents.len() as i32;
    for content in contents {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        ioctl_fionbio(&write, true)?;
        tool_ends.push(fcntl_dupfd_cloexec(&read, above)?);
        let mut feed = SecretFeed {
            pipe: write,
            content: content.ok_or_else(unresolved)?.clone(),
            written: 0,
        };
        if !feed.advance() {
            feeds.push(feed);
        }
    }
    Ok((tool_ends, feeds))
}

/// Occupies every free number that the tool's secret pipes will take, while the tool is started:
/// the standard library reports a failed `exec` through a pipe of its own, which must not get one
/// of them.
fn occupy_low_numbers(pipes: &[OwnedFd]) -> io::Result<Vec<OwnedFd>> {
    let mut placeholders = Vec::new();
    let Some(any) = pipes.first() else {
        return Ok(placeholders);
    };
    let above = FIRST + pipes.len() as i32;
    loop {
        let placeholder = fcntl_dupfd_cloexec(any, FIRST)?;
        if std::os::fd::AsRawFd::as_raw_fd(&placeholder) >= above {
            return Ok(placeholders);
        }
        placeholders.push(placeholder);
    }
}

fn our_ends(child: &mut Child) -> io::Result<Pipes> {
    let missing = || io::Error::other("its outputs are not connected");
    let pipes = Pipes {
        stdin: child.stdin.take().map(OwnedFd::from),
        stdout: child.stdout.take().ok_or_else(missing)?.into(),
        stderr: child.stderr.take().ok_or_else(missing)?.into(),
    };
    ioctl_fionbio(&pipes.stdout, true)?;
    ioctl_fionbio(&pipes.stderr, true)?;
    if let Some(stdin) = &pipes.stdin {
        ioctl_fionbio(stdin, true)?;
        widen(stdin);
    }
    Ok(pipes)
}

fn widen(pipe: &OwnedFd) {
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, WIDE_PIPE);
}

/// Tells a program that is not there from one that is there and cannot be started (no such
/// directory to run in, no such interpreter).
fn not_started(invocation: &Invocation, source: io::Error) -> HostError {
    let program = invocation.program.clone();
    let search = invocation
        .environment
        .iter()
        .rfind(|(name, _)| name == "PATH")
        .map(|(_, value)| value.as_str());
    let from = invocation.directory.as_deref();
    if source.kind() == io::ErrorKind::NotFound
        && from.is_none_or(Path::is_dir)
        && find_program(&program, search, from).is_none()
    {
        return HostError::NoSuchProgram { program };
    }
    HostError::Start { program, source }
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
