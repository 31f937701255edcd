//! The words of an export, one after the other: no more of XML than the exporter writes, so there is nothing
//! in it that could be expanded, fetched or nested.
//!
//! The exporter writes tabs and line ends of a property as they are, and every reader of XML takes them for
//! blanks. The bytes still tell them apart: they are handed on as character references, which stay what they
//! are. A character that XML cannot hold at all is told.

use std::io::{self, BufRead};

/// The longest tag: the properties of a message are tags. Bodies are no tags.
const LONGEST_TAG: usize = 64 << 20;

/// A part of the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Blanks between tags.
    Blank,
    /// `<name …>`; `<name …/>` if `empty`.
    Open { tag: Tag, empty: bool },
    /// `</name>`.
    Close(String),
    /// The beginning of a piece of a body.
    DataBegins,
    /// So many Base64 characters of it.
    Data(u64),
    /// Its end.
    DataEnds,
    /// Nothing follows.
    End,
}

/// A tag with its attributes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: Vec<Attribute>,
}

impl Tag {
    /// The value of an attribute.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|one| one.name == name);
        found.map(|one| one.value.as_str())
    }
}

/// An attribute.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: String,
    /// A character of it that no reader of XML takes.
    pub(super) forbidden: Option<char>,
}

/// Why a text could not be read on.
#[derive(Debug, thiserror::Error)]
pub(super) enum XmlError {
    /// Reading failed.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// It is no export.
    #[error("byte {offset}: {problem}")]
    Format {
        /// Where, from 0.
        offset: u64,
        /// What is wrong there.
        problem: String,
    },
}

/// Reads word by word.
pub(super) struct Words<R> {
    reader: R,
    offset: u64,
    in_data: bool,
    /// Tabs and line ends that were made character references.
    pub(super) mended: u64,
}

impl<R: BufRead> Words<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            offset: 0,
            in_data: false,
            mended: 0,
        }
    }

    /// The next word; its bytes, mended, are put into `raw`.
    pub(super) fn next(&mut self, raw: &mut Vec<u8>) -> Result<Word, XmlError> {
        raw.clear();
        if self.in_data {
            return self.data(raw);
        }
        match self.peek()? {
            None => Ok(Word::End),
            Some(byte) if is_blank(byte) => {
                while let Some(byte) = self.peek()?.filter(|byte| is_blank(*byte)) {
                    self.take(byte, raw);
                }
                Ok(Word::Blank)
            }
            Some(b'<') => self.markup(raw),
            Some(_) => Err(self.fault("there is text between the elements")),
        }
    }

    /// A fault at the present place.
    pub(super) fn fault(&self, problem: impl Into<String>) -> XmlError {
        XmlError::Format {
            offset: self.offset,
            problem: problem.into(),
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, XmlError> {
        loop {
            match self.reader.fill_buf() {
                Ok(buffer) => return Ok(buffer.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The byte that `peek` showed is taken.
    fn take(&mut self, byte: u8, raw: &mut Vec<u8>) {
        self.reader.consume(1);
        self.offset += 1;
        raw.push(byte);
    }

    fn byte(&mut self, raw: &mut Vec<u8>) -> Result<u8, XmlError> {
        let byte = self.peek()?;
        let byte = byte.ok_or_else(|| self.fault("the text ends in the middle of a tag"))?;
        if raw.len() >= LONGEST_TAG {
            return Err(self.fault("there is a tag of more than 64 MiB"));
        }
        self.take(byte, raw);
        Ok(byte)
    }

    fn expect(&mut self, wanted: &[u8], raw: &mut Vec<u8>) -> Result<(), XmlError> {
        for &byte in wanted {
            if self.byte(raw)? != byte {
                let wanted = String::from_utf8_lossy(wanted);
                return Err(self.fault(format!("`{wanted}` was expected here")));
            }
        }
        Ok(())
    }

    fn data(&mut self, raw: &mut Vec<u8>) -> Result<Word, XmlError> {
        let buffer = self.reader.fill_buf()?;
        if buffer.is_empty() {
            return Err(self.fault("the text ends in the middle of a body"));
        }
        let end = buffer.iter().position(|byte| *byte == b']');
        let piece = &buffer[..end.unwrap_or(buffer.len())];
        if piece.is_empty() {
            self.expect(b"]]>", raw)?;
            self.in_data = false;
            return Ok(Word::DataEnds);
        }
        let of_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte);
        let count = piece.iter().filter(|byte| of_base64(byte)).count();
        let blanks = piece.iter().filter(|byte| is_blank(**byte)).count();
        if count + blanks != piece.len() {
            return Err(self.fault("there is something else than Base64 in a body"));
        }
        raw.extend_from_slice(piece);
        let length = piece.len();
        self.reader.consume(length);
        self.offset += length as u64;
        Ok(Word::Data(count as u64))
    }

    fn markup(&mut self, raw: &mut Vec<u8>) -> Result<Word, XmlError> {
        self.byte(raw)?;
        match self.peek()? {
            Some(b'!') => {
                self.expect(b"![CDATA[", raw)?;
                self.in_data = true;
                Ok(Word::DataBegins)
            }
            Some(b'/') => {
                self.byte(raw)?;
                let name = self.name(raw)?;
                self.expect(b">", raw)?;
                Ok(Word::Close(name))
            }
            _ => self.open(raw),
        }
    }

    fn open(&mut self, raw: &mut Vec<u8>) -> Result<Word, XmlError> {
        let mut tag = Tag {
            name: self.name(raw)?,
            attributes: Vec::new(),
        };
        loop {
            match self.byte(raw)? {
                b'>' => return Ok(Word::Open { tag, empty: false }),
                b'/' => {
                    self.expect(b">", raw)?;
                    return Ok(Word::Open { tag, empty: true });
                }
                b' ' => {
                    let name = self.name(raw)?;
                    self.expect(b"=\"", raw)?;
                    let (value, forbidden) = self.value(raw)?;
                    tag.attributes.push(Attribute {
                        name,
                        value,
                        forbidden,
                    });
                }
                _ => return Err(self.fault("an attribute was expected here")),
            }
        }
    }

    fn name(&mut self, raw: &mut Vec<u8>) -> Result<String, XmlError> {
        let mut name = String::new();
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_alphanumeric() && byte != b'-' {
                break;
            }
            self.byte(raw)?;
            name.push(byte.into());
        }
        if name.is_empty() {
            return Err(self.fault("a name was expected here"));
        }
        Ok(name)
    }

    /// The value after its first quote, to its last; and a character that XML cannot hold.
    fn value(&mut self, raw: &mut Vec<u8>) -> Result<(String, Option<char>), XmlError> {
        let mut bytes = Vec::new();
        loop {
            match self.byte(raw)? {
                b'"' => break,
                b'<' => return Err(self.fault("a tag begins in the middle of a value")),
                b'&' => {
                    let found = self.reference(raw)?;
                    let mut room = [0; 4];
                    bytes.extend_from_slice(found.encode_utf8(&mut room).as_bytes());
                }
                blank @ (b'\t' | b'\n' | b'\r') => {
                    raw.pop();
                    raw.extend_from_slice(format!("&#{blank};").as_bytes());
                    bytes.push(blank);
                    self.mended += 1;
                }
                byte => bytes.push(byte),
            }
        }
        let value = String::from_utf8(bytes);
        let value = value.map_err(|_| self.fault("a value is not in UTF-8"))?;
        let kept = |character: &char| matches!(character, '\t' | '\n' | '\r');
        let cannot = |character: &char| {
            (*character < ' ' && !kept(character)) || matches!(character, '\u{fffe}' | '\u{ffff}')
        };
        let forbidden = value.chars().find(cannot);
        Ok((value, forbidden))
    }

    /// What stands for a character, after its `&`.
    fn reference(&mut self, raw: &mut Vec<u8>) -> Result<char, XmlError> {
        let mut name = String::new();
        loop {
            match self.byte(raw)? {
                b';' => break,
                byte if name.len() < 10 => name.push(byte.into()),
                _ => return Err(self.fault("a character reference does not end")),
            }
        }
        let number = match name.as_str() {
            "lt" => return Ok('<'),
            "gt" => return Ok('>'),
            "amp" => return Ok('&'),
            "quot" => return Ok('"'),
            "apos" => return Ok('\''),
            name => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
                (Some(digits), _) => u32::from_str_radix(digits, 16).ok(),
                (None, Some(digits)) => digits.parse().ok(),
                (None, None) => None,
            },
        };
        number
            .and_then(char::from_u32)
            .ok_or_else(|| self.fault(format!("`&{name};` stands for no character")))
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that was read, and the mended text.
    fn read(text: &str) -> Result<(Vec<Word>, String), String> {
        let mut words = Words::new(text.as_bytes());
        let (mut all, mut whole, mut raw) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let word = words.next(&mut raw).map_err(|error| error.to_string())?;
            whole.extend_from_slice(&raw);
            if word == Word::End {
                return Ok((all, String::from_utf8(whole).unwrap()));
            }
            all.push(word);
        }
    }

    fn value(text: &str) -> Attribute {
        let (mut words, _) = read(&format!("<p v=\"{text}\"/>")).unwrap();
        let Word::Open { mut tag, empty } = words.remove(0) else {
            panic!("no tag");
        };
        assert!(empty);
        tag.attributes.remove(0)
    }

    #[test]
    fn tabs_and_line_ends_of_a_value_become_references_and_nothing_else_changes() {
        let text = "\n<a>\n   <p v=\"x\ty\r\nz &amp;&#xe9; é📨\"/>\n</a>\n";
        let (words, mended) = read(text).unwrap();
        assert_eq!(
            mended,
            "\n<a>\n   <p v=\"x&#9;y&#13;&#10;z &amp;&#xe9; é📨\"/>\n</a>\n"
        );
        let (again, same) = read(&mended).unwrap();
        assert_eq!(again, words);
        assert_eq!(same, mended);
        assert_eq!(value("x\ty\r\nz &lt;&#233;").value, "x\ty\r\nz <é");
        assert_eq!(value("\u{e9}").forbidden, None);
    }

    #[test]
    fn a_character_that_xml_cannot_hold_is_told() {
        assert_eq!(value("a\u{1}b").forbidden, Some('\u{1}'));
        assert_eq!(value("&#x2;").forbidden, Some('\u{2}'));
        assert_eq!(value("\u{ffff}").forbidden, Some('\u{ffff}'));
    }

    #[test]
    fn bodies_are_counted_and_not_kept() {
        let (words, same) = read("<b>\n<![CDATA[QUJD\nREVG]]></b>").unwrap();
        assert!(words.contains(&Word::DataBegins) && words.contains(&Word::DataEnds));
        let all = words.iter().map(|word| match word {
            Word::Data(count) => *count,
            _ => 0,
        });
        assert_eq!(all.sum::<u64>(), 8);
        assert_eq!(same, "<b>\n<![CDATA[QUJD\nREVG]]></b>");
    }

    #[test]
    fn what_the_exporter_never_writes_is_refused() {
        for (text, problem) in [
            (
                "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>",
                "byte 3: `![CDATA[` was expected here",
            ),
            (
                "<?xml version=\"1.0\"?>",
                "byte 1: a name was expected here",
            ),
            ("<a>&b;</a>", "byte 3: there is text between the elements"),
            ("<a v=\"&b;\"/>", "byte 9: `&b;` stands for no character"),
            (
                "<a v=\"&#xd83d;\"/>",
                "byte 14: `&#xd83d;` stands for no character",
            ),
            (
                "AMQ222038: Starting paging",
                "byte 0: there is text between the elements",
            ),
            (
                "<a><![CDATA[<b>",
                "byte 12: there is something else than Base64 in a body",
            ),
            (
                "<a><![CDATA[QUJD",
                "byte 16: the text ends in the middle of a body",
            ),
            ("<a v=\"x", "byte 7: the text ends in the middle of a tag"),
            ("<a v=\"<", "byte 7: a tag begins in the middle of a value"),
            ("<a v='x'/>", "byte 6: `=\"` was expected here"),
        ] {
            assert_eq!(read(text).unwrap_err(), problem, "{text}");
        }
    }
}
