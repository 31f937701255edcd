//! What shall stand somewhere, member by member, whatever it is made of.

use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::scan::{Tree, at, first_names, scan, sub_path};
use crate::adapter::Failure;
use crate::backup::{
    BackupError, MemberKind, SealedSet, SetPath, TREE_TOP, TreeMember, left_out, tree_index,
    unescape,
};
use crate::event::{ArtifactFile, ArtifactRecord, FailureKind, total};
use crate::host::{FileKind, FileStat, Host};

/// The mode bits that lend a file's owner or group to who runs it.
pub(super) const SET_ID: u32 = 0o6000;

/// Where the bytes of a file come from.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// A file of the set in use, checked while it is read.
    Set(ArtifactFile),
    /// A file of the machine, and which one it was when it was seen.
    Machine(PathBuf, (u64, u64)),
}

/// What a member is.
#[derive(Debug, Clone)]
pub(super) enum PieceKind {
    Directory,
    File {
        origin: Origin,
        bytes: u64,
        /// Ranges with data, if holes are known.
        data: Option<Vec<(u64, u64)>>,
        /// Whether the origin is to be asked for holes.
        sparse: bool,
    },
    Symlink(PathBuf),
    /// Another name of that earlier file (path below the top).
    HardLink(PathBuf),
}

/// A member that shall exist.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) relative: PathBuf,
    pub(super) kind: PieceKind,
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
    pub(super) mtime: (i64, u32),
}

/// Bytes of all files.
pub(super) fn total_bytes(pieces: &[Piece]) -> u64 {
    let bytes = |piece: &Piece| match piece.kind {
        PieceKind::File { bytes, .. } => bytes,
        _ => 0,
    };
    total(pieces.iter().map(bytes))
}

/// The members of an artifact. A record that would lead out of the tree is refused by who reads it.
pub(super) fn of_artifact(
    set: &SealedSet,
    artifact: &ArtifactRecord,
) -> Result<Vec<Piece>, Failure> {
    let Some((_, folder)) = tree_index(artifact) else {
        let text = format!("the artifact `{}` is no tree", artifact.name);
        return Err(Failure::refused(text).hint("use the action that restores its kind"));
    };
    let mut pieces = Vec::new();
    for member in set.tree(artifact)? {
        pieces.extend(of_member(member?, folder));
    }
    Ok(pieces)
}

fn of_member(member: TreeMember, folder: &str) -> Option<Piece> {
    let kind = match member.kind {
        MemberKind::Directory => PieceKind::Directory,
        MemberKind::File => PieceKind::File {
            origin: Origin::Set(member.content(folder)?),
            bytes: member.bytes?,
            data: member.data.clone(),
            sparse: false,
        },
        // Where a symbolic link points is a text of its own: `.` there is no tree's top.
        MemberKind::Symlink => PieceKind::Symlink(bytes_of(member.target.as_deref()?)),
        MemberKind::HardLink => PieceKind::HardLink(path_of(member.target.as_deref()?)),
        MemberKind::Skipped => return None,
    };
    Some(Piece {
        relative: path_of(&member.path),
        kind,
        mode: member.mode & 0o7777,
        owner: (member.uid, member.gid),
        mtime: member.mtime,
    })
}

/// The path of a text in a record; the top is the empty path.
pub(super) fn path_of(text: &str) -> PathBuf {
    if text == TREE_TOP {
        return PathBuf::new();
    }
    bytes_of(text)
}

fn bytes_of(text: &str) -> PathBuf {
    let bytes = unescape(text).unwrap_or_else(|| text.as_bytes().to_vec());
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

/// The members of a tree of the machine, sockets and the like left out.
pub(super) fn of_tree(tree: &Tree) -> Vec<Piece> {
    let linked = first_names(&tree.nodes);
    let piece = |(position, node): (usize, &super::scan::Node)| {
        let stat = &node.stat;
        let first = linked
            .get(&stat.identity)
            .filter(|&&first| first != position);
        let kind = match (&stat.kind, first) {
            (FileKind::File, Some(&first)) => {
                PieceKind::HardLink(tree.nodes[first].relative.clone())
            }
            (FileKind::File, None) => PieceKind::File {
                origin: Origin::Machine(tree.location(node), stat.identity),
                bytes: stat.bytes,
                data: None,
                sparse: stat.allocated < stat.bytes,
            },
            (FileKind::Directory, _) => PieceKind::Directory,
            (FileKind::Symlink(target), _) => PieceKind::Symlink(target.clone()),
            (FileKind::Other, _) => return None,
        };
        Some(Piece {
            relative: node.relative.clone(),
            kind,
            mode: stat.mode,
            owner: (stat.uid, stat.gid),
            mtime: stat.mtime,
        })
    };
    tree.nodes.iter().enumerate().filter_map(piece).collect()
}

/// The first difference between what shall stand at `top` and what does; owners that differ are
/// counted only, since an ordinary user cannot give them.
pub(super) fn compare(pieces: &[Piece], top: &Path, tree: Option<&Tree>) -> Result<u64, Failure> {
    let nodes = tree.map_or(&[][..], |tree| &tree.nodes);
    let differs = |relative: &Path, what: &str| {
        let text = format!(
            "{} is not as it should be: {what}",
            at(top, relative).display()
        );
        Err(Failure::verification(text)
            .hint("look what else writes there while the application stands still"))
    };
    let mut foreign = 0;
    let mut linked = std::collections::HashMap::new();
    for (piece, node) in pieces.iter().zip(nodes) {
        if piece.relative != node.relative {
            let first = piece.relative.as_path().min(&node.relative);
            return differs(first, "it is missing or too much");
        }
        if let Some(what) = difference_of(piece, &node.stat) {
            return differs(&piece.relative, what);
        }
        let is_file = matches!(piece.kind, PieceKind::File { .. });
        if is_file {
            linked.insert(piece.relative.as_path(), node.stat.identity);
        }
        if let PieceKind::HardLink(first) = &piece.kind
            && linked.get(first.as_path()) != Some(&node.stat.identity)
        {
            return differs(&piece.relative, "it is not a name of the same file");
        }
        foreign += u64::from(piece.owner != (node.stat.uid, node.stat.gid));
    }
    let missing = pieces.get(nodes.len()).map(|piece| &piece.relative);
    let extra = nodes.get(pieces.len()).map(|node| &node.relative);
    match (missing, extra) {
        (Some(path), _) => differs(path, "it is missing"),
        (_, Some(path)) => differs(path, "it is too much"),
        (None, None) => Ok(foreign),
    }
}

fn difference_of(piece: &Piece, stat: &FileStat) -> Option<&'static str> {
    let same_kind = match (&piece.kind, &stat.kind) {
        (PieceKind::Directory, FileKind::Directory)
        | (PieceKind::File { .. } | PieceKind::HardLink(_), FileKind::File) => true,
        (PieceKind::Symlink(target), FileKind::Symlink(found)) => target == found,
        _ => false,
    };
    let is_link = matches!(stat.kind, FileKind::Symlink(_));
    if !same_kind {
        return Some("it is of another kind");
    }
    if matches!(piece.kind, PieceKind::File { bytes, .. } if bytes != stat.bytes) {
        return Some("its size differs");
    }
    let foreign = piece.owner != (stat.uid, stat.gid);
    let compared = if foreign { !SET_ID } else { !0 };
    if piece.mode & compared != stat.mode & compared && !is_link {
        return Some("its mode differs");
    }
    (!same_time(piece.mtime, stat.mtime)).then_some("its time differs")
}

/// Whether a time is the one that was given, as exactly as the file system keeps it.
fn same_time(given: (i64, u32), kept: (i64, u32)) -> bool {
    const GRAINS: [u32; 4] = [1, 100, 1_000, 1_000_000_000];
    let as_kept = |grain| given.1 / grain * grain == kept.1;
    given.0 == kept.0 && GRAINS.into_iter().any(as_kept)
}

/// The first way in which an installation differs from an artifact: members, kinds, sizes, modes and
/// times. What the backup left out does not count, nor what is at or below a path of `ignored`.
pub(in crate::adapter) fn difference(
    host: &dyn Host,
    set: &SealedSet,
    artifact: &ArtifactRecord,
    ignored: &[PathBuf],
) -> Result<Option<String>, Failure> {
    let top = path_of(&artifact.source);
    let mut left_out = excluded(artifact)?;
    left_out.extend(ignored.iter().filter_map(|path| sub_path(&top, path)));
    let counts = |piece: &Piece| !left_out.iter().any(|path| piece.relative.starts_with(path));
    let pieces: Vec<Piece> = of_artifact(set, artifact)?
        .into_iter()
        .filter(counts)
        .collect();
    let mut tree = scan(host, &top, &left_out, &|| Ok(()))?;
    if let Some(tree) = &mut tree {
        tree.nodes.retain(|node| node.stat.kind != FileKind::Other);
    }
    if tree.is_none() && !pieces.is_empty() {
        return Ok(Some(format!("{} is missing", top.display())));
    }
    match compare(&pieces, &top, tree.as_ref()) {
        Ok(_) => Ok(None),
        Err(failure) if failure.kind() == FailureKind::Verification => {
            Ok(Some(failure.to_string()))
        }
        Err(failure) => Err(failure),
    }
}

/// What a backup left out, relative to the tree.
pub(super) fn excluded(record: &ArtifactRecord) -> Result<Vec<PathBuf>, BackupError> {
    let paths = left_out(record)?;
    Ok(paths.iter().map(SetPath::relative).collect())
}
