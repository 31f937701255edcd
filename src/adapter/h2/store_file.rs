//! What a database file says of itself: an MVStore (H2's `MVStore.java` and `DataUtils.java`, 1.4 to
//! 2.2), or a [page store](super::page_file).
//!
//! Two blocks at its beginning hold the same header, one of which may be torn by a crash. In a store
//! that was closed the header leads to the newest chunk, which ends in a footer of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::page_file;

/// `MVStore.BLOCK_SIZE`.
const BLOCK: u64 = 4096;

/// `Chunk.FOOTER_LENGTH`.
const FOOTER: usize = 128;

/// `FilePathEncrypt.HEADER`.
const ENCRYPTED: &[u8] = b"H2encrypt";

/// How a database file is laid out, if it is no MVStore (`….mv.db`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Layout {
    /// `….h2.db`.
    Page,
}

/// A database file that is whole as far as can be told from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoreFile {
    /// Its layout; `None` for an MVStore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) layout: Option<Layout>,
    /// Version of the format: 1 for H2 1.4, 2 for 2.0 and 2.1, 3 from 2.2 on; of a page store 3 for 1.2
    /// and 1.3. `None` if the file is encrypted, which hides it.
    pub(super) format: Option<u64>,
    /// Whether the database was closed. If not, H2 repairs it when it is opened.
    pub(super) closed: bool,
}

/// Why a file is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreFileError {
    /// It could not be read.
    #[error("failed to read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// It is something else, or damaged.
    #[error("{} is no whole H2 database: {problem}", path.display())]
    Damaged { path: PathBuf, problem: String },
}

/// Looks at a database file.
pub(super) fn inspect(path: &Path) -> Result<StoreFile, StoreFileError> {
    let found = File::open(path).and_then(inspect_bytes);
    let path = path.to_owned();
    match found {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(problem)) => Err(StoreFileError::Damaged { path, problem }),
        Err(source) => Err(StoreFileError::Read { path, source }),
    }
}

fn inspect_bytes(mut file: impl Read + Seek) -> io::Result<Result<StoreFile, String>> {
    let mut blocks = Vec::new();
    file.by_ref().take(2 * BLOCK).read_to_end(&mut blocks)?;
    if blocks.starts_with(ENCRYPTED) {
        return Ok(Ok(StoreFile {
            layout: None,
            format: None,
            closed: true,
        }));
    }
    if blocks.starts_with(page_file::MAGIC) {
        return page_file::inspect(&mut file);
    }
    let headers = blocks.chunks(BLOCK as usize).filter_map(fields);
    let newest = headers
        .filter(|header| hexadecimal(header, "H").is_some())
        .max_by_key(|header| hexadecimal(header, "version"));
    let Some(header) = newest else {
        return Ok(Err("neither copy of its header is readable".to_owned()));
    };
    let Some(format) = hexadecimal(&header, "format") else {
        return Ok(Err("its header names no format".to_owned()));
    };
    if hexadecimal(&header, "blockSize") != Some(BLOCK) {
        return Ok(Err("its header names another size of blocks".to_owned()));
    }
    let closed = hexadecimal(&header, "clean") == Some(1);
    if closed && let Some(problem) = newest_chunk(&mut file, &header)? {
        return Ok(Err(problem));
    }
    Ok(Ok(StoreFile {
        layout: None,
        format: Some(format),
        closed,
    }))
}

/// What is wrong with the chunk that the header leads to.
fn newest_chunk(
    file: &mut (impl Read + Seek),
    header: &BTreeMap<String, String>,
) -> io::Result<Option<String>> {
    let (Some(chunk), Some(block)) = (hexadecimal(header, "chunk"), hexadecimal(header, "block"))
    else {
        // An empty database has no chunk yet.
        return Ok(None);
    };
    let Some(head) = read_at(file, block.saturating_mul(BLOCK), 1024)? else {
        return Ok(Some("it ends before its newest chunk".to_owned()));
    };
    let head = split(&head);
    if hexadecimal(&head, "chunk") != Some(chunk) {
        return Ok(Some(
            "its newest chunk is not where it should be".to_owned(),
        ));
    }
    let blocks = hexadecimal(&head, "len").unwrap_or(0);
    let end = block.saturating_add(blocks).saturating_mul(BLOCK);
    let start = end.saturating_sub(FOOTER as u64);
    let footer = read_at(file, start, FOOTER)?.and_then(|footer| fields(&footer));
    match footer {
        Some(footer) if hexadecimal(&footer, "chunk") == Some(chunk) => Ok(None),
        _ => Ok(Some(
            "the end of its newest chunk is damaged or missing".to_owned(),
        )),
    }
}

/// Exactly that many bytes; `None` if the file ends before.
pub(super) fn read_at(
    file: &mut (impl Read + Seek),
    at: u64,
    count: usize,
) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; count];
    file.seek(SeekFrom::Start(at))?;
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// `key:value,…` up to the end of the line.
fn split(bytes: &[u8]) -> BTreeMap<String, String> {
    let line = bytes
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let text = String::from_utf8_lossy(line);
    let pairs = text
        .trim()
        .split(',')
        .filter_map(|pair| pair.split_once(':'));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// The fields of a text that ends in its own checksum, if that is right
/// (`DataUtils.parseChecksummedMap`).
fn fields(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    const MARK: &[u8] = b",fletcher:";
    let at = bytes
        .windows(MARK.len())
        .position(|window| window == MARK)?;
    let fields = split(bytes);
    let sum = hexadecimal(&fields, "fletcher")?;
    (sum == u64::from(fletcher32(&bytes[..at]))).then_some(fields)
}

fn hexadecimal(fields: &BTreeMap<String, String>, key: &str) -> Option<u64> {
    u64::from_str_radix(fields.get(key)?, 16).ok()
}

/// `DataUtils.getFletcher32`.
fn fletcher32(bytes: &[u8]) -> u32 {
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    let (mut one, mut two) = (0xffff_u32, 0xffff_u32);
    for part in bytes.chunks(720) {
        for pair in part.chunks(2) {
            let word = u32::from(pair[0]) << 8 | pair.get(1).copied().map_or(0, u32::from);
            one = one.wrapping_add(word);
            two = two.wrapping_add(one);
        }
        (one, two) = (fold(one), fold(two));
    }
    (one, two) = (fold(one), fold(two));
    two.wrapping_shl(16) | one & 0xffff
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Written and closed by H2 2.1.214.
    fn database() -> Vec<u8> {
        let path = "examples/quickstart/template/data/domibus.mv.db";
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    }

    fn problem(bytes: &[u8]) -> String {
        inspect_bytes(Cursor::new(bytes)).unwrap().unwrap_err()
    }

    #[test]
    fn a_database_that_h2_wrote() {
        let found = inspect_bytes(Cursor::new(database())).unwrap().unwrap();
        let expected = StoreFile {
            layout: None,
            format: Some(2),
            closed: true,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn one_torn_header_is_no_damage_two_are() {
        let mut bytes = database();
        bytes[20] ^= 1;
        assert!(inspect_bytes(Cursor::new(&bytes)).unwrap().is_ok());
        bytes[4096 + 20] ^= 1;
        assert_eq!(problem(&bytes), "neither copy of its header is readable");
        assert_eq!(problem(b""), "neither copy of its header is readable");
    }

    #[test]
    fn a_file_that_was_cut_is_damaged() {
        let bytes = database();
        assert_eq!(
            problem(&bytes[..bytes.len() - 1]),
            "the end of its newest chunk is damaged or missing"
        );
        assert_eq!(problem(&bytes[..9000]), "it ends before its newest chunk");
        let mut moved = bytes;
        moved[8192 + 6] = b'7';
        assert_eq!(
            problem(&moved),
            "its newest chunk is not where it should be"
        );
    }

    #[test]
    fn an_encrypted_one_keeps_its_secrets() {
        let found = inspect_bytes(Cursor::new(b"H2encrypt\n12345678")).unwrap();
        assert_eq!(found.unwrap().format, None);
    }
}
