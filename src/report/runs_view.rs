//! The runs of a site.

use jiff::Timestamp;
use serde::Serialize;

use super::lines::stamp;
use super::table::{Lean, table};
use super::words;
use crate::event::RunOutcome;

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its id.
    pub run: String,
    /// `backup`, `upgrade` or `restore`.
    pub phase: String,
    /// The scenario.
    pub scenario: String,
    /// The backup set that it writes or uses.
    pub set: Option<String>,
    /// When it started.
    pub started: Timestamp,
    /// When its latest event happened.
    pub latest: Timestamp,
    /// How many steps its plan has.
    pub steps: usize,
    /// How its last stretch ended, if it ended.
    pub outcome: Option<RunOutcome>,
    /// Whether it is at work now.
    pub at_work: bool,
}

impl Row {
    /// `done`, `failed`, `interrupted`, `waiting`, `at work`, or `cut off` for a run that neither ended
    /// nor is at work.
    fn status(&self) -> &'static str {
        match (self.at_work, self.outcome) {
            (true, _) => "at work",
            (false, Some(outcome)) => words::outcome(outcome),
            (false, None) => "cut off",
        }
    }
}

/// For reading.
pub fn text(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no runs yet\n".to_owned();
    }
    let heading = [
        ("RUN", Lean::Left),
        ("PHASE", Lean::Left),
        ("SCENARIO", Lean::Left),
        ("STATUS", Lean::Left),
        ("STARTED", Lean::Left),
        ("FOR", Lean::Right),
        ("STEPS", Lean::Right),
        ("BACKUP SET", Lean::Left),
    ];
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let lasted = row.latest.as_millisecond() - row.started.as_millisecond();
            vec![
                row.run.clone(),
                row.phase.clone(),
                row.scenario.clone(),
                row.status().to_owned(),
                stamp(row.started),
                words::duration(u64::try_from(lasted).unwrap_or(0)),
                words::number(row.steps as u64),
                row.set.clone().unwrap_or_else(|| "-".to_owned()),
            ]
        })
        .collect();
    table(&heading, &cells, 0)
}

/// For programs: `{"format": 1, "runs": […]}` with the fields of [`Row`] and `status`.
pub fn json(rows: &[Row]) -> String {
    #[derive(Serialize)]
    struct Shown<'a> {
        #[serde(flatten)]
        row: &'a Row,
        status: &'a str,
    }
    let runs: Vec<Shown<'_>> = rows
        .iter()
        .map(|row| Shown {
            row,
            status: row.status(),
        })
        .collect();
    super::json::document(&serde_json::json!({ "format": 1, "runs": runs }))
}
