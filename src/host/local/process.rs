//! Looking at processes and signalling them.

use std::fs;
use std::os::unix::fs::MetadataExt;

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, geteuid, kill_process, kill_process_group, pidfd_open,
    pidfd_send_signal,
};

use super::spawn::RUN_VARIABLE;
use crate::host::{HostError, ProcessIdentity};

/// What `/proc/PID/stat` tells of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProcessStat {
    pub(super) identity: ProcessIdentity,
    /// `Z`: dead, not yet reaped. `X`: dying.
    pub(super) state: u8,
    pub(super) group: i32,
    pub(super) session: i32,
}

impl ProcessStat {
    /// Neither dead nor dying.
    pub(super) fn alive(&self) -> bool {
        !matches!(self.state, b'Z' | b'X' | b'x')
    }
}

/// Reads `/proc/PID/stat`.
pub(super) fn stat(pid: u32) -> Option<ProcessStat> {
    parse_stat(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// The name in parentheses may hold anything, parentheses and spaces included, so fields are
/// counted from the last closing one.
fn parse_stat(pid: u32, line: &[u8]) -> Option<ProcessStat> {
    let name_end = line.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(&line[name_end + 1..]).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(ProcessStat {
        identity: ProcessIdentity {
            pid,
            start_time: fields.get(19)?.parse().ok()?,
        },
        state: *fields.first()?.as_bytes().first()?,
        group: fields.get(2)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
    })
}

/// Numbers of all processes.
pub(super) fn numbers() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The process, if it is alive.
pub(super) fn living(pid: u32) -> Option<ProcessIdentity> {
    stat(pid)
        .filter(ProcessStat::alive)
        .map(|stat| stat.identity)
}

/// Living processes that carry the run's id in their environment, without this one. Other users'
/// environments can be read by root only; tools that changed their user are not found otherwise.
pub(super) fn of_run(run: &str) -> Vec<ProcessIdentity> {
    if run.is_empty() {
        return Vec::new();
    }
    let wanted = format!("{RUN_VARIABLE}={run}").into_bytes();
    let own = std::process::id();
    let user = geteuid();
    let carries = |pid: u32| {
        let readable = user.is_root()
            || fs::metadata(format!("/proc/{pid}")).is_ok_and(|owner| owner.uid() == user.as_raw());
        readable
            && fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
                environment
                    .split(|&byte| byte == 0)
                    .any(|entry| entry == wanted)
            })
    };
    let mut found: Vec<_> = numbers()
        .filter(|&pid| pid != own && carries(pid))
        .filter_map(living)
        .collect();
    found.sort_by_key(|process| process.pid);
    found
}

/// Whether any process of the group that a process leads or led is left.
pub(super) fn group_lives(leader: u32) -> bool {
    numbers().any(|pid| {
        stat(pid).is_some_and(|stat| u32::try_from(stat.group) == Ok(leader) && stat.alive())
    })
}

/// Signals the group that the process leads, or the process alone if it leads none. A process that
/// is gone already is no error: whoever signals wants it to end.
pub(super) fn signal(process: ProcessIdentity, number: i32) -> Result<(), HostError> {
    let failed = |errno: Errno| HostError::Signal {
        pid: process.pid,
        source: errno.into(),
    };
    let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw);
    let signal = Signal::from_named_raw(number);
    let (Some(pid), Some(signal)) = (pid, signal) else {
        return Err(failed(Errno::INVAL));
    };
    // The descriptor is opened before the identity is compared: what it stands for cannot change
    // any more after that.
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok();
    let present = stat(process.pid).filter(ProcessStat::alive);
    if present
        .as_ref()
        .is_some_and(|stat| stat.identity != process)
    {
        return Ok(());
    }
    let Some(present) = present else {
        // As long as one of a group is left, the number of its leader is not given to another process.
        return match group_lives(process.pid).then(|| kill_process_group(pid, signal)) {
            None | Some(Ok(()) | Err(Errno::SRCH)) => Ok(()),
            Some(Err(errno)) => Err(failed(errno)),
        };
    };
    let sent = if present.group == pid.as_raw_nonzero().get() {
        kill_process_group(pid, signal)
    } else if let Some(pidfd) = pidfd {
        pidfd_send_signal(pidfd, signal)
    } else {
        kill_process(pid, signal)
    };
    match sent {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(errno) => Err(failed(errno)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let line = b"42 (a) R 1 (b) S 7 42 41 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 98765 0";
        let stat = parse_stat(42, line).unwrap();
        assert_eq!(stat.identity.start_time, 98765);
        assert_eq!((stat.state, stat.group, stat.session), (b'S', 42, 41));
    }

    #[test]
    fn this_process_is_alive_and_a_wrong_start_time_is_never_signalled() {
        let own = living(std::process::id()).unwrap();
        let other = ProcessIdentity {
            start_time: own.start_time + 1,
            ..own
        };
        signal(other, 9).unwrap();
        assert_eq!(living(own.pid), Some(own));
    }
}
