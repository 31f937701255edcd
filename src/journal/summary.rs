//! A run in one line, from the first and the last line of its journal.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use jiff::Timestamp;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::error::JournalError;
use super::format;
use crate::event::{Event, EventKind, RunOutcome};

/// Bytes at the end of a journal in which its last event is looked for: `RunFinished` fits in
/// easily, and a longer last line is some other event.
const TAIL: u64 = 64 * 1024;

/// What `runs` shows of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// Id.
    pub run: String,
    /// `backup`, `upgrade` or `restore`.
    pub phase: String,
    /// The scenario.
    pub scenario: String,
    /// The backup set that it writes, or else the one that it uses.
    pub set: Option<String>,
    /// See `order` of [`EventKind::RunStarted`].
    pub order: u64,
    /// When it started.
    pub started: Timestamp,
    /// How many steps its plan has.
    pub steps: usize,
    /// When its latest event happened.
    pub latest: Timestamp,
    /// How its last stretch ended; `None` if it is at work or was killed.
    pub outcome: Option<RunOutcome>,
}

/// A run whose journal does not even tell how it began.
#[derive(Debug)]
pub struct UntoldRun {
    /// Id.
    pub run: String,
    /// What is wrong with its journal.
    pub error: JournalError,
}

#[derive(Deserialize)]
struct Head {
    at: Timestamp,
    phase: String,
    scenario: String,
    #[serde(default)]
    set: Option<String>,
    #[serde(default)]
    uses: Option<String>,
    #[serde(default)]
    order: u64,
    #[serde(deserialize_with = "count")]
    steps: usize,
}

impl RunSummary {
    /// The summary of a run, `None` if its journal does not hold a whole line. Does not verify the
    /// journal: that is for whoever relies on it.
    pub(super) fn of(journal: &Path, run: &str) -> Result<Option<Self>, JournalError> {
        let failed = |error| JournalError::file("read", journal, error);
        let mut reader = BufReader::new(File::open(journal).map_err(failed)?);
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).map_err(failed)?;
        if line.last() != Some(&b'\n') {
            return Ok(None);
        }
        format::check(journal, &line, format::JOURNAL_FORMAT)?;
        let head: Head = serde_json::from_slice(&line)
            .map_err(|error| JournalError::json(journal, 1, &error))?;
        let last = last_event(reader).map_err(failed)?;
        Ok(Some(Self {
            run: run.to_owned(),
            phase: head.phase,
            scenario: head.scenario,
            set: head.set.or(head.uses),
            order: head.order,
            started: head.at,
            steps: head.steps,
            latest: last.as_ref().map_or(head.at, |event| event.at),
            outcome: match last.map(|event| event.kind) {
                Some(EventKind::RunFinished { outcome, .. }) => Some(outcome),
                _ => None,
            },
        }))
    }
}

fn last_event(mut reader: BufReader<File>) -> std::io::Result<Option<Event>> {
    let length = reader.get_ref().metadata()?.len();
    reader.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    reader.read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
    let last = tail[..whole].rsplit(|&byte| byte == b'\n').next();
    Ok(last.and_then(|line| serde_json::from_slice(line).ok()))
}

/// Counts a list without keeping it.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    struct Counter;
    impl<'de> Visitor<'de> for Counter {
        type Value = usize;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<usize, A::Error> {
            let mut count = 0;
            while list.next_element::<IgnoredAny>()?.is_some() {
                count += 1;
            }
            Ok(count)
        }
    }
    deserializer.deserialize_seq(Counter)
}
