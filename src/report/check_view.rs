//! What a check found.

use std::fmt::Write;

use serde::Serialize;

use super::words::{self, clean};
use crate::adapter::{Finding, Severity};

/// What the check of a step found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepFindings {
    /// The step, or what else was looked at.
    pub step: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// For reading: refusals first, then warnings, then what is good to know, and a count.
pub fn text(found: &[StepFindings]) -> String {
    let mut text = String::new();
    for severity in [Severity::Refuse, Severity::Warning, Severity::Info] {
        let title = match severity {
            Severity::Refuse => "REFUSED",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        for (step, finding) in all(found).filter(|(_, finding)| finding.severity == severity) {
            let mut lines = finding.message.lines();
            let first = clean(lines.next().unwrap_or_default());
            _ = writeln!(text, "{title:<8} {}: {first}", clean(step));
            // The lines of a difference stay lines.
            for line in lines {
                _ = writeln!(text, "{:8}   {}", "", clean(line));
            }
            if let Some(hint) = &finding.hint {
                _ = writeln!(text, "{:8} to do: {}", "", clean(hint));
            }
        }
    }
    let count = |severity| {
        all(found)
            .filter(|(_, finding)| finding.severity == severity)
            .count() as u64
    };
    let (refused, warned) = (count(Severity::Refuse), count(Severity::Warning));
    if !text.is_empty() {
        text.push('\n');
    }
    _ = match (refused, warned) {
        (0, 0) => writeln!(text, "nothing stands in the way"),
        (0, warned) => writeln!(
            text,
            "nothing stands in the way; {}",
            words::plural(warned, "warning")
        ),
        (refused, 0) => writeln!(text, "{} in the way", stands(refused)),
        (refused, warned) => {
            writeln!(
                text,
                "{} in the way; {}",
                stands(refused),
                words::plural(warned, "warning")
            )
        }
    };
    text
}

fn stands(count: u64) -> String {
    if count == 1 {
        "1 thing stands".to_owned()
    } else {
        format!("{} things stand", words::number(count))
    }
}

/// For programs: `{"format": 1, "refused": false, "findings": [{"step", "severity", "message",
/// "hint"}]}`, refusals first; `severity` is `refuse`, `warning` or `info`.
pub fn json(found: &[StepFindings]) -> String {
    #[derive(Serialize)]
    struct Row<'a> {
        step: &'a str,
        #[serde(flatten)]
        finding: &'a Finding,
    }
    let mut rows: Vec<Row<'_>> = all(found)
        .map(|(step, finding)| Row { step, finding })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.finding.severity));
    let refused = rows
        .iter()
        .any(|row| row.finding.severity == Severity::Refuse);
    super::json::document(&serde_json::json!({ "format": 1, "refused": refused, "findings": rows }))
}

fn all(found: &[StepFindings]) -> impl Iterator<Item = (&str, &Finding)> {
    found.iter().flat_map(|step| {
        step.findings
            .iter()
            .map(|finding| (step.step.as_str(), finding))
    })
}
