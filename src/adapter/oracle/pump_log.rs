//! The log of a Data Pump job: how it ended, what it complained of, how many rows it moved.

use std::collections::BTreeMap;

use super::messages::code;

/// How a job ended, by the last line that tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum End {
    /// No line tells: an unknown outcome, never a success.
    #[default]
    Untold,
    /// `successfully completed`
    Completed,
    /// `completed with N error(s)`
    CompletedWithErrors,
    /// `stopped due to fatal error`, `stopped by user request`
    Stopped,
}

/// A log that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PumpLog {
    pub(super) end: End,
    /// Lines with errors, in order.
    pub(super) errors: Vec<String>,
    /// Rows that were moved, by schema and table; those of partitions added up.
    pub(super) rows: BTreeMap<(String, String), u64>,
}

impl PumpLog {
    /// Reads a log.
    pub(super) fn of(text: &str) -> Self {
        let mut log = Self::default();
        for line in text.lines().map(str::trim) {
            if code(line).is_some() {
                log.errors.push(line.to_owned());
            } else if line.starts_with("Job \"") {
                log.end = end(line).unwrap_or(log.end);
            } else if let Some((schema, table, rows)) = moved(line) {
                *log.rows.entry((schema, table)).or_default() += rows;
            }
        }
        log
    }

    /// Errors that are not on the list. An entry is a code, or a code and a beginning of its text.
    pub(super) fn unexpected(&self, allowed: &[&str]) -> Vec<&String> {
        let is_allowed =
            |line: &&String| !allowed.iter().any(|beginning| line.starts_with(beginning));
        self.errors.iter().filter(is_allowed).collect()
    }
}

fn end(line: &str) -> Option<End> {
    if line.contains("\" successfully completed") {
        Some(End::Completed)
    } else if line.contains("\" completed with ") {
        Some(End::CompletedWithErrors)
    } else if line.contains("\" stopped ") {
        Some(End::Stopped)
    } else {
        None
    }
}

/// `. . exported "S"."T":"PARTITION"   7.9 MB   75929 rows`
fn moved(line: &str) -> Option<(String, String, u64)> {
    let rest = [". . exported ", ". . imported "]
        .iter()
        .find_map(|words| line.split_once(words))?
        .1;
    let mut names = rest.split('"');
    let schema = names.nth(1)?.to_owned();
    let table = names.nth(1)?.to_owned();
    let words: Vec<&str> = rest.rsplit('"').next()?.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "rows")?;
    let rows = words.get(at.checked_sub(1)?)?.parse().ok()?;
    Some((schema, table, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_errors_and_the_end_are_read() {
        let log = PumpLog::of(
            "Starting \"D\".\"J\":  d/********@freepdb1 parfile=export.par\n\
             . . exported \"D\".\"MY_LOBS\"                            7.9 MB   75929 rows\n\
             . . exported \"D\".\"LOG\":\"P1\"                          7.9 MB   3 rows\n\
             28-DEC-24 12:32:06.123: W-1 . . exported \"D\".\"LOG\":\"P2\"  8 KB 4 rows in 0 seconds\n\
             ORA-31693: Table data object \"D\".\"T\" failed\n\
             Job \"D\".\"J\" completed with 1 error(s) at Sat Dec 28 12:32:06 2024 elapsed 0 00:00:38\n",
        );
        assert_eq!(log.end, End::CompletedWithErrors);
        let rows = |table: &str| log.rows[&("D".to_owned(), table.to_owned())];
        assert_eq!((rows("MY_LOBS"), rows("LOG")), (75929, 7));
        assert_eq!(log.unexpected(&["ORA-31684"]).len(), 1);
        assert_eq!(log.unexpected(&["ORA-31693: Table data"]).len(), 0);
    }

    #[test]
    fn a_log_without_its_last_line_is_no_success() {
        assert_eq!(PumpLog::of("Starting \"D\".\"J\"").end, End::Untold);
        let stopped = "Job \"D\".\"J\" stopped due to fatal error at Mon";
        assert_eq!(PumpLog::of(stopped).end, End::Stopped);
    }
}
