//! Reads a plain dump while it flies by: objects, rows, first lines, trailer, client commands.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::lexer::{Lexer, changes_quoting};
use crate::backup::hex;

/// Longest beginning of a row's line that is looked at: its end mark is shorter.
const ROW_START: usize = 4;

/// A longer line outside of rows is no definition, and would cost memory without end.
const LONGEST_LINE: usize = 64 << 20;

/// What a dump's text holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DumpText {
    /// Program that wrote it, from its first lines.
    pub(super) tool: Option<String>,
    /// Its last statement is followed by the trailer.
    pub(super) complete: bool,
    /// Definitions: `KIND SCHEMA.NAME` and the SHA-256 of the statements.
    pub(super) definitions: BTreeMap<String, String>,
    /// Rows by `SCHEMA.TABLE`.
    pub(super) rows: BTreeMap<String, u64>,
    /// Owners of what it creates.
    pub(super) owners: BTreeSet<String>,
    /// The first line with a command of the client's, counted from 1.
    pub(super) client_command: Option<u64>,
}

/// Reads a dump in chunks of any size, and hands out what is kept of it.
#[derive(Default)]
pub(super) struct DumpScanner {
    text: DumpText,
    lexer: Lexer,
    line: Vec<u8>,
    number: u64,
    /// Within the rows of the entry: the table, and how many there were.
    copy: Option<(String, u64)>,
    /// A statement that began with `COPY` has not ended.
    copying: bool,
    entry: Option<(String, Sha256)>,
    began: bool,
    /// A line was longer than is held: what was seen is not all.
    too_long: bool,
}

impl DumpScanner {
    /// Takes a chunk; `keep` gets every byte but the lines `\restrict` and `\unrestrict`.
    pub(super) fn feed<E>(
        &mut self,
        chunk: &[u8],
        mut keep: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = chunk;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, next) = rest.split_at(end + 1);
            if self.copy.is_some() {
                self.take_start(line);
                keep(line)?;
                self.end_of_row();
            } else if self.line.is_empty() {
                if self.take(&line[..end]) {
                    keep(line)?;
                }
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                if self.take(&whole[..whole.len() - 1]) {
                    keep(&whole)?;
                }
            }
            rest = next;
        }
        if self.copy.is_some() {
            self.take_start(rest);
            keep(rest)?;
        } else if self.line.len() + rest.len() <= LONGEST_LINE {
            self.line.extend_from_slice(rest);
        } else {
            self.too_long = true;
            self.line.clear();
        }
        Ok(())
    }

    /// What was found. A last line without an end counts as cut off.
    pub(super) fn finish(mut self) -> DumpText {
        self.end_entry();
        let is_open = !self.line.is_empty() || self.copy.is_some() || !self.lexer.is_plain();
        if is_open || self.too_long {
            self.text.complete = false;
        }
        self.text
    }

    fn take_start(&mut self, piece: &[u8]) {
        let wanted = ROW_START.saturating_sub(self.line.len());
        self.line
            .extend_from_slice(&piece[..wanted.min(piece.len())]);
    }

    fn end_of_row(&mut self) {
        self.number += 1;
        let ended = self.line == b"\\.\n";
        self.line.clear();
        if !ended {
            if let Some((_, rows)) = &mut self.copy {
                *rows += 1;
            }
        } else if let Some((table, rows)) = self.copy.take() {
            *self.text.rows.entry(table).or_default() += rows;
        }
    }

    /// Whether a line outside rows is kept.
    fn take(&mut self, line: &[u8]) -> bool {
        self.number += 1;
        let outside = self.lexer.is_plain();
        if outside && is_restriction(line) {
            return false;
        }
        if outside && (line.is_empty() || line.starts_with(b"--")) {
            self.comment(line);
            // Only the lexer may say that nothing follows the comment.
            return true;
        }
        self.text.complete = false;
        let setting = line.starts_with(b"SET default_t");
        if !(outside && setting)
            && let Some((_, hash)) = &mut self.entry
        {
            hash.update(line);
            hash.update(b"\n");
        }
        if changes_quoting(line) || !self.lexer.line(line) {
            self.text.client_command.get_or_insert(self.number);
            self.lexer = Lexer::default();
        }
        self.copying |= outside && line.starts_with(b"COPY ");
        if self.lexer.is_plain() && line.ends_with(b";") && std::mem::take(&mut self.copying) {
            let table = self.entry.as_ref().map(|(name, _)| name.clone());
            let table = table.unwrap_or_default();
            let table = table.strip_prefix("TABLE DATA ").unwrap_or(&table);
            if line.ends_with(b" FROM stdin;") {
                self.copy = Some((table.to_owned(), 0));
            }
        }
        true
    }

    fn comment(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        match line.strip_prefix("-- ") {
            Some("PostgreSQL database dump") => self.began = true,
            Some("PostgreSQL database dump complete") => {
                self.end_entry();
                self.text.complete = self.began;
            }
            Some(text) => {
                if let Some(version) = text.strip_prefix("Dumped by pg_dump version ") {
                    self.text.tool = Some(format!("pg_dump {version}"));
                }
                if let Some(entry) = Entry::parse(text) {
                    self.end_entry();
                    if !entry.owner.is_empty() && entry.owner != "-" {
                        self.text.owners.insert(entry.owner.to_owned());
                    }
                    self.entry = Some((entry.name(), Sha256::new()));
                }
            }
            None => {}
        }
    }

    fn end_entry(&mut self) {
        let Some((name, hash)) = self.entry.take() else {
            return;
        };
        if let Some(table) = name.strip_prefix("TABLE DATA ") {
            self.text.rows.entry(table.to_owned()).or_default();
            return;
        }
        if [
            "SEQUENCE SET ",
            "BLOB ",
            "BLOBS ",
            "BLOB METADATA ",
            "MATERIALIZED VIEW DATA ",
        ]
        .iter()
        .any(|kind| name.starts_with(kind))
        {
            return;
        }
        // Two entries of one name: grants on a table and on its columns.
        let mut key = name.clone();
        let mut number = 1;
        while self.text.definitions.contains_key(&key) {
            number += 1;
            key = format!("{name} #{number}");
        }
        self.text.definitions.insert(key, hex(&hash.finalize()));
    }
}

/// `Name: N; Type: T; Schema: S; Owner: O`, or the same after `Data for `. Names are whatever people
/// chose, so the other words are looked for from the end.
struct Entry<'a> {
    kind: &'a str,
    schema: &'a str,
    name: &'a str,
    owner: &'a str,
}

impl<'a> Entry<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix("Data for ").unwrap_or(text);
        let (rest, owner) = text.strip_prefix("Name: ")?.rsplit_once("; Owner: ")?;
        let (rest, schema) = rest.rsplit_once("; Schema: ")?;
        let (name, kind) = rest.rsplit_once("; Type: ")?;
        let (owner, _) = owner.split_once("; Tablespace: ").unwrap_or((owner, ""));
        Some(Self {
            kind,
            schema,
            name,
            owner,
        })
    }

    fn name(&self) -> String {
        match self.schema {
            "-" | "" => format!("{} {}", self.kind, self.name),
            schema => format!("{} {schema}.{}", self.kind, self.name),
        }
    }
}

/// A line that newer `pg_dump` writes against client commands, with its random word.
fn is_restriction(line: &[u8]) -> bool {
    [b"\\restrict ".as_slice(), b"\\unrestrict "]
        .iter()
        .filter_map(|start| line.strip_prefix(*start))
        .any(|word| !word.is_empty() && word.iter().all(u8::is_ascii_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict aB9\n\n\
        -- Dumped from database version 15.18\n-- Dumped by pg_dump version 15.18\n\n\
        SET standard_conforming_strings = on;\n\nSET default_tablespace = '';\n\n\
        --\n-- Name: a; Type: x; Type: TABLE; Schema: public; Owner: o\n--\n\n\
        CREATE TABLE public.\"a; Type: x\" (\n    t text DEFAULT '\n\n-- no comment'\n);\n\n\n\
        --\n-- Data for Name: a; Type: x; Type: TABLE DATA; Schema: public; Owner: o\n--\n\n\
        COPY public.\"a; Type: x\" (t) FROM stdin;\n1\\\\! x\n\\N\n\n\\.\n\n\n\
        --\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict aB9\n\n";

    fn scan(text: &str, size: usize) -> (DumpText, String) {
        let mut scanner = DumpScanner::default();
        let mut kept = Vec::new();
        for chunk in text.as_bytes().chunks(size) {
            let keep = |bytes: &[u8]| -> Result<(), ()> {
                kept.extend_from_slice(bytes);
                Ok(())
            };
            scanner.feed(chunk, keep).unwrap();
        }
        (scanner.finish(), String::from_utf8(kept).unwrap())
    }

    #[test]
    fn a_dump_is_read_whatever_the_chunks() {
        let kept = DUMP
            .replace("\\restrict aB9\n", "")
            .replace("\\unrestrict aB9\n", "");
        let (whole, _) = scan(DUMP, DUMP.len());
        for size in 1..80 {
            assert_eq!(scan(DUMP, size), (whole.clone(), kept.clone()), "{size}");
        }
        assert!(whole.complete);
        assert_eq!(whole.client_command, None);
        assert_eq!(whole.tool.as_deref(), Some("pg_dump 15.18"));
        let names: Vec<&String> = whole.definitions.keys().collect();
        assert_eq!(names, ["TABLE public.a; Type: x"]);
        assert_eq!(whole.rows["public.a; Type: x"], 3);
    }

    #[test]
    fn a_cut_or_foreign_text_is_not_complete() {
        for end in 1..DUMP.len() - 30 {
            let (text, _) = scan(&DUMP[..end], 64);
            let trailer = DUMP.find("dump complete").unwrap() + 14;
            assert_eq!(text.complete, end >= trailer, "cut at {end}");
        }
        let more = format!("{DUMP}DROP TABLE x;\n");
        assert!(!scan(&more, 64).0.complete);
    }

    #[test]
    fn a_command_of_the_client_is_seen_and_rows_are_none() {
        for (word, line) in [
            ("\\! touch x", 35),
            ("\\restrict a b", 35),
            ("\\connect x", 35),
        ] {
            let evil = DUMP.replace("--\n\n\\unrestrict", &format!("{word}\n\\unrestrict"));
            assert!(evil.contains(word));
            let found = scan(&evil, 7).0;
            assert!(found.client_command.is_some_and(|at| at > line), "{word}");
        }
    }
}
