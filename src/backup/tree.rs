//! How a tree of files is kept in a set.
//!
//! `<artifact>/content/…` holds the bytes of the regular files as plain files. Everything else that a
//! tree is (modes, owners, times, links, empty directories, holes) stands in `<artifact>/tree.jsonl`,
//! one line a member. The artifact's record names that index in `details.index`; the files below
//! `content/` are listed there and not in the record, so that a record stays small in the journal
//! however many files a tree has.

use std::io::{BufRead, BufReader, Read};

use serde::{Deserialize, Serialize};

use super::contained::Root;
use super::tree_law::TreeLaw;
use super::{BackupError, SetPath, VerifiedReader};
use crate::event::{ArtifactFile, ArtifactRecord};

/// Path of the tree's own top in its index.
pub const TREE_TOP: &str = ".";

/// A line longer than this (bytes) is none: a path, the target of a link and the ranges of a file with
/// holes take much less.
const LINE_LIMIT: u64 = 1024 * 1024;

/// What a member of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberKind {
    /// A regular file; its bytes are in `content/`.
    File,
    /// A directory.
    Directory,
    /// A symbolic link to `target`, which is never followed.
    Symlink,
    /// Another name of the member `target`, which stands earlier in the index.
    HardLink,
    /// A socket or FIFO: recorded for people, not restored.
    Skipped,
}

/// One line of a tree's index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeMember {
    /// Path relative to the tree's top, as the text of a [`SetPath`]; [`TREE_TOP`] for the top.
    pub path: String,
    /// What it is.
    pub kind: MemberKind,
    /// Permission bits (`0o7777`).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time: seconds and nanoseconds since the epoch.
    pub mtime: (i64, u32),
    /// Size of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// SHA-256 of a file's content, lower-case hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Ranges (offset, length) of a file that hold data, if there are holes between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<(u64, u64)>>,
    /// What a link points to: any text for a symbolic link (escaped as paths are), the path of a
    /// member for a hard link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

impl TreeMember {
    /// The member's content in the set, for a regular file of the artifact in `folder`.
    pub fn content(&self, folder: &str) -> Option<ArtifactFile> {
        if self.kind != MemberKind::File {
            return None;
        }
        let path = if self.path == TREE_TOP {
            format!("{folder}/content")
        } else {
            format!("{folder}/content/{}", self.path)
        };
        Some(ArtifactFile {
            path,
            bytes: self.bytes?,
            sha256: self.sha256.clone()?,
        })
    }
}

/// The index of an artifact that has one, and the folder of the set that the artifact is in.
pub fn tree_index(artifact: &ArtifactRecord) -> Option<(&ArtifactFile, &str)> {
    let path = artifact.details.get("index")?.as_str()?;
    let file = artifact.files.iter().find(|file| file.path == path)?;
    let (folder, _) = path.rsplit_once('/')?;
    Some((file, folder))
}

/// What the backup of an artifact's tree left out: paths relative to its top (`details.excluded`).
pub fn left_out(artifact: &ArtifactRecord) -> Result<Vec<SetPath>, BackupError> {
    let list = artifact
        .details
        .get("excluded")
        .and_then(|list| list.as_array());
    let texts = list.into_iter().flatten();
    texts
        .map(|text| SetPath::parse(text.as_str().unwrap_or_default()))
        .collect()
}

/// Reads the index of a tree line by line. Every member may follow the one before it; the last item
/// is an error if one may not, or if the index is not the recorded one.
pub struct TreeReader {
    lines: BufReader<VerifiedReader>,
    law: TreeLaw,
    set: std::path::PathBuf,
    file: String,
    line: Vec<u8>,
    number: usize,
    ended: bool,
}

impl TreeReader {
    pub(super) fn open(
        root: &Root,
        artifact: &ArtifactRecord,
        index: &ArtifactFile,
    ) -> Result<Self, BackupError> {
        Ok(Self {
            lines: BufReader::with_capacity(64 * 1024, root.reader(index)?),
            law: TreeLaw::new(left_out(artifact)?),
            set: root.path().to_owned(),
            file: index.path.clone(),
            line: Vec::new(),
            number: 0,
            ended: false,
        })
    }

    fn damaged(&self, problem: impl std::fmt::Display) -> BackupError {
        BackupError::Damaged {
            set: self.set.clone(),
            problem: format!("{}, line {}: {problem}", self.file, self.number),
        }
    }

    fn read(&mut self) -> Result<Option<TreeMember>, BackupError> {
        self.line.clear();
        self.number += 1;
        let count = (&mut self.lines)
            .take(LINE_LIMIT)
            .read_until(b'\n', &mut self.line)
            .map_err(|error| BackupError::file("read", &self.set.join(&self.file), error))?;
        if count == 0 {
            return Ok(None);
        }
        if count as u64 == LINE_LIMIT {
            return Err(self.damaged("the line is longer than 1 MiB"));
        }
        let member: TreeMember =
            serde_json::from_slice(&self.line).map_err(|error| self.damaged(error))?;
        match self.law.admit(&member) {
            Ok(()) => Ok(Some(member)),
            Err(problem) => Err(self.damaged(problem)),
        }
    }
}

impl Iterator for TreeReader {
    type Item = Result<TreeMember, BackupError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.read().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}
