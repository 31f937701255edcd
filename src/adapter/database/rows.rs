//! Rows as text: one line a row, a tab between columns, escapes undone here. MySQL's client writes so
//! with `--batch`, PostgreSQL's with `COPY … TO STDOUT`.

use std::io::{self, Write};

/// One row. Bytes that are not UTF-8 are replaced; the room's own queries ask for none.
pub(in crate::adapter) type Row = Vec<String>;

/// Takes the client's output and hands out whole rows.
pub(in crate::adapter) struct RowWriter<F> {
    line: Vec<u8>,
    each: F,
}

impl<F: FnMut(Row)> RowWriter<F> {
    /// Every complete row goes to `each`.
    pub(in crate::adapter) fn new(each: F) -> Self {
        Self {
            line: Vec::new(),
            each,
        }
    }
}

impl<F: FnMut(Row)> Write for RowWriter<F> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut rest = buffer;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.line.extend_from_slice(&rest[..end]);
            (self.each)(decode(&self.line));
            self.line.clear();
            rest = &rest[end + 1..];
        }
        self.line.extend_from_slice(rest);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn decode(line: &[u8]) -> Row {
    line.split(|&byte| byte == b'\t').map(unescape).collect()
}

fn unescape(column: &[u8]) -> String {
    let mut text = Vec::with_capacity(column.len());
    let mut rest = column;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        text.extend_from_slice(&rest[..at]);
        let (byte, used) = match rest.get(at + 1) {
            Some(b'n') => (b'\n', 2),
            Some(b't') => (b'\t', 2),
            Some(b'r') => (b'\r', 2),
            Some(b'b') => (0x08, 2),
            Some(b'f') => (0x0c, 2),
            Some(b'v') => (0x0b, 2),
            Some(b'0') => (0, 2),
            Some(b'\\') => (b'\\', 2),
            _ => (b'\\', 1),
        };
        text.push(byte);
        rest = &rest[at + used..];
    }
    text.extend_from_slice(rest);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_out_whole_whatever_the_chunks() {
        let output = b"a\\tb\\nc\\\\d\\0e\tNULL\t\n1\t\xff\n";
        let expected = vec![
            vec!["a\tb\nc\\d\0e".to_owned(), "NULL".into(), String::new()],
            vec!["1".to_owned(), "\u{fffd}".into()],
        ];
        for size in 1..output.len() {
            let mut rows = Vec::new();
            let mut writer = RowWriter::new(|row| rows.push(row));
            for chunk in output.chunks(size) {
                writer.write_all(chunk).unwrap();
            }
            assert_eq!(rows, expected, "chunks of {size}");
        }
    }
}
