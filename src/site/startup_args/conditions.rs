//! Conditions that can be decided without running anything: comparisons of texts that are known.
//!
//! WildFly's own `standalone.conf` sets its options under `if [ "x$JAVA_OPTS" = "x" ]`, and that is where
//! operators add theirs.

use super::text;
use super::tokens::{Token, Word};
use super::variables::Variables;

/// The statements of the branch that is taken, if the whole statement is an `if` whose condition is known.
pub(super) fn decided<'all>(
    statement: &'all [Token],
    variables: &mut Variables,
) -> Option<&'all [Token]> {
    let [first, rest @ ..] = statement else {
        return None;
    };
    if !is_word(first, "if") {
        return None;
    }
    let then = rest.iter().position(|token| is_word(token, "then"))?;
    let holds = comparison(&rest[..then], variables)?;
    let (body, otherwise) = branches(&rest[then + 1..])?;
    Some(if holds { body } else { otherwise })
}

/// `[ LEFT = RIGHT ]`, `[ LEFT != RIGHT ]`, `[ -z TEXT ]` or `[ -n TEXT ]`.
fn comparison(condition: &[Token], variables: &mut Variables) -> Option<bool> {
    let mut words = Vec::new();
    for (at, token) in condition.iter().enumerate() {
        match token {
            Token::Word(word) => words.push(word),
            Token::Newline | Token::Operator(";", _) if at + 1 == condition.len() => {}
            _ => return None,
        }
    }
    let is = |word: &Word, text: &str| word.plain().as_deref() == Some(text);
    let mut known = |word: &Word| {
        let doubts = variables.uncertain.len();
        let value = variables.expand(&word.parts, None);
        variables.uncertain.truncate(doubts);
        text::known(&value)
    };
    match words.as_slice() {
        [open, left, operator, right, close] if is(open, "[") && is(close, "]") => {
            let equal = known(left)? == known(right)?;
            match operator.plain()?.as_str() {
                "=" | "==" => Some(equal),
                "!=" => Some(!equal),
                _ => None,
            }
        }
        [open, operator, word, close] if is(open, "[") && is(close, "]") => {
            let empty = known(word)?.is_empty();
            match operator.plain()?.as_str() {
                "-z" => Some(empty),
                "-n" => Some(!empty),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What stands between `then`, `else` and the `fi` that ends the statement.
fn branches(tokens: &[Token]) -> Option<(&[Token], &[Token])> {
    let mut open = 0_usize;
    let mut otherwise = None;
    let mut starts = true;
    for (at, token) in tokens.iter().enumerate() {
        let Token::Word(word) = token else {
            starts = true;
            continue;
        };
        let plain = word.plain().filter(|_| starts);
        // What follows a reserved word begins a command.
        starts = matches!(plain.as_deref(), Some("then" | "else" | "elif" | "do"));
        match plain.as_deref() {
            Some("if" | "case") => {
                open += 1;
                starts = true;
            }
            Some("elif") if open == 0 => return None,
            Some("else") if open == 0 => otherwise = Some(at),
            Some("fi") if open == 0 => {
                let end = otherwise.unwrap_or(at);
                let after = otherwise.map_or(at, |otherwise| otherwise + 1);
                let ends = at + 1 == tokens.len();
                return ends.then(|| (&tokens[..end], &tokens[after..at]));
            }
            Some("fi" | "esac") => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn is_word(token: &Token, text: &str) -> bool {
    matches!(token, Token::Word(word) if word.plain().as_deref() == Some(text))
}
