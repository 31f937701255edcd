//! Texts cut at their expressions.

use std::ops::Range;

use super::{ExpressionError, Fault, OutputReference};

/// One piece of a text with `${ … }` in it.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Expression {
        source: &'a str,
        range: Range<usize>,
    },
}

/// `steps.ID.NAME` (an id may hold dashes and an `[item]`), or `None` if the expression does not
/// read an output.
pub(super) fn output_reference(
    source: &str,
    range: &Range<usize>,
) -> Result<Option<OutputReference>, ExpressionError> {
    let Some(rest) = source.trim().strip_prefix("steps.") else {
        return Ok(None);
    };
    let word = |text: &str, more: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || more.contains(c))
    };
    match rest.rsplit_once('.') {
        Some((step, output)) if word(output, "") && word(step, "-[].") => {
            Ok(Some(OutputReference {
                step: step.to_owned(),
                output: output.to_owned(),
            }))
        }
        _ => Err(ExpressionError {
            message:
                "an output is read as `steps.STEP.OUTPUT`, and nothing else in the same `${ }`"
                    .to_owned(),
            help: None,
            range: range.clone(),
            fault: Fault::Syntax,
        }),
    }
}

/// Cuts a text at its expressions. Braces and quotes inside an expression are followed, so that
/// `${ {"a": "}"} }` ends where it should.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, ExpressionError> {
    let bytes = text.as_bytes();
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(found) = text[at..].find("${").map(|offset| at + offset) {
        if found > start && bytes[found - 1] == b'$' {
            if start < found - 1 {
                pieces.push(Piece::Text(&text[start..found - 1]));
            }
            start = found;
            at = found + 2;
            continue;
        }
        let end = expression_end(bytes, found + 2).ok_or_else(|| ExpressionError {
            message: "`${` without its `}`".to_owned(),
            help: Some("close it, or write `$${` for the plain characters".to_owned()),
            range: found..text.len(),
            fault: Fault::Syntax,
        })?;
        if start < found {
            pieces.push(Piece::Text(&text[start..found]));
        }
        let range = found + 2..end;
        pieces.push(Piece::Expression {
            source: &text[range.clone()],
            range,
        });
        start = end + 1;
        at = start;
    }
    if start < text.len() {
        pieces.push(Piece::Text(&text[start..]));
    }
    Ok(pieces)
}

/// Position of the `}` that ends the expression which starts at `at`.
fn expression_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in unquoted(bytes, start) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The bytes of an expression that starts at `start`, without those of quoted texts, and their positions.
pub(super) fn unquoted(bytes: &[u8], start: usize) -> impl Iterator<Item = (usize, u8)> {
    let (mut quote, mut escaped) = (None, false);
    let bytes = bytes.iter().copied().enumerate().skip(start);
    bytes.filter(move |&(_, byte)| {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), byte) if byte == open => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, _) => return true,
            _ => {}
        }
        false
    })
}
