//! What a page store file says of itself (`PageStore.java`, `FileStore.java` and `PageLog.java` of H2
//! 1.2 and 1.3; their file is `….h2.db`).
//!
//! Page 0 holds a magic text three times, the size of pages and the version. Pages 1 and 2 hold the same
//! header, with a checksum of its own; one of them may be torn by a crash. Every later page that is in
//! use has a checksum over a few of its bytes, into which the page's number goes: it shows a page that is
//! torn, missing or in another's place, not every changed byte.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::store_file::{Layout, StoreFile, read_at};

/// `FileStore.HEADER`, which is also the salt of a file that is not encrypted.
pub(super) const MAGIC: &[u8; 16] = b"-- H2 0.5/B -- \n";

/// `PageStore.MIN_PAGE_COUNT`: H2 makes a shorter file anew, and whatever it held is gone.
const FEWEST_PAGES: u64 = 5;

/// `Page.TYPE_EMPTY`: a page that is not in use has no checksum.
const EMPTY: u8 = 0;

/// What a file that begins with [`MAGIC`] is, or what is wrong with it.
pub(super) fn inspect(file: &mut (impl Read + Seek)) -> io::Result<Result<StoreFile, String>> {
    let length = file.seek(SeekFrom::End(0))?;
    let Some(first) = read_at(file, 0, 64)? else {
        return Ok(Err("it ends within its first header".to_owned()));
    };
    let found = |format, closed| StoreFile {
        layout: Some(Layout::Page),
        format,
        closed,
    };
    // `SecureFileStore` has a salt of its own in the second place.
    if first[16..32] != MAGIC[..] || first[32..48] != MAGIC[..] {
        return Ok(Ok(found(None, true)));
    }
    let size = u64::from(number(&first, 48));
    if !size.is_power_of_two() || !(64..=32_768).contains(&size) {
        return Ok(Err("its header names another size of pages".to_owned()));
    }
    if length % size != 0 {
        return Ok(Err("it ends within a page".to_owned()));
    }
    if length / size < FEWEST_PAGES {
        return Ok(Err("it has fewer pages than any database".to_owned()));
    }
    let mut headers = Vec::new();
    for page in [1, 2] {
        headers.extend(read_at(
            file,
            page * size,
            usize::try_from(size).unwrap_or(0),
        )?);
    }
    let Some(header) = headers.into_iter().find(|page| is_whole(page)) else {
        return Ok(Err("neither copy of its header is readable".to_owned()));
    };
    if let Some(page) = damaged_page(file, size, length)? {
        let problem = format!("page {page} of {} is damaged", length / size);
        return Ok(Err(problem));
    }
    // Where the log of changes begins; a closed database has none.
    let closed = number(&header, 16) == 0 && number(&header, 20) == 0;
    Ok(Ok(found(Some(u64::from(first[52])), closed)))
}

/// The first page after the headers whose checksum is wrong.
fn damaged_page(file: &mut (impl Read + Seek), size: u64, length: u64) -> io::Result<Option<u64>> {
    file.seek(SeekFrom::Start(3 * size))?;
    let mut pages = BufReader::with_capacity(1 << 18, file);
    let mut page = vec![0; usize::try_from(size).unwrap_or(0)];
    for number in 3..length / size {
        pages.read_exact(&mut page)?;
        if page[0] != EMPTY && page[1..3] != checksum(&page, number) {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// `PageStore.checksumTest`.
fn checksum(page: &[u8], number: u64) -> [u8; 2] {
    let size = page.len();
    let sampled = [0, 6, size / 2 - 1, size / 2, size - 2, size - 1];
    let (mut one, mut two) = (255_u32, 0_u32);
    for (turn, at) in sampled.into_iter().enumerate() {
        one += u32::from(page[at]);
        two += if turn == 0 { 255 + one } else { one };
    }
    let [low, high, ..] = number.to_le_bytes();
    let byte = |sum: u32| ((sum & 0xff) + (sum >> 8)).to_le_bytes()[0];
    [byte(one) ^ low, byte(two) ^ high]
}

/// Whether a header page has its own CRC-32 before the rest.
fn is_whole(page: &[u8]) -> bool {
    number(page, 0) == crc32(&page[4..])
}

/// `java.util.zip.CRC32`.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32| {
        if sum & 1 == 1 {
            (sum >> 1) ^ 0xedb8_8320
        } else {
            sum >> 1
        }
    };
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum))
    })
}

/// The number of four bytes at a place.
fn number(bytes: &[u8], at: usize) -> u32 {
    let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    u32::from_be_bytes(four)
}
