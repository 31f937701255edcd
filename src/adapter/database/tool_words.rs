//! What the client programs of a database say on standard error, as far as it is the same for all.

use std::sync::PoisonError;

use crate::host::{Control, Exit};

/// Lines of a failure that are kept.
pub(in crate::adapter) const KEPT_LINES: usize = 8;

/// Characters of a line that are kept.
const KEPT_CHARACTERS: usize = 400;

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

/// A line, cut where it becomes too long to be read.
pub(in crate::adapter) fn clipped(line: String) -> String {
    match line.char_indices().nth(KEPT_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Lines for the step's log. A log that cannot be written is not worth breaking a restore for.
pub(in crate::adapter) fn log_lines(control: &Control, lines: impl IntoIterator<Item = String>) {
    let Some(log) = &control.log else { return };
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    for line in lines {
        let _ = writeln!(log, "{line}");
    }
}
