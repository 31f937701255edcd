//! A text with a name, and places in it.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::tree::{SyntaxFault, Tree};
use super::veil::Veil;

/// What ends a line for a YAML parser; editors and terminals know the first two only.
const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// A document's text under the name that messages show. Cheap to clone.
#[derive(Clone)]
pub struct SourceFile(Arc<Inner>);

struct Inner {
    name: String,
    text: String,
    tree: OnceLock<Result<Tree, SyntaxFault>>,
    veil: OnceLock<Veil>,
}

impl SourceFile {
    /// A text under the name that messages show: a path as the operator gave it, or the name of an
    /// embedded runbook. A byte order mark, which some editors put first, is dropped.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        Self(Arc::new(Inner {
            name: name.into(),
            text,
            tree: OnceLock::new(),
            veil: OnceLock::new(),
        }))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// A place in the text. Bytes beyond the end are cut off; a character of which the range has a part
    /// belongs to it whole.
    pub fn span(&self, range: Range<usize>) -> Span {
        let text = self.text();
        let mut end = range.end.min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        Span {
            file: self.clone(),
            range: self.character(range.start.min(end))..end,
        }
    }

    /// The first byte of the character that the byte is a part of.
    fn character(&self, offset: usize) -> usize {
        let text = self.text();
        let mut start = offset.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        start
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let text = self.text();
        let offset = self.character(offset);
        let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        let line = text[..start].matches('\n').count() + 1;
        (line, text[start..offset].chars().count() + 1)
    }

    /// The byte of a line and column, both from 1, columns in characters; the nearest one that exists.
    pub(super) fn offset(&self, line: usize, column: usize) -> usize {
        let text = self.text();
        let start = match line {
            0 | 1 => 0,
            _ => breaks(text).nth(line - 2).unwrap_or(text.len()),
        };
        let end = text[start..].find(BREAKS).unwrap_or(text.len() - start);
        text[start..start + end]
            .char_indices()
            .nth(column.max(1) - 1)
            .map_or(start + end, |(at, _)| start + at)
    }

    /// The place of the key at `path`: mapping keys and list positions, outermost first. A list item
    /// has no key: its place is the entry that names it (`id`, `name`), or its first one. If the path
    /// leads nowhere, the deepest part of it that exists.
    pub fn key_at<S: AsRef<str>>(&self, path: &[S]) -> Span {
        let range = self.tree().map(|tree| tree.nearest(path, true));
        self.span(range.unwrap_or(0..0))
    }

    /// The place of the value at `path`. If the path leads nowhere, the deepest part of it that
    /// exists.
    pub fn value_at<S: AsRef<str>>(&self, path: &[S]) -> Span {
        let range = self.tree().map(|tree| tree.nearest(path, false));
        self.span(range.unwrap_or(0..0))
    }

    /// The place of a part of the text at `path`, for an error inside an expression: `part` counts
    /// bytes of the decoded value. The whole value if the part is not there in the same letters
    /// (escapes, folded lines).
    pub fn part_at<S: AsRef<str>>(&self, path: &[S], part: Range<usize>) -> Span {
        let range = self.tree().map(|tree| tree.part(self.text(), path, part));
        self.span(range.unwrap_or(0..0))
    }

    /// Whether the document has something at `path`.
    pub fn has<S: AsRef<str>>(&self, path: &[S]) -> bool {
        self.tree().is_some_and(|tree| tree.exact(path).is_some())
    }

    /// What may be shown of the text.
    pub(super) fn veil(&self) -> &Veil {
        self.0.veil.get_or_init(|| Veil::over(self.text()))
    }

    /// The tree of the text, read once when it is first asked for.
    pub(super) fn tree(&self) -> Option<&Tree> {
        self.parsed().as_ref().ok()
    }

    /// The tree, or why there is none.
    pub(super) fn parsed(&self) -> &Result<Tree, SyntaxFault> {
        self.0.tree.get_or_init(|| Tree::read(self.text()))
    }
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.name() == other.name() && self.text() == other.text())
    }
}

impl Eq for SourceFile {}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceFile").field(&self.0.name).finish()
    }
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The document.
    pub file: SourceFile,
    /// Bytes of its text.
    pub range: Range<usize>,
}

impl Span {
    /// Line and column of its start, both from 1.
    pub fn line_column(&self) -> (usize, usize) {
        self.file.line_column(self.range.start)
    }
}

/// `site.yaml:3:7`, as editors and terminals make it a link.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.file.name())
    }
}

/// The beginnings of the lines after the first, as a YAML parser counts them.
fn breaks(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices(BREAKS)
        .filter(|(at, found)| *found != "\r" || !text[at + 1..].starts_with('\n'))
        .map(|(at, found)| at + found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_parser() {
        let file = SourceFile::new("x.yaml", "a\rb\r\nc\u{2028}d\ne");
        let places: Vec<usize> = (1..=6).map(|line| file.offset(line, 1)).collect();
        let letters = ['a', 'b', 'c', 'd', 'e'].map(|letter| file.text().find(letter).unwrap());
        assert_eq!(places[..5], letters);
        assert_eq!(places[5], file.text().len());
        assert_eq!(file.offset(1, 9), 1);
    }

    #[test]
    fn columns_count_characters() {
        let file = SourceFile::new("x.yaml", "ä: 1\nöü: 2\n");
        let two = file.text().find('2').unwrap();
        assert_eq!(file.line_column(two), (2, 5));
        assert_eq!(file.span(two..two + 1).to_string(), "x.yaml:2:5");
        assert_eq!(
            file.line_column(1),
            (1, 1),
            "inside a character counts as its start"
        );
        assert_eq!(file.line_column(999), (3, 1));
    }
}
