//! What is wrong with a text that is no JSON, in words for the person who wrote it. `serde_json` finds the
//! place; what stands around it tells what was meant.

use serde_json::Value;

use crate::diagnostic::{Code, Problem, Problems, SourceFile};

/// The first thing that makes `text` no JSON, shown in `file`, which has the same places.
pub(super) fn check(text: &str, file: &SourceFile) -> Result<(), Problems> {
    match serde_json::from_str::<Value>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(explain(text, file, &error).into()),
    }
}

fn explain(text: &str, file: &SourceFile, error: &serde_json::Error) -> Problem {
    let at = if error.is_eof() {
        text.len()
    } else {
        offset(text, error.line(), error.column())
    };
    let before = Before::read(text, at);
    let found = text[at..].chars().next();
    let length = found.map_or(0, char::len_utf8);
    let whole = error.to_string();
    let what = whole.split(" at line ").next().unwrap_or(&whole);
    let here = |message: &str, label: &str| {
        Problem::error(Code::SYNTAX, message).at(file.span(at..at + length), label)
    };
    if let Some(quote) = before.quote {
        if !matches!(found, None | Some('\n' | '\r')) {
            return here(&format!("this is no JSON: {what}"), "");
        }
        return Problem::error(Code::QUOTE, "this text is never closed")
            .at(file.span(quote..at), "")
            .help("close it with `\"` on the same line");
    }
    match (what, found, before.open.last()) {
        ("recursion limit exceeded", ..) => {
            Problem::error(Code::TOO_DEEP, "the file is nested too deeply")
                .at(file.span(at..at + length), "")
                .help("it has a list of entries, and nothing below them")
        }
        (_, None, Some(&(open, bracket))) => {
            Problem::error(Code::QUOTE, format!("this `{bracket}` is never closed"))
                .at(file.span(open..open + 1), "")
                .help(format!("close it with `{}`", closing(bracket)))
        }
        (_, Some(']' | '}'), _) if before.last == Some(',') => {
            Problem::error(Code::SYNTAX, "nothing follows this comma")
                .at(file.span(before.last_at..before.last_at + 1), "")
                .help("take the comma out: JSON has none behind the last entry")
        }
        (_, Some(bracket @ (']' | '}')), Some(&(open, other))) if closing(other) != bracket => {
            here("this bracket closes another one than was opened last", "").and(
                file.span(open..open + 1),
                format!("this one wants `{}` first", closing(other)),
            )
        }
        ("expected `,` or `}`" | "expected `,` or `]`", Some(found), _) => {
            let stray = before.last == Some('"') && found.is_alphanumeric();
            here("a comma is missing", "it belongs before this")
                .help("put `,` between two entries of a list, and between two keys of an entry")
                .maybe_help(stray.then_some("or a `\"` is missing: each text has two of them"))
        }
        ("expected `:`", ..) => here("a `:` is missing", "it belongs before this")
            .help("write `\"key\": \"value\"`"),
        ("key must be a string", ..) => {
            here("a key stands in quotes", "").help("write `\"key\": \"value\"`")
        }
        ("expected value" | "expected ident", ..) => here("this is no value", "")
            .help("a text stands in `\"…\"`; without quotes there are only numbers, `true`, `false` and `null`"),
        ("trailing characters", ..) => here("the file goes on behind its end", "not part of it")
            .help("take out what stands behind the last `}`"),
        _ => here(&format!("this is no JSON: {what}"), ""),
    }
}

/// Line and column, both from 1, columns in bytes, as a place in the text. Column 0 is the end of the line
/// before.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = match line {
        0 | 1 => 0,
        _ => text
            .match_indices('\n')
            .nth(line - 2)
            .map_or(text.len(), |(at, _)| at + 1),
    };
    let mut at = (start + column).saturating_sub(1).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn closing(bracket: char) -> char {
    if bracket == '{' { '}' } else { ']' }
}

/// What stands before a place.
#[derive(Default)]
struct Before {
    /// Brackets that are still open, outermost first.
    open: Vec<(usize, char)>,
    /// Where the text begins that the place is in.
    quote: Option<usize>,
    /// The last character that is no blank, and where it is.
    last: Option<char>,
    last_at: usize,
}

impl Before {
    fn read(text: &str, end: usize) -> Self {
        let mut before = Self::default();
        let mut characters = text[..end].char_indices();
        while let Some((at, character)) = characters.next() {
            match (before.quote, character) {
                (Some(_), '\\') => _ = characters.next(),
                (Some(_), '"') => before.quote = None,
                (None, '"') => before.quote = Some(at),
                (None, '{' | '[') => before.open.push((at, character)),
                (None, '}' | ']') => _ = before.open.pop(),
                _ => {}
            }
            if !character.is_whitespace() {
                (before.last, before.last_at) = (Some(character), at);
            }
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(text: &str) -> String {
        let file = SourceFile::new("m.json", text);
        let problems = check(text, &file).unwrap_err();
        let problem = problems.into_iter().next().unwrap();
        let place = problem.label.map(|label| label.span.to_string());
        format!("{} {}", place.unwrap_or_default(), problem.message)
    }

    #[test]
    fn every_slip_is_called_by_its_name() {
        for (text, expected) in [
            ("{\"a\":\"b\" \"c\":1}", "m.json:1:10 a comma is missing"),
            ("[1 2]", "m.json:1:4 a comma is missing"),
            ("[1,\n 2 ,\n]", "m.json:2:4 nothing follows this comma"),
            ("{\"ä\":1,}", "m.json:1:7 nothing follows this comma"),
            ("[,]", "m.json:1:2 this is no value"),
            ("{\"a\":[1", "m.json:1:6 this `[` is never closed"),
            ("{\"a\":1\n\n", "m.json:1:1 this `{` is never closed"),
            ("{\"a\":\"b\n}", "m.json:1:6 this text is never closed"),
            ("{\"a", "m.json:1:2 this text is never closed"),
            (
                "[{\"a\":1]",
                "m.json:1:8 this bracket closes another one than was opened last",
            ),
            ("{\"a\" 1}", "m.json:1:6 a `:` is missing"),
            ("{\"a\":}", "m.json:1:6 this is no value"),
            ("{a:1}", "m.json:1:2 a key stands in quotes"),
            ("{\"a\":'b'}", "m.json:1:6 this is no value"),
            ("{\"a\":nil}", "m.json:1:7 this is no value"),
            ("{}}", "m.json:1:3 the file goes on behind its end"),
            ("[\"\\x\"]", "m.json:1:4 this is no JSON: invalid escape"),
            ("[01]", "m.json:1:3 this is no JSON: invalid number"),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
        assert!(said(&"[".repeat(1_000_000)).ends_with("nested too deeply"));
    }

    proptest! {
        /// Whatever is written, there is an answer, and its place is one of the text.
        #[test]
        fn no_text_is_too_odd(text in "[\\[\\]{},:\"\\\\ \\na1ä]{0,40}") {
            let file = SourceFile::new("m.json", text.as_str());
            for problem in check(&text, &file).err().into_iter().flatten() {
                let range = problem.label.unwrap().span.range;
                prop_assert!(text.get(range).is_some(), "{}", text);
            }
        }
    }
}
