//! What must happen between `fork` and `exec`, and which descriptors a tool inherits. The only
//! unsafe code of the program.
//!
//! A tool gets a session of its own, because a tool in a mere background process group that reads
//! `/dev/tty` (`mysqldump -p`, `keytool`) would be stopped by the kernel and wait for ever; without
//! a terminal its open fails at once. `CommandExt::setsid` is not stable yet.
#![expect(
    unsafe_code,
    reason = "`pre_exec` is the only way to a session of its own and to descriptors at agreed numbers"
)]

use std::mem::ManuallyDrop;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Once;

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

/// The first descriptor after the three standard ones.
pub(super) const FIRST: RawFd = 3;

/// Makes the command start in its own session, with `pipes` at the descriptors from [`FIRST`] on.
/// Each of `pipes` must have a number above those, so that none is overwritten before its turn.
pub(super) fn own_session(command: &mut Command, pipes: Vec<OwnedFd>) {
    close_inherited_on_exec();
    let prepare = move || {
        rustix::process::setsid()?;
        for (target, pipe) in (FIRST..).zip(&pipes) {
            // SAFETY: `dup2` closes whatever the number stands for in this child and makes it the
            // pipe; nothing else in the child refers to it, and `ManuallyDrop` keeps it open.
            let mut target = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(target) });
            rustix::io::dup2(pipe, &mut target)?;
        }
        Ok(())
    };
    // SAFETY: the closure makes plain system calls only: it neither allocates nor takes a lock.
    unsafe {
        command.pre_exec(prepare);
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
            .filter(|&number| number >= FIRST)
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
