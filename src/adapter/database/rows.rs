//! Rows as text: one line a row, a tab between columns, escapes undone here. MySQL's client writes so
//! with `--batch`, PostgreSQL's with `COPY … TO STDOUT`.

use std::io::{self, Write};

use crate::host::Captured;

/// One row. Bytes that are not UTF-8 are replaced; the room's own queries ask for none.
pub(in crate::adapter) type Row = Vec<String>;

/// The last thing that a client is asked, and the last line of what it prints: a client that ends well
/// without it has not run all that it was given, or its answer was cut.
pub(in crate::adapter) const END: &str = "upgrade-kit:end";

/// A longer line, or text, is no answer to a question of ours, and would cost memory without end. For
/// rows, what they cost counts: whoever asked keeps them.
const LONGEST: usize = 64 << 20;

/// Bytes that a row, and a column, cost beside their text.
const ROW_COST: usize = 64;
const COLUMN_COST: usize = 32;

fn refuse_longer(bytes: usize) -> io::Result<()> {
    if bytes <= LONGEST {
        return Ok(());
    }
    let limit = LONGEST >> 20;
    Err(io::Error::other(format!(
        "its answer is longer than {limit} MiB"
    )))
}

/// The whole output of a client.
#[derive(Default)]
pub(in crate::adapter) struct WholeOutput(pub(in crate::adapter) Vec<u8>);

impl Write for WholeOutput {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        refuse_longer(self.0.len() + buffer.len())?;
        self.0.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a client that was asked for [`END`] at the end of a script printed it last.
pub(in crate::adapter) fn came_to_its_end(stdout: &Captured) -> bool {
    stdout.last_lines(1).concat() == END
}

/// Takes the client's output and hands out whole rows.
pub(in crate::adapter) struct RowWriter<F> {
    line: Vec<u8>,
    /// Of all rows so far, in bytes.
    cost: usize,
    each: F,
    ended: bool,
}

impl<F: FnMut(Row)> RowWriter<F> {
    /// Every complete row goes to `each`.
    pub(in crate::adapter) fn new(each: F) -> Self {
        Self {
            line: Vec::new(),
            cost: 0,
            each,
            ended: false,
        }
    }

    /// Whether the last row was [`END`], which is not handed out.
    pub(in crate::adapter) fn has_ended(&self) -> bool {
        self.ended && self.line.is_empty()
    }

    fn keep(&mut self, part: &[u8]) -> io::Result<()> {
        refuse_longer(self.line.len() + part.len())?;
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        self.ended = self.line == END.as_bytes();
        if !self.ended {
            let columns = 1 + memchr::memchr_iter(b'\t', &self.line).count();
            self.cost += self.line.len() + ROW_COST + COLUMN_COST * columns;
            refuse_longer(self.cost)?;
            (self.each)(decode(&self.line));
        }
        self.line.clear();
        Ok(())
    }
}

impl<F: FnMut(Row)> Write for RowWriter<F> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut rest = buffer;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.keep(&rest[..end])?;
            self.close()?;
            rest = &rest[end + 1..];
        }
        self.keep(rest)?;
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

    #[test]
    fn only_an_answer_with_its_end_is_whole() {
        for (output, is_whole) in [
            ("", false),
            ("a\n", false),
            ("upgrade-kit:end", false),
            ("upgrade-kit:end\n", true),
            ("a\nupgrade-kit:end\n", true),
            ("upgrade-kit:end\na\n", false),
            ("upgrade-kit:end\na", false),
        ] {
            let mut rows = Vec::new();
            let mut writer = RowWriter::new(|row| rows.push(row));
            writer.write_all(output.as_bytes()).unwrap();
            assert_eq!(writer.has_ended(), is_whole, "{output:?}");
            assert!(rows.iter().all(|row| *row == ["a"]), "{rows:?}");
        }
    }

    #[test]
    fn rows_without_end_are_refused_before_they_cost_all_memory() {
        for (line, taken) in [("\n", LONGEST / 96), ("\t\t\t\n", LONGEST / 195)] {
            let mut count = 0;
            let mut writer = RowWriter::new(|_| count += 1);
            let chunk = line.repeat(1 << 20);
            let error = writer.write_all(chunk.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "its answer is longer than 64 MiB");
            assert_eq!(count, taken);
        }
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_costs_all_memory() {
        let mut writer = RowWriter::new(|_| {});
        let chunk = vec![b'x'; LONGEST / 4];
        let taken = (0..8).filter(|_| writer.write_all(&chunk).is_ok());
        assert_eq!(taken.count(), 4);
    }
}
