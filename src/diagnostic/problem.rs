//! Problems and their collector.

use std::fmt;

use serde::Serialize;

use super::code::Code;
use super::render::Rendering;
use super::source::Span;

/// How serious a problem is. Ordered: errors first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The document cannot be used.
    Error,
    /// It can, but the author should look.
    Warning,
}

/// A place with a word on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there; may be empty.
    pub text: String,
}

/// Something wrong in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    /// How serious.
    pub severity: Severity,
    /// What is wrong: a lowercase fragment without a final period.
    pub message: String,
    /// Where.
    pub label: Option<Label>,
    /// Other places that belong to it (the first of two equal keys).
    pub related: Vec<Label>,
    /// What to do, one sentence each.
    pub help: Vec<String>,
}

impl Problem {
    /// An error without a place.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            label: None,
            related: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning without a place.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// With its place and a word on it (may be empty).
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.label = Some(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// With another place that belongs to it.
    #[must_use]
    pub fn and(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// With what to do, if there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<impl Into<String>>) -> Self {
        self.help.extend(help.map(Into::into));
        self
    }

    fn order(&self) -> (&str, usize, usize) {
        self.label.as_ref().map_or(("", 0, 0), |label| {
            (
                label.span.file.name(),
                label.span.range.start,
                label.span.range.end,
            )
        })
    }
}

/// Problems, sorted by file and place; none twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// No problems.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one in.
    pub fn push(&mut self, problem: Problem) {
        let at = self.0.partition_point(|other| {
            (other.order(), other.severity) <= (problem.order(), problem.severity)
        });
        if !self.0[..at]
            .iter()
            .rev()
            .take_while(|other| other.order() == problem.order())
            .any(|other| *other == problem)
        {
            self.0.insert(at, problem);
        }
    }

    /// Takes all of the other's.
    pub fn extend(&mut self, other: Problems) {
        for problem in other.0 {
            self.push(problem);
        }
    }

    /// Whether there is none, not even a warning.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is an error.
    pub fn has_errors(&self) -> bool {
        self.iter()
            .any(|problem| problem.severity == Severity::Error)
    }

    /// In order.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// `value` if there is no error, these problems otherwise. Warnings are for the caller to show
    /// beforehand.
    pub fn unless_errors<T>(self, value: T) -> Result<T, Problems> {
        if self.has_errors() {
            Err(self)
        } else {
            Ok(value)
        }
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl FromIterator<Problem> for Problems {
    fn from_iter<I: IntoIterator<Item = Problem>>(problems: I) -> Self {
        let mut all = Self::new();
        for problem in problems {
            all.push(problem);
        }
        all
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// All of them without colour, as the terminal shows them.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Rendering::default()))
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::SourceFile;

    #[test]
    fn sorted_and_without_repetition() {
        let (a, b) = (SourceFile::new("a", "xyz"), SourceFile::new("b", "xyz"));
        let at = |file: &SourceFile, from: usize| {
            Problem::error(Code::SYNTAX, "m").at(file.span(from..3), "")
        };
        let problems: Problems = [
            at(&b, 0),
            at(&a, 2),
            at(&a, 1),
            at(&b, 0),
            Problem::error(Code::SYNTAX, "m"),
        ]
        .into_iter()
        .collect();
        let order: Vec<_> = problems.iter().map(Problem::order).collect();
        assert_eq!(order, [("", 0, 0), ("a", 1, 3), ("a", 2, 3), ("b", 0, 3)]);
        assert!(problems.has_errors());
        let only: Problems = Problem::warning(Code::SYNTAX, "w").into();
        assert!(!only.has_errors() && !only.is_empty());
        assert_eq!(only.unless_errors(7), Ok(7));
    }
}
