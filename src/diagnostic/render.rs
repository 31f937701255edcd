//! The one renderer of problems, for people and for programs.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::normalize_untrusted_str as clean;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::code::Code;
use super::problem::{Label, Problem, Problems, Severity};

/// Lines of context above and below an underline.
const CONTEXT: usize = 1;

/// How problems are drawn for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rendering {
    /// With ANSI colours.
    pub colour: bool,
    /// Columns of the terminal; longer source lines are cut around the underline.
    pub width: usize,
}

impl Default for Rendering {
    fn default() -> Self {
        Self {
            colour: false,
            width: 120,
        }
    }
}

impl Problems {
    /// Every problem with its place underlined, a blank line between two, and a closing count.
    pub fn render(&self, how: Rendering) -> String {
        let base = if how.colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let renderer = base.term_width(how.width.max(40));
        let mut out = String::new();
        for problem in self {
            let shown = shown(problem);
            let text = renderer.render(&[group(&shown)]);
            let lines = text.lines().filter(|line| {
                // Without a place the renderer leaves the empty edge of one.
                shown.label.is_some()
                    || anstream::adapter::strip_str(line).to_string().trim() != "|"
            });
            for line in lines {
                out.push_str(line);
                out.push('\n');
            }
            out.push('\n');
        }
        if self.len() > 1 {
            out.push_str(&self.count());
            out.push('\n');
        }
        out
    }

    /// As JSON: a list with one object a problem: `code`, `severity`, `message`, `help` (a list), and
    /// where known `file`, `line`, `column`, `end_line`, `end_column` (from 1, in characters, the end
    /// exclusive), `label`, and `related` (a list of further places).
    pub fn to_json(&self) -> serde_json::Value {
        let shown: Vec<Problem> = self.iter().map(shown).collect();
        let all: Vec<ProblemJson<'_>> = shown.iter().map(ProblemJson::of).collect();
        serde_json::to_value(all).unwrap_or_default()
    }

    /// `3 errors, 1 warning`.
    fn count(&self) -> String {
        let errors = self
            .iter()
            .filter(|one| one.severity == Severity::Error)
            .count();
        let named = |count: usize, word: &str| match count {
            0 => None,
            1 => Some(format!("1 {word}")),
            _ => Some(format!("{count} {word}s")),
        };
        [
            named(errors, "error"),
            named(self.len() - errors, "warning"),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
    }
}

/// The problem without secrets that its documents hold.
fn shown(problem: &Problem) -> Problem {
    let mut shown = problem.clone();
    for label in problem.label.iter().chain(&problem.related) {
        let veil = label.span.file.veil();
        let labels = shown.label.iter_mut().chain(&mut shown.related);
        let texts = labels.map(|label| &mut label.text);
        for text in texts.chain(&mut shown.help).chain([&mut shown.message]) {
            *text = veil.clean(text);
        }
    }
    shown
}

fn group(problem: &Problem) -> Group<'_> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(clean(&problem.message))
        .id(problem.code.as_str());
    let mut elements: Vec<Element<'_>> = Vec::new();
    for labels in by_file(problem) {
        elements.push(snippet(&labels).into());
    }
    for help in &problem.help {
        elements.push(Level::HELP.message(clean(help)).into());
    }
    title.elements(elements)
}

/// The labels of a problem, those of one file together, the file of the main label first.
fn by_file(problem: &Problem) -> Vec<Vec<(AnnotationKind, &Label)>> {
    let main = problem
        .label
        .iter()
        .map(|label| (AnnotationKind::Primary, label));
    let related = problem
        .related
        .iter()
        .map(|label| (AnnotationKind::Context, label));
    let mut order: Vec<&str> = Vec::new();
    let mut files: BTreeMap<&str, Vec<(AnnotationKind, &Label)>> = BTreeMap::new();
    for (kind, label) in main.chain(related) {
        let name = label.span.file.name();
        if !order.contains(&name) {
            order.push(name);
        }
        files.entry(name).or_default().push((kind, label));
    }
    order.iter().filter_map(|name| files.remove(name)).collect()
}

/// One file's part. Only the lines around its labels are handed on: the drawing of fifty problems in
/// a document of megabytes must not cost fifty passes over it.
fn snippet<'a>(
    labels: &[(AnnotationKind, &'a Label)],
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let Some((_, first)) = labels.first() else {
        return Snippet::source("");
    };
    let text = first.span.file.veil().text();
    let start = labels
        .iter()
        .map(|(_, label)| label.span.range.start)
        .min()
        .unwrap_or(0);
    let end = labels
        .iter()
        .map(|(_, label)| label.span.range.end)
        .max()
        .unwrap_or(0);
    let window = lines_around(text, start..end);
    let (line, _) = first.span.file.line_column(window.start);
    Snippet::source(&text[window.clone()])
        .line_start(line)
        .path(first.span.file.name())
        .annotations(labels.iter().map(|(kind, label)| {
            let range = visible(text, &label.span.range);
            let shifted = range.start - window.start..range.end - window.start;
            let annotation = kind.span(shifted);
            if label.text.is_empty() {
                annotation
            } else {
                annotation.label(clean(&label.text))
            }
        }))
}

/// Whole lines around a range.
fn lines_around(text: &str, range: Range<usize>) -> Range<usize> {
    let mut start = range.start;
    for _ in 0..=CONTEXT {
        start = text[..start].rfind('\n').unwrap_or(0);
    }
    if start > 0 {
        start += 1;
    }
    let mut end = range.end;
    for _ in 0..=CONTEXT {
        end = text[end..]
            .find('\n')
            .map_or(text.len(), |at| (end + at + 1).min(text.len()));
    }
    start..end
}

/// A range as it is underlined: a value of several lines is shown by its first line only, and an
/// empty one at the end of a line stays where it is.
fn visible(text: &str, range: &Range<usize>) -> Range<usize> {
    let shown = &text[range.clone()];
    let first = shown.lines().next().unwrap_or("").trim_end();
    range.start..range.start + first.len()
}

#[derive(Serialize)]
struct ProblemJson<'a> {
    code: Code,
    severity: Severity,
    message: &'a str,
    #[serde(flatten)]
    place: Option<PlaceJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<PlaceJson<'a>>,
    help: &'a [String],
}

#[derive(Serialize)]
struct PlaceJson<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
}

impl<'a> ProblemJson<'a> {
    fn of(problem: &'a Problem) -> Self {
        Self {
            code: problem.code,
            severity: problem.severity,
            message: &problem.message,
            place: problem.label.as_ref().map(PlaceJson::of),
            related: problem.related.iter().map(PlaceJson::of).collect(),
            help: &problem.help,
        }
    }
}

impl<'a> PlaceJson<'a> {
    fn of(label: &'a Label) -> Self {
        let (line, column) = label.span.line_column();
        let (end_line, end_column) = label.span.file.line_column(label.span.range.end);
        Self {
            file: label.span.file.name(),
            line,
            column,
            end_line,
            end_column,
            label: &label.text,
        }
    }
}
