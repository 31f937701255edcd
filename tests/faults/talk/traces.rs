//! Where a planted secret shows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use memchr::memmem::find;

/// What is left of a secret in text in which it was not masked: its beginning, which no form changes but
/// base64, and what base64 makes of that wherever it begins.
pub(super) struct Traces(Vec<Vec<u8>>);

impl Traces {
    /// Of a secret that begins with that.
    pub(super) fn of(beginning: &str) -> Self {
        let mut all = vec![beginning.as_bytes().to_vec()];
        for offset in 0..3 {
            let encoded = inner_base64(beginning.as_bytes(), offset);
            all.push(encoded.replace('+', "-").replace('/', "_").into_bytes());
            all.push(encoded.into_bytes());
        }
        Self(all)
    }

    /// Whether the secret shows in these bytes.
    pub(super) fn show_in(&self, bytes: &[u8]) -> bool {
        self.0.iter().any(|trace| find(bytes, trace).is_some())
    }

    /// The line of a text in which the secret shows first, and where it does not, nothing.
    pub(super) fn line_in(&self, text: &[u8]) -> Option<String> {
        let line = text
            .split(|&byte| byte == b'\n')
            .find(|line| self.show_in(line))?;
        let at = self
            .0
            .iter()
            .find_map(|trace| find(line, trace))
            .unwrap_or(0);
        let near = &line[at.saturating_sub(60)..line.len().min(at + 100)];
        Some(String::from_utf8_lossy(near).into_owned())
    }

    /// The files below a folder that hold the secret; the rig's own servers are not looked into.
    pub(super) fn holders(&self, folder: &Path) -> BTreeSet<PathBuf> {
        let is_server = |entry: &walkdir::DirEntry| {
            entry.depth() == 1 && entry.file_name().as_encoded_bytes().starts_with(b"upk-")
        };
        walkdir::WalkDir::new(folder)
            .into_iter()
            .filter_entry(|entry| !is_server(entry))
            .flatten()
            .filter(|entry| entry.file_type().is_file())
            .map(walkdir::DirEntry::into_path)
            .filter(|path| std::fs::read(path).is_ok_and(|bytes| self.show_in(&bytes)))
            .collect()
    }
}

/// The letters of base64 that these bytes alone decide when they stand `offset` bytes into a longer text.
fn inner_base64(bytes: &[u8], offset: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<usize> = std::iter::repeat_n(&0, offset)
        .chain(bytes)
        .flat_map(|byte| (0..8).rev().map(move |at| usize::from(byte >> at & 1)))
        .collect();
    let sixes = bits.chunks_exact(6).skip((offset * 8).div_ceil(6));
    let letter = |six: &[usize]| char::from(LETTERS[six.iter().fold(0, |all, bit| all << 1 | bit)]);
    sixes.map(letter).collect()
}

#[test]
fn a_secret_is_found_in_base64_wherever_it_begins() {
    let traces = Traces::of("Pl4nt3d7");
    // `a:Pl4nt3d7-x`, and the same with one and two signs more before it.
    for text in [
        "YTpQbDRudDNkNy14",
        "YWI6UGw0bnQzZDcteA==",
        "YWJjOlBsNG50M2Q3LXg=",
    ] {
        assert!(traces.show_in(text.as_bytes()), "{text}");
    }
    assert!(!traces.show_in(b"YTpQbDRudDNkOC14"));
}
