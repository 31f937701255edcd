//! Names of runs and of the files of steps.

use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::error::JournalError;

/// 32 characters that are hard to mistake for each other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Longest name that is kept as it is; file systems allow 255 bytes, suffixes included.
const LONGEST_NAME: usize = 180;

/// A new run id, `20261121T093000Z-k7mq`: sorts by time, is typed in one go, and two runs that start
/// in the same second differ.
pub fn new_run_id(now: Timestamp) -> Result<String, JournalError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0_u8; 4];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| JournalError::file("read", path, error))?;
    let suffix: String = bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect();
    Ok(format!("{}-{suffix}", now.strftime("%Y%m%dT%H%M%SZ")))
}

/// The name under which files of a step are kept: `dump-database[tenant_a]` stays as it is, every
/// byte that means something to a file system or shell becomes `%XX`, and a name that is too long is
/// cut and told apart by its hash.
pub fn file_name_of_step(step: &str) -> String {
    let mut name = String::with_capacity(step.len());
    for (at, &byte) in step.as_bytes().iter().enumerate() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'[' | b']' | b'@' | b'+')
            || (byte == b'.' && at > 0);
        if plain {
            name.push(char::from(byte));
        } else {
            _ = write!(name, "%{byte:02X}");
        }
    }
    if name.len() > LONGEST_NAME {
        let digest = Sha256::digest(step.as_bytes());
        name.truncate(LONGEST_NAME);
        name.push('~');
        name.push_str(&hex(&digest[..8]));
    }
    name
}

/// Bytes as a name: two digits each.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut name = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_is_its_time_and_a_suffix() {
        let now: Timestamp = "2026-11-21T09:30:00Z".parse().unwrap();
        let id = new_run_id(now).unwrap();
        assert!(id.starts_with("20261121T093000Z-"), "{id}");
        assert_eq!(id.len(), 21);
    }

    #[test]
    fn names_of_steps_are_safe_and_differ() {
        assert_eq!(file_name_of_step("dump[tenant_a]"), "dump[tenant_a]");
        assert_eq!(file_name_of_step("a/b ü%"), "a%2Fb%20%C3%BC%25");
        assert_eq!(file_name_of_step("..").as_str(), "%2E.");
        let long = "x".repeat(500);
        let other = format!("{long}y");
        assert!(file_name_of_step(&long).len() < 230);
        assert_ne!(file_name_of_step(&long), file_name_of_step(&other));
    }
}
