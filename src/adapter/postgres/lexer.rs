//! Where `psql` is in a text: in a statement, a quoted text, a comment. A backslash in a statement
//! begins a command of the client's own (`\!` runs a shell), wherever in the line it stands.

/// Where the next byte is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// In a statement or between two.
    Plain,
    /// In a text between single quotes; `true` if a backslash escapes in it (`E'…'`).
    Text(bool),
    /// In a name between double quotes.
    Name,
    /// In a text between dollar signs, with its tag and both signs.
    Dollar(Vec<u8>),
    /// In comments, that deep.
    Comment(usize),
}

/// Follows a text line by line. Texts with `standard_conforming_strings` off would be read wrongly:
/// whoever feeds one must refuse a change of that setting.
#[derive(Debug, Clone)]
pub(super) struct Lexer {
    place: Place,
}

impl Default for Lexer {
    fn default() -> Self {
        Self {
            place: Place::Plain,
        }
    }
}

impl Lexer {
    /// Whether the next line begins outside quotes and comments.
    pub(super) fn is_plain(&self) -> bool {
        self.place == Place::Plain
    }

    /// Reads a line without its end. `false` if it holds a command of the client's.
    pub(super) fn line(&mut self, line: &[u8]) -> bool {
        let mut at = 0;
        while at < line.len() {
            let rest = &line[at..];
            let step = match &mut self.place {
                Place::Plain => match self.plain(line, at) {
                    Some(step) => step,
                    None => return false,
                },
                Place::Text(escapes) => match rest {
                    [b'\\', _, ..] if *escapes => 2,
                    [b'\'', b'\'', ..] => 2,
                    [b'\'', ..] => self.leave(),
                    _ => 1,
                },
                Place::Name => match rest {
                    [b'"', ..] => self.leave(),
                    _ => 1,
                },
                Place::Dollar(tag) if rest.starts_with(tag) => {
                    let length = tag.len();
                    self.leave();
                    length
                }
                Place::Dollar(_) => 1,
                Place::Comment(depth) => match rest {
                    [b'/', b'*', ..] => {
                        *depth += 1;
                        2
                    }
                    [b'*', b'/', ..] => {
                        *depth -= 1;
                        if *depth == 0 {
                            self.leave();
                        }
                        2
                    }
                    _ => 1,
                },
            };
            at += step;
        }
        true
    }

    fn leave(&mut self) -> usize {
        self.place = Place::Plain;
        1
    }

    /// The bytes that the next thing of a statement takes; `None` for a command of the client's.
    fn plain(&mut self, line: &[u8], at: usize) -> Option<usize> {
        let before = at.checked_sub(1).map(|before| line[before]);
        let in_word = before.is_some_and(is_word);
        match &line[at..] {
            [b'\\', ..] => return None,
            [b'-', b'-', ..] => return Some(line.len() - at),
            [b'/', b'*', ..] => {
                self.place = Place::Comment(1);
                return Some(2);
            }
            [b'\'', ..] => {
                let escapes =
                    matches!(before, Some(b'e' | b'E')) && !(at >= 2 && is_word(line[at - 2]));
                self.place = Place::Text(escapes);
            }
            [b'"', ..] => self.place = Place::Name,
            [b'$', rest @ ..] if !in_word => {
                if let Some(tag) = dollar_tag(rest) {
                    let mut whole = vec![b'$'];
                    whole.extend_from_slice(tag);
                    whole.push(b'$');
                    let length = whole.len();
                    self.place = Place::Dollar(whole);
                    return Some(length);
                }
            }
            _ => {}
        }
        Some(1)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// The tag of a dollar quote, from after its first sign: `` or a name, ended by a sign.
fn dollar_tag(rest: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b'$', rest)?;
    let tag = &rest[..end];
    let name = |byte: &u8| is_word(*byte) && *byte != b'$';
    let starts_well = tag.first().is_none_or(|first| !first.is_ascii_digit());
    (starts_well && tag.iter().all(name)).then_some(tag)
}

/// The first line, counted from 1, that holds a command of the client's or changes how texts are
/// quoted.
pub(super) fn client_command(text: &[u8]) -> Option<usize> {
    let mut lexer = Lexer::default();
    text.split(|&byte| byte == b'\n')
        .position(|line| changes_quoting(line) || !lexer.line(line))
        .map(|at| at + 1)
}

/// Whether a line speaks of the setting that decides how texts are quoted, other than to set it as
/// every dump does.
pub(super) fn changes_quoting(line: &[u8]) -> bool {
    const NAME: &[u8] = b"standard_conforming_strings";
    let named = line
        .windows(NAME.len())
        .any(|window| window.eq_ignore_ascii_case(NAME));
    named && line.trim_ascii() != b"SET standard_conforming_strings = on;"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<usize> {
        client_command(text.as_bytes())
    }

    #[test]
    fn commands_are_found_wherever_a_statement_could_be() {
        assert_eq!(found("SELECT 1;\n\\! touch /tmp/x\n"), Some(2));
        assert_eq!(found("SELECT 1 \\! touch x"), Some(1));
        assert_eq!(found("SELECT 'a' \\g |sh"), Some(1));
        assert_eq!(found("-- Name: x\n\\! touch x\n"), Some(2));
        assert_eq!(found("/* /* */ */ \\! x"), Some(1));
        assert_eq!(found("SELECT $a$ $b$ $a$ \\! x"), Some(1));
        assert_eq!(found("SELECT 'it''s' \\! x"), Some(1));
        assert_eq!(found("SELECT 'a\\' \\! x"), Some(1));
        assert_eq!(found("SELECT \"a\"\"b\" \\! x"), Some(1));
        assert_eq!(found("SELECT name'a\\' \\! x"), Some(1));
        assert_eq!(found("SET standard_conforming_strings = off;"), Some(1));
        assert_eq!(found("SET Standard_Conforming_Strings TO off;"), Some(1));
    }

    #[test]
    fn backslashes_in_texts_and_comments_are_none() {
        assert_eq!(found("SELECT '\\! x', E'\\'\\! x', \"\\! x\";"), None);
        assert_eq!(
            found("-- \\! x\n/* \\! x\n \\! /* */ \\! y */ SELECT 1;"),
            None
        );
        assert_eq!(
            found("DO $$ \\! x\n\\! y\n$$; DO $_a1$ $$ \\! $_a1$;"),
            None
        );
        assert_eq!(found("SELECT 'two\n\\! lines';"), None);
        assert_eq!(found("SET standard_conforming_strings = on;"), None);
        assert_eq!(found("SELECT $1, a$b$c;"), None);
    }
}
