//! What is wrong with a text that is not YAML, in words that help.
//!
//! A YAML parser notices a mistake where the text stops making sense, often a line after the mistake,
//! and says it in the terms of its own grammar. Here its words and place are taken as the symptom and
//! the lines around it are looked at for the cause.

use std::ops::Range;

use super::code::Code;
use super::problem::Problem;
use super::source::SourceFile;
use super::tree::SyntaxFault;

/// A parser's complaint: `problem at line 3 column 4, context at line 2 column 3`.
struct Complaint<'a> {
    file: &'a SourceFile,
    /// The parser's words on what it found.
    words: &'a str,
    /// Its words on what it was doing.
    context: &'a str,
    /// Byte where it stopped.
    at: usize,
    /// Byte where what it was doing began.
    since: Option<usize>,
}

/// The problem behind the decoder's syntax error.
pub(super) fn explain(file: &SourceFile, error: &serde_yaml::Error) -> Problem {
    let message = error.to_string();
    let (first, second) = message.split_once(", while ").unwrap_or((&message, ""));
    let (words, place) = split_place(first);
    let (context, since) = split_place(second);
    let located = error
        .location()
        .map(|location| (location.line(), location.column()));
    let stopped = match file.parsed() {
        // The decoder takes a line left of the first key for a document of its own and says no place.
        Err(SyntaxFault::Syntax { offset, .. }) => *offset,
        _ => 0,
    };
    let at = place
        .or(located)
        .map_or(stopped, |(line, column)| file.offset(line, column));
    let complaint = Complaint {
        file,
        words,
        context,
        at,
        since: since.map(|(line, column)| file.offset(line, column)),
    };
    complaint.problem()
}

/// `words at line 3 column 4` in its parts.
fn split_place(text: &str) -> (&str, Option<(usize, usize)>) {
    let Some((words, place)) = text.rsplit_once(" at line ") else {
        let words = text
            .rsplit_once(" at position ")
            .map_or(text, |(words, _)| words);
        return (words, None);
    };
    let numbers = place
        .split_once(" column ")
        .and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
    (words, numbers)
}

/// An invisible byte order mark on the line of the byte, as copied text brings it along.
pub(super) fn byte_order_mark(file: &SourceFile, at: usize) -> Option<Problem> {
    let text = file.text();
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let mark = start + text[start..].lines().next()?.find('\u{feff}')?;
    let problem = Problem::error(
        Code::SYNTAX,
        "an invisible character (a byte order mark, U+FEFF) stands in the text",
    )
    .at(file.span(mark..mark + 1), "before this place")
    .help("delete this part of the line and type it again");
    Some(problem)
}

impl Complaint<'_> {
    fn problem(&self) -> Problem {
        byte_order_mark(self.file, self.at)
            .or_else(|| self.tab())
            .or_else(|| self.quote())
            .or_else(|| self.bracket())
            .or_else(|| self.forbidden_character())
            .or_else(|| self.colon())
            .or_else(|| self.indentation())
            .unwrap_or_else(|| {
                let message = format!("this is not YAML: {}", self.words);
                Problem::error(Code::SYNTAX, message)
                    .at(self.file.span(self.rest_of_line(self.at)), "")
            })
    }

    fn text(&self) -> &str {
        self.file.text()
    }

    /// The line that holds the byte, without its line break.
    fn line(&self, at: usize) -> Range<usize> {
        let at = at.min(self.text().len());
        let start = self.text()[..at].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text()[at..]
            .find('\n')
            .map_or(self.text().len(), |end| at + end);
        start..end
    }

    /// From the byte to the last letter of its line; at least the byte's own place.
    fn rest_of_line(&self, at: usize) -> Range<usize> {
        let line = self.line(at);
        let start = at.min(line.end);
        start..start + self.text()[start..line.end].trim_end().len()
    }

    /// The letters of the line without indentation and trailing blanks.
    fn content(&self, at: usize) -> Range<usize> {
        let line = self.line(at);
        let text = &self.text()[line.clone()];
        let start = line.start + (text.len() - text.trim_start().len());
        start..start.max(line.start + text.trim_end().len())
    }

    /// The nearest line above that says something.
    fn line_above(&self, at: usize) -> Option<Range<usize>> {
        let mut start = self.line(at).start;
        while start > 0 {
            let content = self.content(start - 1);
            if !content.is_empty() && !self.text()[content.clone()].starts_with('#') {
                return Some(content);
            }
            start = self.line(start - 1).start;
        }
        None
    }

    fn tab(&self) -> Option<Problem> {
        let line = self.line(self.at);
        let text = &self.text()[line.clone()];
        let indentation = text.len() - text.trim_start_matches([' ', '\t']).len();
        let tab = text[..indentation].find('\t')?;
        let tabs = text[tab..]
            .bytes()
            .take_while(|&byte| byte == b'\t')
            .count();
        let start = line.start + tab;
        let problem = Problem::error(Code::TAB, "a tab stands in the indentation")
            .at(self.file.span(start..start + tabs), "tab")
            .help("YAML is indented with spaces only; set your editor to insert spaces");
        Some(problem)
    }

    fn quote(&self) -> Option<Problem> {
        if self.words.contains("escape character") {
            let escape = self.file.span(self.at.saturating_sub(1)..self.at + 1);
            let problem = Problem::error(Code::QUOTE, "this escape does not exist in \"…\"")
                .at(escape, "")
                .help("double the backslash, or use '…', where a backslash is only a backslash");
            return Some(problem);
        }
        if self.context.contains("quoted scalar") {
            return self.since.map(|since| self.unclosed_quote(since));
        }
        let before = self.text()[..self.at].trim_end_matches(' ');
        let quote = before
            .chars()
            .next_back()
            .filter(|last| matches!(last, '"' | '\''))?;
        if !self.words.starts_with("did not find expected") {
            return None;
        }
        let line = self.line(self.at);
        let mut above = line.start;
        while above > 0 && line.start - above < 4096 {
            let earlier = self.line(above - 1);
            if let Some(open) = open_quote(&self.text()[earlier.clone()]) {
                return Some(self.unclosed_quote(earlier.start + open));
            }
            above = earlier.start;
        }
        let help = if quote == '\'' {
            "inside '…' write the quote twice: 'it''s'; or put the whole text in \"…\""
        } else {
            "inside \"…\" write the quote as \\\"; or put the whole text in '…'"
        };
        let problem = Problem::error(Code::QUOTE, "the text goes on after its closing quote")
            .at(
                self.file.span(self.rest_of_line(self.at)),
                "not part of the quoted text",
            )
            .help(help);
        Some(problem)
    }

    fn unclosed_quote(&self, at: usize) -> Problem {
        Problem::error(Code::QUOTE, "this quote is never closed")
            .at(self.file.span(self.rest_of_line(at)), "opened here")
            .help("close it at the end of the text it belongs to")
    }

    fn bracket(&self) -> Option<Problem> {
        let since = self.since?;
        if !self.context.contains("flow ") {
            return None;
        }
        let line = &self.text()[self.line(since)];
        let after = self.text().get(since..=self.at).unwrap_or("");
        if after.contains("${") || line.contains("{{") {
            let start = after.rfind("${").map_or(self.at, |at| since + at);
            let problem = Problem::error(
                Code::QUOTE,
                "an expression stands bare in `{ … }` or `[ … ]`",
            )
            .at(self.file.span(self.rest_of_line(start)), "")
            .help("put the expression in quotes: \"${ … }\"");
            return Some(problem);
        }
        let (bracket, close) = match self.text()[since..].chars().next()? {
            '{' => ('{', '}'),
            '[' => ('[', ']'),
            _ => return None,
        };
        let problem = Problem::error(Code::QUOTE, format!("this `{bracket}` is never closed"))
            .at(self.file.span(since..since + 1), "opened here")
            .and(
                self.file.span(self.rest_of_line(self.at)),
                "still inside it here",
            )
            .help(format!(
                "close it with `{close}`, and put a comma between two entries"
            ));
        Some(problem)
    }

    fn forbidden_character(&self) -> Option<Problem> {
        let found = self.text()[self.at..].chars().next();
        if self.words.contains("control characters") || self.words.contains("unprintable") {
            let at = self
                .text()
                .find(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))?;
            let problem = Problem::error(Code::SYNTAX, "a control character stands in the text")
                .at(self.file.span(at..at + 1), "")
                .help("remove it; in \"…\" it can be written as \\xNN");
            return Some(problem);
        }
        if self.words.contains("unknown anchor") {
            let problem = Problem::error(
                Code::ALIAS,
                "aliases (`*name`) are not part of the language",
            )
            .at(self.file.span(self.rest_of_line(self.at)), "")
            .help("write the value out, or put text that starts with `*` in quotes");
            return Some(problem);
        }
        if !self.words.contains("cannot start any token") {
            return None;
        }
        let found = found?;
        let problem = Problem::error(
            Code::SYNTAX,
            format!("a bare text cannot start with `{found}`"),
        )
        .at(self.file.span(self.rest_of_line(self.at)), "")
        .help("put the text in quotes");
        Some(problem)
    }

    fn colon(&self) -> Option<Problem> {
        if self.words.contains("could not find expected ':'") {
            let at = self.since.unwrap_or(self.at);
            let problem = Problem::error(Code::COLON, "a key without `: ` and a value")
                .at(self.file.span(self.content(at)), "")
                .help(
                    "write `key: value`; if it belongs to the text above, indent it as far as that",
                );
            return Some(problem);
        }
        if self.words.contains("block sequence entries") {
            let problem = Problem::error(
                Code::INDENTATION,
                "a list cannot begin on the line of its key",
            )
            .at(self.file.span(self.rest_of_line(self.at)), "")
            .help("put `- …` on a line of its own below the key, or write the list as [a, b]");
            return Some(problem);
        }
        if !self.words.contains("mapping values are not allowed") {
            return None;
        }
        if let Some(above) = self.line_above(self.at)
            && let Some(colon) = glued_colon(&self.text()[above.clone()])
        {
            let at = above.start + colon;
            let problem = Problem::error(Code::COLON, "a space is missing after the colon")
                .at(self.file.span(at..at + 1), "")
                .help("write `key: value`");
            return Some(problem);
        }
        let line = self.content(self.at);
        let key = self.text()[line.start..self.at]
            .find(": ")
            .map(|at| line.start + at);
        if let Some(first_colon) = key {
            let value = self.rest_of_line(first_colon + 2);
            let problem = Problem::error(Code::COLON, "a bare text cannot contain `: `")
                .at(self.file.span(value), "")
                .help("put the text in quotes");
            return Some(problem);
        }
        let above = self.line_above(self.at)?;
        if self.column(line.start) <= self.column(above.start)
            && !self.text()[above.clone()].contains(": ")
        {
            let problem = Problem::error(Code::COLON, "a key without `: ` and a value")
                .at(self.file.span(above), "")
                .help("write `key: value`");
            return Some(problem);
        }
        None
    }

    fn column(&self, at: usize) -> usize {
        at - self.line(at).start
    }

    fn indentation(&self) -> Option<Problem> {
        let line = self.content(self.at);
        let misfit = [
            "did not find expected",
            "mapping values are not allowed",
            "more than one document",
        ];
        if !misfit.iter().any(|words| self.words.contains(words)) {
            return None;
        }
        let above = self.line_above(self.at)?;
        let own = self.column(line.start);
        let mut problem = Problem::error(
            Code::INDENTATION,
            "this line is indented like none of its neighbours",
        )
        .at(self.file.span(line), format!("{own} spaces"))
        .and(
            self.file.span(above.clone()),
            format!("{} spaces", self.column(above.start)),
        );
        let text = &self.text()[above.clone()];
        problem = match text.strip_prefix("- ") {
            Some(_) => problem.help(format!(
                "indent it by {} spaces if it belongs to the list item above, by {} and with `- ` if it \
                 is an item of its own",
                self.column(above.start) + 2,
                self.column(above.start)
            )),
            None => problem.help(format!(
                "indent it by {} spaces, as the line above, if it stands beside that",
                self.column(above.start)
            )),
        };
        Some(problem)
    }
}

/// The position of a quote that a line opens as the start of a value and does not close.
fn open_quote(line: &str) -> Option<usize> {
    let (start, quote) = line.char_indices().find(|&(at, c)| {
        matches!(c, '"' | '\'') && line[..at].trim_end().ends_with([':', '-', '[', '{', ','])
    })?;
    (!line[start + 1..].contains(quote)).then_some(start)
}

/// The position of the colon in `key:value`.
fn glued_colon(line: &str) -> Option<usize> {
    let line_key = line.strip_prefix("- ").unwrap_or(line);
    let offset = line.len() - line_key.len();
    let colon = line_key.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.'))?;
    let rest = line_key[colon..].strip_prefix(':')?;
    let glued = rest
        .chars()
        .next()
        .is_some_and(|next| !next.is_whitespace() && next != '/');
    (glued && colon > 0 && !rest.contains(": ")).then_some(offset + colon)
}
