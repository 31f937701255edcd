//! Numbers and reasons in words: the one place where messages get their plurals, sizes and times.

use crate::event::{Because, FailureKind, Level, Progress, ProgressUnit, RunOutcome};

/// `1 step`, `12,345 steps`.
pub fn plural(count: u64, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {noun}{s}", number(count))
}

/// `12,345`.
pub fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `512 B`, `1.4 GiB`: three digits at least, so that progress is seen.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    // 1023.95 would be shown as 1024.0.
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `0.3 s`, `42.0 s`, `2 min 3 s`, `1 h 2 min`, `3 d 4 h`.
pub fn duration(milliseconds: u64) -> String {
    let tenths = milliseconds.saturating_add(50) / 100;
    if tenths < 600 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = milliseconds.saturating_add(500) / 1000;
    let (big, big_unit, small, small_unit) = match seconds {
        0..3600 => (seconds / 60, "min", seconds % 60, "s"),
        3600..86400 => (seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => (seconds / 86400, "d", seconds % 86400 / 3600, "h"),
    };
    if small == 0 {
        format!("{big} {big_unit}")
    } else {
        format!("{big} {big_unit} {small} {small_unit}")
    }
}

/// `00:41`, `1:02:03`.
pub fn clock(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if hours == 0 {
        format!("{minutes:02}:{:02}", seconds % 60)
    } else {
        format!("{hours}:{minutes:02}:{:02}", seconds % 60)
    }
}

/// `1.0 GiB of 1.4 GiB`, `42 of 99`, `42`.
pub fn progress(progress: Progress) -> String {
    let say = |count| match progress.unit {
        ProgressUnit::Bytes => bytes(count),
        ProgressUnit::Items => number(count),
    };
    match progress.total {
        Some(total) => format!("{} of {}", say(progress.done), say(total)),
        None => say(progress.done),
    }
}

/// `a`, `a and b`, `a, b and c`, `a, b and 7 more` beyond `limit` names.
pub fn list<T: AsRef<str>>(names: &[T], limit: usize) -> String {
    let shown: Vec<&str> = names.iter().take(limit.max(1)).map(AsRef::as_ref).collect();
    let more = names.len() - shown.len();
    match (&shown[..], more) {
        ([], _) => String::new(),
        (names, 1..) => format!("{} and {} more", names.join(", "), number(more as u64)),
        ([one], 0) => (*one).to_owned(),
        ([first @ .., last], 0) => format!("{} and {last}", first.join(", ")),
    }
}

/// Why something did not happen, after "left out:" or "not run:".
pub fn because(because: &Because) -> String {
    match because {
        Because::WhenFalse(expression) => format!("`{}` is not so", clean(expression)),
        Because::SkippedByOperator => "skipped with --skip".to_owned(),
        Because::BeforeStart(step) => format!("comes before `{}` (--start-at)", clean(step)),
        Because::Disabled(reason) => format!("disabled: {}", clean(reason)),
        Because::NoItems => "there is nothing to do it for".to_owned(),
        Because::UpstreamFailed(step) => format!("`{}`, which it comes after, failed", clean(step)),
        Because::RunStopped => "the run was stopped before it".to_owned(),
        Because::RunFailed(step) => format!("`{}` failed and ended the run", clean(step)),
        Because::Declined(gate) => format!("`{}` was answered with no", clean(gate)),
        Because::Unknown => "for a reason that only a newer upgrade-kit knows".to_owned(),
    }
}

/// How far something is proven.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::L0 => "L0 files exist",
        Level::L1 => "L1 hashes match",
        Level::L2 => "L2 formats complete",
        Level::L3 => "L3 contents counted",
        Level::L4 => "L4 restored and compared",
    }
}

/// How a run ended.
pub fn outcome(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Done => "done",
        RunOutcome::Failed => "failed",
        RunOutcome::Interrupted => "interrupted",
        RunOutcome::Waiting => "waiting",
        RunOutcome::Unknown => "ended",
    }
}

/// What kind of failure it was.
pub fn failure_kind(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Tool => "the tool failed",
        FailureKind::Verification => "the result does not stand up to verification",
        FailureKind::Refused => "refused before anything was changed by it",
        FailureKind::Timeout => "the time limit passed",
        FailureKind::Stopped => "stopped on request",
        FailureKind::System => "the system refused",
        FailureKind::DamagedSet => "the backup set is damaged or does not fit",
        FailureKind::NeedsOperator => "only a person can tell what came of it",
        FailureKind::Internal => "a fault of upgrade-kit itself",
        FailureKind::Unknown => "a failure that only a newer upgrade-kit knows",
    }
}

/// The text with control characters made visible, so that a tool's output never drives the terminal
/// and never breaks a line.
pub fn clean(text: &str) -> String {
    use std::fmt::Write;
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push(' '),
            '\n' => shown.push_str(" | "),
            '\r' => {}
            // Marks that turn the direction of writing can make a line read as another one.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                _ = write!(shown, "\\u{{{:x}}}", c as u32);
            }
            c if c.is_control() => _ = write!(shown, "\\x{:02x}", c as u32),
            c => shown.push(c),
        }
    }
    shown
}

/// With a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(plural(1, "step"), "1 step");
        assert_eq!(plural(0, "step"), "0 steps");
        assert_eq!(plural(1_234_567, "row"), "1,234,567 rows");
        assert_eq!(number(999), "999");
    }

    #[test]
    fn sizes() {
        let shown = [0, 1023, 1024, 1_048_524, 1_048_575, 1_503_238_554, u64::MAX].map(bytes);
        assert_eq!(
            shown,
            [
                "0 B",
                "1023 B",
                "1.0 KiB",
                "1023.9 KiB",
                "1.0 MiB",
                "1.4 GiB",
                "16.0 EiB"
            ]
        );
    }

    #[test]
    fn times() {
        let cases = [
            0,
            1_249,
            59_949,
            59_950,
            60_000,
            123_000,
            3_599_600,
            3_725_000,
            273_600_000,
        ];
        let shown = cases.map(duration);
        assert_eq!(
            shown,
            [
                "0.0 s",
                "1.2 s",
                "59.9 s",
                "1 min",
                "1 min",
                "2 min 3 s",
                "1 h",
                "1 h 2 min",
                "3 d 4 h"
            ]
        );
        assert_eq!([41_999, 3_723_000].map(clock), ["00:41", "1:02:03"]);
        assert_eq!(duration(u64::MAX), "213503982334 d 14 h");
    }

    #[test]
    fn lists() {
        assert_eq!(list::<&str>(&[], 3), "");
        assert_eq!(list(&["a"], 3), "a");
        assert_eq!(list(&["a", "b", "c"], 3), "a, b and c");
        assert_eq!(list(&["a", "b", "c", "d"], 2), "a, b and 2 more");
    }

    #[test]
    fn a_tool_cannot_drive_the_terminal() {
        assert_eq!(
            clean("a\u{1b}[2Jb\r\nc\td\u{202e}"),
            "a\\x1b[2Jb | c d\\u{202e}"
        );
    }
}
