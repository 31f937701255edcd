//! Reading a dump's text while it streams by: is it whole, and what does it hold?
//!
//! Only the beginnings of lines are looked at, so the cost is that of finding line ends, and the
//! memory that of the objects' names, however long a line is. Rows never begin a line with one of the
//! looked-for texts: the dump programs escape line ends inside of values. Bodies of routines may
//! (their text is raw), so a text seen is never counted: the question is whether the name of every
//! object of the inventory was seen.

use std::collections::BTreeSet;

/// Bytes of a line that are looked at. A definer's account and a name have at most 64 + 255 + 64
/// characters of up to four bytes.
const LOOKED_AT: usize = 2048;

/// What a dump's text holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DumpText {
    /// `-- MariaDB dump 10.19  Distrib …`, without the dashes: the program and its version.
    pub header: Option<String>,
    /// Whether the last line is the trailer `-- Dump completed`.
    pub complete: bool,
    /// Tables and sequences that are created.
    pub tables: BTreeSet<String>,
    /// Tables that rows are inserted into.
    pub tables_with_rows: BTreeSet<String>,
    /// Views.
    pub views: BTreeSet<String>,
    /// Triggers.
    pub triggers: BTreeSet<String>,
    /// Stored procedures, functions and packages.
    pub routines: BTreeSet<String>,
    /// Events.
    pub events: BTreeSet<String>,
    /// Bytes of the longest line. A row stands on one line; to load it, the server's
    /// `max_allowed_packet` must hold it.
    pub longest_line: u64,
    /// Bytes in all.
    pub bytes: u64,
}

/// Takes a dump's text in chunks of any size.
#[derive(Debug, Default)]
pub struct DumpScanner {
    text: DumpText,
    head: Vec<u8>,
    length: u64,
    lines: u64,
}

impl DumpScanner {
    /// Takes in the next chunk.
    pub fn feed(&mut self, chunk: &[u8]) {
        self.text.bytes += chunk.len() as u64;
        let mut rest = chunk;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let line = &rest[..end];
            if self.length == 0 {
                self.line(line, line.len() as u64);
            } else {
                self.keep(line);
                let head = std::mem::take(&mut self.head);
                self.line(&head, self.length);
                self.head = head;
                self.head.clear();
                self.length = 0;
            }
            rest = &rest[end + 1..];
        }
        self.keep(rest);
    }

    /// What the text held.
    pub fn finish(mut self) -> DumpText {
        if self.length > 0 {
            let head = std::mem::take(&mut self.head);
            self.line(&head, self.length);
        }
        self.text
    }

    fn keep(&mut self, part: &[u8]) {
        let room = LOOKED_AT.saturating_sub(self.head.len());
        self.head.extend_from_slice(&part[..part.len().min(room)]);
        self.length += part.len() as u64;
    }

    fn line(&mut self, line: &[u8], length: u64) {
        self.lines += 1;
        self.text.longest_line = self.text.longest_line.max(length);
        let Some(first) = line.first() else {
            return;
        };
        self.text.complete = false;
        let line = &line[..line.len().min(LOOKED_AT)];
        match first {
            b'-' => self.comment(line),
            b'I' => {
                if let Some(name) = after(line, b"INSERT INTO ").and_then(name_of) {
                    remember(&mut self.text.tables_with_rows, name);
                }
            }
            b'C' | b'/' => self.creation(line),
            _ => {}
        }
    }

    fn comment(&mut self, line: &[u8]) {
        if line.starts_with(b"-- Dump completed") {
            self.text.complete = true;
        } else if self.text.header.is_none()
            && self.lines <= 3
            && (line.starts_with(b"-- MySQL dump ") || line.starts_with(b"-- MariaDB dump "))
        {
            let text = String::from_utf8_lossy(&line[3..]);
            self.text.header = Some(text.trim().to_owned());
        }
    }

    fn creation(&mut self, line: &[u8]) {
        if let Some(rest) =
            after(line, b"CREATE TABLE ").or_else(|| after(line, b"CREATE SEQUENCE "))
        {
            let rest = after(rest, b"IF NOT EXISTS ").unwrap_or(rest);
            if let Some(name) = name_of(rest) {
                remember(&mut self.text.tables, name);
            }
        } else if let Some(rest) = after(line, b"/*!50001 VIEW ") {
            if let Some(name) = name_of(rest) {
                remember(&mut self.text.views, name);
            }
        } else if let Some((kind, name)) = with_definer(line) {
            let names = match kind {
                b"TRIGGER" => &mut self.text.triggers,
                b"EVENT" => &mut self.text.events,
                _ => &mut self.text.routines,
            };
            remember(names, name);
        }
    }
}

fn remember(names: &mut BTreeSet<String>, name: String) {
    if !names.contains(&name) {
        names.insert(name);
    }
}

fn after<'a>(line: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(prefix)
}

/// The name between backticks at the start, a doubled one inside undone.
fn name_of(text: &[u8]) -> Option<String> {
    let (name, _) = quoted(text)?;
    Some(String::from_utf8_lossy(&name).into_owned())
}

fn quoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"`")?;
    let mut name = Vec::new();
    loop {
        let end = memchr::memchr(b'`', rest)?;
        name.extend_from_slice(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(b"`") {
            Some(after) => {
                name.push(b'`');
                rest = after;
            }
            None => return Some((name, rest)),
        }
    }
}

/// `CREATE DEFINER=… PROCEDURE name`, or the same in version comments:
/// `/*!50003 CREATE*/ /*!50017 DEFINER=…*/ /*!50003 TRIGGER name`. What stands between is the
/// account, `AGGREGATE`, `BODY`, `IF NOT EXISTS`. Of a trigger the server keeps the words of whoever
/// made it: its name may be without quotes or after the schema's.
fn with_definer(line: &[u8]) -> Option<(&'static [u8], String)> {
    const KINDS: [&[u8]; 5] = [b"TRIGGER", b"EVENT", b"PROCEDURE", b"FUNCTION", b"PACKAGE"];
    let mut rest = match after(line, b"CREATE ") {
        Some(rest) => rest,
        None => after(comment_open(line)?, b"CREATE")?,
    };
    let mut kind: Option<&'static [u8]> = None;
    while let Some(&byte) = rest.first() {
        if byte == b'`' || is_word(byte) {
            let (word, tail) = word_or_quoted(rest)?;
            let plain = byte != b'`';
            let upper = word.to_ascii_uppercase();
            let known = KINDS.iter().copied().find(|known| plain && upper == *known);
            let between: [&[u8]; 4] = [b"BODY", b"IF", b"NOT", b"EXISTS"];
            match kind {
                None => kind = known,
                Some(_) if plain && between.contains(&upper.as_slice()) => {}
                Some(kind) => {
                    let name = match tail.strip_prefix(b".") {
                        Some(tail) => word_or_quoted(tail)?.0,
                        None => word,
                    };
                    return Some((kind, String::from_utf8_lossy(&name).into_owned()));
                }
            }
            rest = tail;
        } else if b" @=*/!%.-".contains(&byte) {
            rest = &rest[1..];
        } else {
            return None;
        }
    }
    None
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn word_or_quoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    if text.first() == Some(&b'`') {
        return quoted(text);
    }
    let end = text
        .iter()
        .position(|&byte| !is_word(byte))
        .unwrap_or(text.len());
    (end > 0).then(|| (text[..end].to_vec(), &text[end..]))
}

/// What follows `/*!50003 `.
fn comment_open(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"/*!")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    rest[digits..].strip_prefix(b" ")
}

#[cfg(test)]
#[path = "scanner_tests.rs"]
mod tests;
