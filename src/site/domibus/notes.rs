//! What discovery has to say: notes beside the result, problems instead of it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::site::properties::LineProblem;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1; 0 if the whole file is meant.
    pub line: u32,
}

impl Place {
    pub(super) fn new(file: &Path, line: u32) -> Self {
        Self {
            file: file.to_owned(),
            line,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}", self.file.display()),
            line => write!(formatter, "{}:{line}", self.file.display()),
        }
    }
}

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look at it.
    Warning,
    /// A backup or upgrade that relies on this part must not start.
    Refuse,
}

/// Something worth saying about an installation that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// How much it matters.
    pub severity: Severity,
    /// The place that causes it.
    pub place: Option<Place>,
    /// What is so.
    pub text: String,
    /// What to do about it.
    pub help: String,
}

/// Something because of which no installation could be described.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where it is.
    pub place: Option<Place>,
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(formatter, "{place}: ")?;
        }
        formatter.write_str(&self.text)?;
        if !self.help.is_empty() {
            write!(formatter, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

/// The installation cannot be described; every reason that was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(problems))]
pub struct DiscoveryError {
    /// The reasons.
    pub problems: Vec<Problem>,
    /// What else was noticed on the way.
    pub notes: Vec<Note>,
}

fn listed(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    format!(
        "failed to read the Domibus installation\n{}",
        lines.join("\n")
    )
}

/// Everything noticed so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) notes: Vec<Note>,
    pub(super) problems: Vec<Problem>,
}

impl Findings {
    pub(super) fn note(
        &mut self,
        severity: Severity,
        place: Option<Place>,
        text: impl Into<String>,
        help: impl Into<String>,
    ) {
        let note = Note {
            severity,
            place,
            text: text.into(),
            help: help.into(),
        };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(super) fn problem(
        &mut self,
        place: Option<Place>,
        text: impl Into<String>,
        help: impl Into<String>,
    ) {
        let problem = Problem {
            place,
            text: text.into(),
            help: help.into(),
        };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    pub(super) fn unreadable(&mut self, path: &Path, error: &std::io::Error) {
        self.problem(
            Some(Place::new(path, 0)),
            format!("cannot be read: {error}"),
            "run the discovery as a user who may read the installation",
        );
    }

    pub(super) fn malformed(&mut self, path: &Path, problems: Vec<LineProblem>) {
        for problem in problems {
            self.problem(
                Some(Place::new(path, problem.line)),
                problem.text,
                "Domibus refuses the whole file; write \\\\ for a backslash",
            );
        }
    }
}
