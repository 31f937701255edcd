//! What the client programs of a database say on standard error, as far as it is the same for all.

use std::sync::PoisonError;

use crate::adapter::Failure;
use crate::event::FailureKind;
use crate::host::{Control, Exit, Invocation};

/// Lines of a failure that are kept.
pub(in crate::adapter) const KEPT_LINES: usize = 8;

/// Whose statements a client ran. Decides what of them may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapter) enum Source {
    /// The kit's, or the operator's: names and conditions.
    Own,
    /// A dump's: rows of people's data.
    Dump,
}

/// What standard error says beside a good exit code.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::adapter) struct Said {
    /// Lines that make the run a failure.
    pub(in crate::adapter) failures: Vec<String>,
    /// Lines that the operator should see.
    pub(in crate::adapter) notes: Vec<String>,
}

impl Said {
    /// Sorts the lines of a run. Messages that were cut cannot be judged, and count as a failure.
    pub(in crate::adapter) fn sorted(
        lines: impl IntoIterator<Item = String>,
        exit: &Exit,
        is_failure: impl Fn(&str) -> bool,
    ) -> Self {
        let (mut failures, notes): (Vec<String>, Vec<String>) =
            lines.into_iter().partition(|line| is_failure(line));
        if exit.stderr.is_cut() {
            let text = format!("{} bytes of messages, too many to judge", exit.stderr.total);
            failures.push(text);
        }
        Self { failures, notes }
    }
}

/// A client that ended well without the end of what it was asked.
pub(in crate::adapter) fn no_end(what: &str, invocation: &Invocation, exit: &Exit) -> Failure {
    let program = &invocation.program;
    let mut failure = Failure::tool(
        format!("{program} ended well, and {what} has no end"),
        invocation,
        exit,
    )
    .hint(format!(
        "look what `{program}` is on this machine: its input or its output was cut on the way"
    ));
    failure.0.kind = FailureKind::Verification;
    failure
}

/// Lines for the step's log. A log that cannot be written is not worth breaking a restore for.
pub(in crate::adapter) fn log_lines(control: &Control, lines: impl IntoIterator<Item = String>) {
    let Some(log) = &control.log else { return };
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    for line in lines {
        let _ = writeln!(log, "{line}");
    }
}
