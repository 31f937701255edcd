//! The words and operators of a shell script (POSIX, with the bash forms that start scripts use).

use super::text::Text;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    Operator(&'static str, u32),
    Newline,
}

/// A word before expansion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) line: u32,
    pub(super) parts: Vec<Part>,
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Literal {
        text: Text,
        quoted: bool,
    },
    /// `$NAME`, or `${NAME}` with what to do if it is not set.
    Variable {
        name: String,
        line: u32,
        quoted: bool,
        otherwise: Option<Otherwise>,
    },
    /// Needs running.
    Unknown {
        what: &'static str,
        line: u32,
    },
}

/// `${NAME:-word}` and its relatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Otherwise {
    /// `-`, `=` or `+`.
    pub(super) operator: char,
    /// With the colon, an empty value counts as not set.
    pub(super) empty_too: bool,
    pub(super) parts: Vec<Part>,
}

/// The script ends inside something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfinished {
    pub(super) what: &'static str,
    pub(super) line: u32,
}

impl Word {
    /// The word's text if nothing in it is quoted or expanded, as for a reserved word.
    pub(super) fn plain(&self) -> Option<String> {
        match self.parts.as_slice() {
            [
                Part::Literal {
                    text,
                    quoted: false,
                },
            ] => Some(text.iter().map(|letter| letter.value).collect()),
            _ => None,
        }
    }

    /// `NAME=` or `NAME+=` at the start: the name, whether it appends, and the parts of the value.
    pub(super) fn assignment(&self) -> Option<(String, bool, Vec<Part>)> {
        let Some((
            Part::Literal {
                text,
                quoted: false,
            },
            rest,
        )) = self.parts.split_first()
        else {
            return None;
        };
        let equals = text.iter().position(|letter| letter.value == '=')?;
        let left: String = text[..equals].iter().map(|letter| letter.value).collect();
        let (name, appends) = match left.strip_suffix('+') {
            Some(name) => (name, true),
            None => (left.as_str(), false),
        };
        if !is_name(name) {
            return None;
        }
        let mut parts = vec![Part::Literal {
            text: text[equals + 1..].to_vec(),
            quoted: false,
        }];
        parts.extend_from_slice(rest);
        Some((name.to_owned(), appends, parts))
    }
}

/// Whether this can be a variable.
pub(super) fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
