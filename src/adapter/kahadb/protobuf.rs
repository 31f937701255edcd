//! A minimal protobuf reader that streams: a field of any length can be passed over unread.

use std::io::{self, BufReader, Read, Seek};

/// The longest field read into memory. Names, ids and transaction ids are far below it; message
/// bodies are passed over.
const LONGEST_FIELD: u64 = 64 * 1024;

/// Why a record could not be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file could not be read.
    Io(io::Error),
    /// The bytes are not what a broker writes.
    Shape(&'static str),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Bytes that can be passed over without being copied.
pub(super) trait Source: Read {
    fn pass(&mut self, length: u64) -> io::Result<()>;
}

impl<R: Read + Seek> Source for BufReader<R> {
    fn pass(&mut self, length: u64) -> io::Result<()> {
        let length = i64::try_from(length).map_err(io::Error::other)?;
        self.seek_relative(length)
    }
}

impl Source for &[u8] {
    fn pass(&mut self, length: u64) -> io::Result<()> {
        let rest = usize::try_from(length)
            .ok()
            .and_then(|length| self.get(length..));
        *self = rest.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(())
    }
}

/// The value of a field.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A variable-length integer.
    Number(u64),
    /// A string, bytes or a message: [`Message::content`] reads it, [`Message::nested`] descends
    /// into it, and asking for the next field passes over it.
    Content,
    /// Four or eight bytes; no record of a journal uses them.
    Fixed,
}

/// A message, read field by field and never beyond its own length.
pub(super) struct Message<'s, S> {
    source: &'s mut S,
    left: u64,
    content: u64,
}

impl<'s, S: Source> Message<'s, S> {
    pub(super) fn new(source: &'s mut S, length: u64) -> Self {
        Self {
            source,
            left: length,
            content: 0,
        }
    }

    /// Bytes of this message not yet read or passed over.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        if self.left == 0 {
            return Err(Fault::Shape("the record ends in the middle of a field"));
        }
        let mut byte = [0];
        self.source.read_exact(&mut byte)?;
        self.left -= 1;
        Ok(byte[0])
    }

    pub(super) fn number(&mut self) -> Result<u64, Fault> {
        let mut number = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Fault::Shape(
            "a number in the record is longer than ten bytes",
        ))
    }

    /// The next field and its value, or `None` at the end of the message.
    pub(super) fn field(&mut self) -> Result<Option<(u64, Value)>, Fault> {
        let unread = std::mem::take(&mut self.content);
        self.pass(unread)?;
        if self.left == 0 {
            return Ok(None);
        }
        let tag = self.number()?;
        let value = match tag & 7 {
            0 => Value::Number(self.number()?),
            1 => self.fixed(8)?,
            2 => {
                let length = self.number()?;
                if length > self.left {
                    return Err(Fault::Shape("a field is longer than its record"));
                }
                self.content = length;
                Value::Content
            }
            5 => self.fixed(4)?,
            _ => {
                return Err(Fault::Shape(
                    "a field of the record has an unknown wire type",
                ));
            }
        };
        Ok(Some((tag >> 3, value)))
    }

    /// The bytes of the field that [`Message::field`] just announced.
    pub(super) fn content(&mut self) -> Result<Vec<u8>, Fault> {
        if self.content > LONGEST_FIELD {
            return Err(Fault::Shape("a name or id is longer than 64 KiB"));
        }
        let mut bytes = vec![0; self.content as usize];
        self.source.read_exact(&mut bytes)?;
        self.left -= std::mem::take(&mut self.content);
        Ok(bytes)
    }

    /// The message inside the field that [`Message::field`] just announced.
    ///
    /// The outer message can be read on only when this one was read to its end.
    pub(super) fn nested(&mut self) -> Message<'_, S> {
        let length = std::mem::take(&mut self.content);
        self.left -= length;
        Message::new(self.source, length)
    }

    fn fixed(&mut self, length: u64) -> Result<Value, Fault> {
        if length > self.left {
            return Err(Fault::Shape("a field is longer than its record"));
        }
        self.pass(length)?;
        Ok(Value::Fixed)
    }

    fn pass(&mut self, length: u64) -> Result<(), Fault> {
        self.source.pass(length)?;
        self.left -= length;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(bytes: &[u8]) -> Result<u64, Fault> {
        Message::new(&mut &*bytes, bytes.len() as u64).number()
    }

    #[test]
    fn numbers_are_read_to_64_bits() {
        assert_eq!(numbers(&[0x00]).unwrap(), 0);
        assert_eq!(numbers(&[0xAC, 0x02]).unwrap(), 300);
        let minus_one = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
        assert_eq!(numbers(&minus_one).unwrap(), u64::MAX);
        assert!(matches!(numbers(&[0x80; 11]), Err(Fault::Shape(_))));
        assert!(matches!(numbers(&[0x80]), Err(Fault::Shape(_))));
    }

    #[test]
    fn unread_content_is_passed_over() {
        let bytes = [0x0A, 0x03, b'a', b'b', b'c', 0x10, 0x07];
        let mut source = &bytes[..];
        let mut message = Message::new(&mut source, 7);
        assert_eq!(message.field().unwrap(), Some((1, Value::Content)));
        assert_eq!(message.field().unwrap(), Some((2, Value::Number(7))));
        assert_eq!(message.field().unwrap(), None);
    }

    #[test]
    fn a_field_cannot_reach_beyond_its_message() {
        let bytes = [0x0A, 0x03, b'a', b'b', b'c'];
        let mut source = &bytes[..];
        let mut message = Message::new(&mut source, 4);
        assert!(matches!(message.field(), Err(Fault::Shape(_))));
    }

    #[test]
    fn a_huge_field_is_passed_over_but_not_loaded() {
        let mut bytes = vec![0x0A, 0x80, 0x80, 0x08];
        bytes.resize(4 + 128 * 1024, 0);
        bytes.extend([0x10, 0x01]);
        let length = bytes.len() as u64;
        let mut source = &bytes[..];
        let mut message = Message::new(&mut source, length);
        assert_eq!(message.field().unwrap(), Some((1, Value::Content)));
        assert!(matches!(message.content(), Err(Fault::Shape(_))));
        assert_eq!(message.field().unwrap(), Some((2, Value::Number(1))));
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut source = &bytes[..];
            let mut message = Message::new(&mut source, bytes.len() as u64);
            let mut fields = 0;
            while let Ok(Some(_)) = message.field() {
                fields += 1;
                prop_assert!(fields <= bytes.len());
            }
        }
    }
}
