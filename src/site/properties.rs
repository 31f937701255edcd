//! Java `.properties` files, read as `java.util.Properties.load(Reader)` reads them.
//!
//! Domibus loads all its files through Spring's `PropertiesFactoryBean` with UTF-8
//! (BG DomibusPropertyConfiguration.java), so the bytes are UTF-8 here too, and a broken sequence becomes
//! U+FFFD as Java's decoder makes it. `\uXXXX` escapes are UTF-16 units: two of them can form one character.

use std::iter::Peekable;
use std::str::Chars;

/// The settings of one file, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PropertiesFile {
    /// Every setting, also those that a later one with the same key replaces.
    pub entries: Vec<PropertyEntry>,
    /// What Java accepts although nobody can have meant it.
    pub oddities: Vec<LineProblem>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyEntry {
    /// The key, escapes resolved.
    pub key: String,
    /// The value, escapes resolved, placeholders not.
    pub value: String,
    /// The line on which the key stands, counted from 1.
    pub line: u32,
}

/// Something wrong on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProblem {
    /// The line, counted from 1.
    pub line: u32,
    /// What is wrong.
    pub text: String,
}

impl PropertiesFile {
    /// The setting in effect: the last one with this key.
    pub fn get(&self, key: &str) -> Option<&PropertyEntry> {
        self.entries.iter().rev().find(|entry| entry.key == key)
    }
}

/// Reads a file in UTF-8.
///
/// The error lists every malformed `\u` escape; Java refuses the whole file for one of them.
pub fn parse(bytes: &[u8]) -> Result<PropertiesFile, Vec<LineProblem>> {
    let mut oddities = Vec::new();
    if let Err(error) = std::str::from_utf8(bytes) {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        oddities.push(LineProblem {
            line: line_count(&before),
            text: "not UTF-8; Domibus reads a replacement character here".to_owned(),
        });
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        oddities.push(LineProblem {
            line: 1,
            text: "the file starts with a byte order mark, which becomes part of the first key"
                .to_owned(),
        });
    }
    parse_text(&String::from_utf8_lossy(bytes), oddities)
}

/// Reads a file in ISO-8859-1, as `java.util.Properties.load(InputStream)` does.
pub fn parse_latin1(bytes: &[u8]) -> Result<PropertiesFile, Vec<LineProblem>> {
    let text: String = bytes.iter().copied().map(char::from).collect();
    parse_text(&text, Vec::new())
}

fn parse_text(
    text: &str,
    mut oddities: Vec<LineProblem>,
) -> Result<PropertiesFile, Vec<LineProblem>> {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    let mut lines = LogicalLines::new(text);
    while let Some((line, content)) = lines.next_line() {
        let (key, value) = split(&content);
        let mut unescaped = |part: &str| {
            let part = unescape(part)?;
            if part.lossy {
                oddities.push(LineProblem {
                    line,
                    text: "half of a surrogate pair in a \\u escape".to_owned(),
                });
            }
            Some(part.text)
        };
        if let (Some(key), Some(value)) = (unescaped(key), unescaped(value)) {
            entries.push(PropertyEntry { key, value, line });
        } else {
            problems.push(LineProblem {
                line,
                text: "malformed \\u escape: four hexadecimal digits must follow".to_owned(),
            });
        }
    }
    if problems.is_empty() {
        Ok(PropertiesFile { entries, oddities })
    } else {
        Err(problems)
    }
}

fn line_count(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let ends = bytes.iter().enumerate().filter(|&(at, byte)| {
        *byte == b'\n' || *byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')
    });
    u32::try_from(ends.count())
        .unwrap_or(u32::MAX)
        .saturating_add(1)
}

const fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\u{c}')
}

const fn is_line_end(letter: char) -> bool {
    matches!(letter, '\n' | '\r')
}

/// Joins continued lines and drops comments and blank lines.
struct LogicalLines<'text> {
    letters: Peekable<Chars<'text>>,
    line: u32,
}

impl<'text> LogicalLines<'text> {
    fn new(text: &'text str) -> Self {
        Self {
            letters: text.chars().peekable(),
            line: 1,
        }
    }

    fn take(&mut self) -> Option<char> {
        let letter = self.letters.next()?;
        if letter == '\r' {
            self.letters.next_if_eq(&'\n');
        }
        if is_line_end(letter) {
            self.line = self.line.saturating_add(1);
        }
        Some(letter)
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.letters.peek().is_some_and(|letter| wanted(*letter)) {
            self.take();
        }
    }

    fn next_line(&mut self) -> Option<(u32, String)> {
        loop {
            self.skip_while(|letter| is_blank(letter) || is_line_end(letter));
            let start = self.line;
            match self.letters.peek()? {
                '#' | '!' => self.skip_while(|letter| !is_line_end(letter)),
                _ => {
                    if let Some(content) = self.rest_of_line() {
                        return Some((start, content));
                    }
                }
            }
        }
    }

    /// Nothing, if continuations joined only blank lines.
    fn rest_of_line(&mut self) -> Option<String> {
        let mut content = String::new();
        let mut escaping = false;
        while let Some(letter) = self.take() {
            if !is_line_end(letter) {
                content.push(letter);
                escaping = letter == '\\' && !escaping;
                continue;
            }
            if content.is_empty() {
                return None;
            }
            if !escaping || self.letters.peek().is_none() {
                break;
            }
            content.pop();
            if content.is_empty() {
                // Java looks for comments again as long as the line has no letter yet.
                return None;
            }
            escaping = false;
            self.skip_while(is_blank);
        }
        if escaping {
            content.pop();
        }
        Some(content)
    }
}

/// The key ends at the first unescaped `=`, `:` or blank; blanks and one separator follow.
fn split(line: &str) -> (&str, &str) {
    let mut escaping = false;
    let end = line.find(|letter| {
        let ends = !escaping && (matches!(letter, '=' | ':') || is_blank(letter));
        escaping = letter == '\\' && !escaping;
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start_matches(is_blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (key, rest.trim_start_matches(is_blank))
}

struct Unescaped {
    text: String,
    lossy: bool,
}

fn unescape(text: &str) -> Option<Unescaped> {
    let mut result = String::with_capacity(text.len());
    let mut lossy = false;
    let mut high: Option<u16> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let unit = match letter {
            '\\' => match letters.next() {
                Some('u') => Piece::Unit(utf16_unit(&mut letters)?),
                Some('t') => Piece::Letter('\t'),
                Some('n') => Piece::Letter('\n'),
                Some('r') => Piece::Letter('\r'),
                Some('f') => Piece::Letter('\u{c}'),
                Some(other) => Piece::Letter(other),
                None => break,
            },
            other => Piece::Letter(other),
        };
        lossy |= push(&mut result, &mut high, unit);
    }
    lossy |= push_lone(&mut result, &mut high);
    Some(Unescaped {
        text: result,
        lossy,
    })
}

enum Piece {
    Letter(char),
    Unit(u16),
}

/// Whether something was lost.
fn push(result: &mut String, high: &mut Option<u16>, piece: Piece) -> bool {
    match piece {
        Piece::Letter(letter) => {
            let lost = push_lone(result, high);
            result.push(letter);
            lost
        }
        Piece::Unit(low @ 0xDC00..=0xDFFF) if high.is_some() => {
            let units = [high.take().unwrap_or_default(), low];
            result.extend(char::decode_utf16(units).flatten());
            false
        }
        Piece::Unit(unit @ 0xD800..=0xDBFF) => {
            let lost = push_lone(result, high);
            *high = Some(unit);
            lost
        }
        Piece::Unit(unit) => {
            let lost = push_lone(result, high);
            let letter = char::from_u32(u32::from(unit));
            result.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
            lost || letter.is_none()
        }
    }
}

fn push_lone(result: &mut String, high: &mut Option<u16>) -> bool {
    let lone = high.take().is_some();
    if lone {
        result.push(char::REPLACEMENT_CHARACTER);
    }
    lone
}

fn utf16_unit(letters: &mut Chars<'_>) -> Option<u16> {
    let mut unit = 0;
    for _ in 0..4 {
        let digit = letters.next()?.to_digit(16)?;
        unit = unit * 16 + digit;
    }
    u16::try_from(unit).ok()
}

#[cfg(test)]
mod tests;
