//! Every file that the records of a set speak of.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use super::contained::Root;
use super::tree::{TreeReader, tree_index};
use super::{BackupError, SetPath};
use crate::event::{ArtifactFile, ArtifactRecord};

/// Files of a set that belong to no artifact, `SHA256SUMS` apart.
pub(super) const METADATA: [&str; 4] = ["RESTORE.md", "manifest.json", "plan.json", "site.yaml"];

/// Name of the list of hashes, which lists every other file.
pub(super) const CHECKSUMS: &str = "SHA256SUMS";

/// What is recorded of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recorded {
    pub(super) bytes: u64,
    /// Bytes, not text: a listing of many files is held in memory.
    pub(super) sha256: [u8; 32],
}

/// The files of all artifacts, by the text of their path.
pub(super) type Listing = BTreeMap<String, Recorded>;

/// Adds the files of an artifact, those of its tree included.
pub(super) fn add_artifact(
    listing: &mut Listing,
    root: &Root,
    artifact: &ArtifactRecord,
) -> Result<(), BackupError> {
    for file in &artifact.files {
        add(listing, root, file)?;
    }
    if let Some((index, folder)) = tree_index(artifact) {
        for member in TreeReader::open(root, artifact, index)? {
            if let Some(content) = member?.content(folder) {
                add(listing, root, &content)?;
            }
        }
    }
    Ok(())
}

fn add(listing: &mut Listing, root: &Root, file: &ArtifactFile) -> Result<(), BackupError> {
    let damaged = |problem: &str| BackupError::Damaged {
        set: root.path().to_owned(),
        problem: format!("`{}` {problem}", file.path),
    };
    let path = SetPath::parse(&file.path)?;
    if path.components().len() == 1 {
        return Err(damaged("is recorded outside of an artifact's folder"));
    }
    let sha256 = from_hex(&file.sha256).ok_or_else(|| damaged("is recorded without a SHA-256"))?;
    let recorded = Recorded {
        bytes: file.bytes,
        sha256,
    };
    match listing.insert(file.path.clone(), recorded) {
        None => Ok(()),
        Some(_) => Err(damaged("is recorded twice")),
    }
}

/// The bytes of a SHA-256 in lower-case hex.
pub(super) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

/// The text of components that were found, whatever they are.
pub(super) fn path_text(components: &[OsString]) -> String {
    let names: Vec<String> = components
        .iter()
        .map(|name| super::escape(name.as_bytes()))
        .collect();
    names.join("/")
}
