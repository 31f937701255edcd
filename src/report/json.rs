//! Events for programs.
//!
//! # Format
//!
//! One JSON object a line, in the order of the run, UTF-8, each flushed at once. Every object has
//! `seq` (rises by one from 1; a `step-progress` repeats the last), `at` (RFC 3339, UTC) and `event`
//! (the kind). The first is `run-started`: its `format` is the version of this format (`1`), and its
//! `steps` name every step of the run. A resumed run begins with `run-resumed` instead. The last is
//! `run-finished`. Kinds and fields are those of [`crate::event::EventKind`]; a reader ignores kinds
//! and fields that it does not know. The meaning of one that exists never changes without a new
//! `format`.

use std::io::{self, Write};

use super::reporter::Reporter;
use crate::event::Event;

/// Writes every event as a line of JSON.
pub struct JsonReporter<W> {
    out: W,
}

impl<W: Write> JsonReporter<W> {
    /// Writes to `out`, which nothing else should write to.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Reporter for JsonReporter<W> {
    fn past(&mut self, _event: &Event) {}

    fn event(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()
    }
}

/// A JSON document, indented, with a line break at its end.
pub(super) fn document(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
