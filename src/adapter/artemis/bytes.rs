//! Numbers and texts as Artemis writes them, taken from the front of some bytes.

/// Bytes that are read from front to back.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

/// There was less than what should have been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooShort;

impl<'a> Bytes<'a> {
    /// The next `length` bytes.
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], TooShort> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(TooShort)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, TooShort> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn i32(&mut self) -> Result<i32, TooShort> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(super) fn i64(&mut self) -> Result<i64, TooShort> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// A length that must not be negative.
    pub(super) fn length(&mut self) -> Result<usize, TooShort> {
        usize::try_from(self.i32()?).map_err(|_| TooShort)
    }

    /// `SimpleString`: its bytes counted, two for each UTF-16 unit, the lower one first.
    pub(super) fn text(&mut self) -> Result<String, TooShort> {
        let length = self.length()?;
        let bytes = self.take(length)?;
        let (pairs, _) = bytes.as_chunks::<2>();
        let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
        Ok(char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect())
    }

    fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], TooShort> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(TooShort)?;
        self.0 = rest;
        Ok(*taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_two_bytes_a_unit_and_its_length_in_front() {
        let mut bytes = Bytes(b"\0\0\0\x04q\0\xFC\0rest");
        assert_eq!(bytes.text().unwrap(), "qü");
        assert_eq!(bytes.0, b"rest");
    }

    #[test]
    fn nothing_is_read_beyond_the_end() {
        assert_eq!(Bytes(b"\0\0\0").i32(), Err(TooShort));
        assert_eq!(Bytes(b"\xFF\xFF\xFF\xFF").length(), Err(TooShort));
        assert_eq!(Bytes(b"\0\0\0\x02q").text(), Err(TooShort));
    }
}
