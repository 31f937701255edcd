//! A plan for programs.
//!
//! # Format
//!
//! One JSON object, indented, UTF-8. `format` is the version (`1`): readers accept fields that they do
//! not know and refuse a higher number. `program`, `site`, `product`, `scenario`, `phase`, `runbook`
//! say what was planned; `documents` names every document with its SHA-256; `uses_set` and `writes_set`
//! speak of backup sets; `backups` and `state` are directories; `values` is the resolved site (secrets
//! only as references). `steps` stand in an order of execution: `id`, `step`, `item`, `title`, `part`,
//! `source`, `action`, `options`, `after` (positions in `steps`, each smaller than the step's own),
//! `host`, `timeout_ms`, `retry`, `on_failure`, `optional`, `effect`, `marks`, `max_parallel`,
//! `left_out` (why it will not run), and `preview`: what it does, each an object with one of
//! `command`, `reads`, `writes`, `removes`, `checks`, `note`. It is the file `plan.json` of a run's
//! directory and of a backup set.

use std::io::{self, Write};

use crate::plan::Plan;

/// Writes the plan as JSON.
pub fn json(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, plan)?;
    out.write_all(b"\n")
}
