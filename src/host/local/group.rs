//! The process group of a tool: asking it to end, killing it, and finding what outlived its leader.

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::process;

/// Asks every process of the group to end.
pub(super) fn ask(group: Pid) {
    let _ = kill_process_group(group, Signal::TERM);
}

/// Kills every process of the group.
pub(super) fn kill(group: Pid) {
    let _ = kill_process_group(group, Signal::KILL);
}

/// How many living processes the group has after its leader was reaped.
///
/// One system call in the usual case that there are none. Otherwise the processes are looked at:
/// dead ones that their parent has not reaped do not count, and if the leader's number lives again
/// it was given to a stranger, which it can be only after the last member was gone.
pub(super) fn survivors(group: Pid) -> u32 {
    if test_kill_process_group(group).is_err() {
        return 0;
    }
    let number = group.as_raw_nonzero().get();
    let mut count = 0;
    for member in process::numbers()
        .filter_map(process::stat)
        .filter(|stat| stat.group == number && stat.session == number)
    {
        if member.identity.pid == number as u32 {
            return 0;
        }
        count += u32::from(member.alive());
    }
    count
}
