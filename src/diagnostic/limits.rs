//! What a document may be at most, checked before anything is built from it.

use super::code::Code;
use super::problem::{Problem, Problems};
use super::source::SourceFile;
use super::tree::SyntaxFault;

/// Size of a document, in bytes. A runbook of 100,000 steps is two thirds of it.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Nesting of a document.
pub const MAX_DEPTH: usize = 64;

/// Up to this many bytes a text that only the decoder can read may be read by it: how deep it is cannot
/// be told, and the decoder explains a syntax error better.
const UNSURE_BYTES: usize = 64 * 1024;

/// Refuses a document that is too large or too deep, or that has aliases. Costs one pass over the
/// bytes; only a text that could break a rule is looked at in full.
///
/// Aliases are refused rather than expanded with a limit: a text that expands to a thousand times its
/// size has no place in a procedure for 02:00, and an overlay could not address what an alias shares.
pub(super) fn check(file: &SourceFile) -> Result<(), Problems> {
    let text = file.text();
    if text.len() > MAX_BYTES {
        let message = format!(
            "the document has {} bytes, more than the {MAX_BYTES} allowed",
            text.len()
        );
        return Err(Problem::error(Code::TOO_LARGE, message)
            .at(file.span(0..0), "")
            .help("split it: parts and overlays may be files of their own")
            .into());
    }
    let bytes = text.as_bytes();
    if !bytes.contains(&b'*') && !text.contains("<<") && depth_bound(bytes) <= MAX_DEPTH {
        return Ok(());
    }
    match file.parsed() {
        Err(SyntaxFault::TooDeep(offset)) => Err(Problem::error(
            Code::TOO_DEEP,
            format!("the document is nested more than {MAX_DEPTH} levels deep"),
        )
        .at(file.span(*offset..offset + 1), "this level is one too many")
        .into()),
        Ok(tree) if !tree.aliases.is_empty() => Err(tree
            .aliases
            .iter()
            .map(|range| {
                let text = &file.text()[range.clone()];
                Problem::error(Code::ALIAS, format!("`{text}` is not possible here"))
                    .at(file.span(range.clone()), "")
                    .help(if text == "<<" {
                        "merge keys are not part of the language; write the keys out"
                    } else {
                        "aliases are not part of the language; write the value out, \
                         or put text that starts with `*` in quotes"
                    })
            })
            .collect()),
        Err(SyntaxFault::Syntax { info, offset }) if text.len() > UNSURE_BYTES => Err(
            Problem::error(Code::SYNTAX, format!("this is not YAML: {info}"))
                .at(file.span(*offset..offset + 1), "")
                .into(),
        ),
        _ => Ok(()),
    }
}

/// No text nests deeper than this; more than [`MAX_DEPTH`] means "look closely", not "refuse".
///
/// A column holds at most two levels of block style (a mapping, and a list under one of its keys at the
/// same column); every level of flow style takes a bracket. Brackets are counted by a small lexer that is
/// exact wherever a real flow collection is open; where it cannot be sure (a quote open at the end of a
/// line, a tag or an anchor) it asks for the closer look. The decoder itself cannot be let loose first:
/// its scanner takes quadratic time on nested brackets.
fn depth_bound(bytes: &[u8]) -> usize {
    let (mut deepest_indent, mut deepest_flow, mut open) = (0, 0, 0_usize);
    for line in bytes.split(|&byte| byte == b'\n') {
        let indent = line
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'-' | b'?'))
            .count();
        deepest_indent = deepest_indent.max(indent);
        if open == 0 && !line.iter().any(|&byte| TELLING[usize::from(byte)]) {
            continue;
        }
        if !count_brackets(&line[indent..], &mut open, &mut deepest_flow) {
            return usize::MAX;
        }
    }
    deepest_flow + 2 * (deepest_indent + 1)
}

/// The bytes without which a line outside of brackets says nothing about depth. Most lines are such.
const TELLING: [bool; 256] = {
    let mut table = [false; 256];
    let telling = b"[{\"'!&";
    let mut at = 0;
    while at < telling.len() {
        table[telling[at] as usize] = true;
        at += 1;
    }
    table
};

/// Counts the brackets of one line; false where it cannot be sure of them.
fn count_brackets(line: &[u8], open: &mut usize, deepest: &mut usize) -> bool {
    let (mut quote, mut token_start, mut blank, mut at) = (0_u8, true, true, 0);
    while let Some(&byte) = line.get(at) {
        at += 1;
        if quote != 0 {
            match byte {
                b'\\' if quote == b'"' => at += 1,
                b'\'' if quote == b'\'' && line.get(at) == Some(&b'\'') => at += 1,
                _ if byte == quote => quote = 0,
                _ => {}
            }
            continue;
        }
        match byte {
            b' ' | b'\t' | b'\r' => {
                blank = true;
                continue;
            }
            b'#' if blank => return true,
            b'"' | b'\'' if token_start => quote = byte,
            b'!' | b'&' if token_start => return false,
            b'[' | b'{' => {
                *open += 1;
                *deepest = (*deepest).max(*open);
            }
            b']' | b'}' => *open = open.saturating_sub(1),
            _ => {}
        }
        token_start = matches!(byte, b'[' | b'{' | b',' | b':' | b'-' | b'?');
        blank = false;
    }
    quote == 0
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn refusal(text: String) -> Option<Code> {
        check(&SourceFile::new("x", text))
            .err()
            .and_then(|problems| problems.iter().next().map(|problem| problem.code))
    }

    #[test]
    fn deep_nesting_is_refused_whatever_it_is_dressed_as() {
        for unit in [
            "[",
            "[\"]\",",
            "[']',",
            "{a: ",
            "[\"\\\"]\",",
            "[!a \"]\", ",
            "[ #]\n",
            "- ",
            "? ",
        ] {
            assert_eq!(refusal(unit.repeat(50_000)), Some(Code::TOO_DEEP), "{unit}");
        }
        let mut nested = String::new();
        for level in 0..=MAX_DEPTH {
            _ = writeln!(nested, "{}a:", " ".repeat(level));
        }
        assert_eq!(refusal(nested), Some(Code::TOO_DEEP));
    }

    #[test]
    fn ordinary_text_is_not_looked_at_twice() {
        let text = "# it's [\nsteps:\n  - id: a # }\n    title: Don't [stop\n    with: { a: \"}\", \
                    b: ['it''s', \"\\\"\"] }\n    run: ${ site.x }\n";
        assert!(depth_bound(text.as_bytes()) < 20);
        let file = SourceFile::new("x", "[".repeat(MAX_DEPTH));
        assert!(check(&file).is_ok(), "the limit itself is allowed");
        assert_eq!(refusal("x".repeat(MAX_BYTES + 1)), Some(Code::TOO_LARGE));
    }

    #[test]
    fn aliases_and_merge_keys_are_refused_and_stars_in_text_are_not() {
        assert_eq!(refusal("a: &x 1\nb: *x\n".to_owned()), Some(Code::ALIAS));
        assert_eq!(refusal("a: {<<: {b: 1}}\n".to_owned()), Some(Code::ALIAS));
        assert_eq!(
            refusal("a: '*x'\nb: 1 * 2\nc: |\n  cat <<EOF\n".to_owned()),
            None
        );
        let mut laughs = String::from("a: &a [lol, lol]\n");
        for name in b'b'..=b'z' {
            let (this, last) = (name as char, (name - 1) as char);
            _ = writeln!(
                laughs,
                "{this}: &{this} [*{last}, *{last}, *{last}, *{last}]"
            );
        }
        assert_eq!(refusal(laughs), Some(Code::ALIAS));
    }
}
