//! Bringing over what stays when a tree is swapped for another.
//!
//! Each move is one rename. Directories that forbid it are opened for the moment, and every move
//! changes the time of two directories; so a note is written before the first move that holds what
//! they were, for this attempt and for one that comes after a kill.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::build::give;
use super::pieces::Piece;
use super::scan::{Tree, at, member_text};
use super::swap::digest;
use crate::adapter::{Failure, StepContext};
use crate::event::FailureKind;
use crate::host::{Attributes, FileKind, FileStat, HeldFolder, Host};

/// Mode and time of directories before the first move, by path below the top.
type Note = BTreeMap<String, (u32, (i64, u32))>;

/// Moves what stays from the old tree to the new one. A killed attempt is finished because what was
/// moved is no longer in the old tree.
pub(super) fn bring_over(
    context: &StepContext<'_>,
    old: &Path,
    target: &Path,
    keep: &[PathBuf],
    pieces: &[Piece],
) -> Result<(), Failure> {
    let host = context.host;
    if keep.is_empty() || host.stat(old)?.is_none() {
        return Ok(());
    }
    let sides = Sides {
        old: (old, host.hold_folder(old)?),
        new: (target, host.hold_folder(target)?),
    };
    let above: BTreeSet<&Path> = keep
        .iter()
        .filter_map(|path| path.parent())
        .flat_map(Path::ancestors)
        .collect();
    let touched = above.iter().copied();
    let touched = touched.chain(keep.iter().map(PathBuf::as_path));
    let note = match recall(context, target)? {
        Some(note) => note,
        None => remember(context, old, target, touched)?,
    };
    for path in keep {
        sides.move_one(host, path)?;
    }
    for path in keep {
        if let Some((mode, _)) = note.get(&member_text(path)) {
            let folder = &*sides.new.1;
            let moved = folder.stat(path)?;
            if moved.is_some_and(|stat| stat.kind == FileKind::Directory) {
                folder.set_attributes(path, &only_mode(*mode))?;
            }
        }
    }
    // Inner directories first: an outer one may be closed by its own mode.
    for folder in above.into_iter().rev() {
        if let Some(piece) = pieces.iter().find(|piece| piece.relative == folder) {
            give(&*sides.new.1, folder, piece)?;
        }
        if let Some(&(mode, mtime)) = note.get(&member_text(folder)) {
            let attributes = Attributes {
                mode: Some(mode),
                owner: None,
                mtime: Some(mtime),
            };
            sides.old.1.set_attributes(folder, &attributes)?;
        }
    }
    Ok(())
}

/// Gives the members of a replaced tree what they were before an earlier attempt opened them.
pub(super) fn as_before(
    context: &StepContext<'_>,
    target: &Path,
    tree: &mut Tree,
) -> Result<(), Failure> {
    let Some(note) = recall(context, target)? else {
        return Ok(());
    };
    for node in &mut tree.nodes {
        if let Some(&(mode, mtime)) = note.get(&member_text(&node.relative)) {
            node.stat.mode = mode;
            node.stat.mtime = mtime;
        }
    }
    Ok(())
}

/// The old tree and the new one, held open: both belong to who may have swapped a directory in them
/// for a link.
struct Sides<'a> {
    old: (&'a Path, Box<dyn HeldFolder>),
    new: (&'a Path, Box<dyn HeldFolder>),
}

impl Sides<'_> {
    fn move_one(&self, host: &dyn Host, path: &Path) -> Result<(), Failure> {
        let ((old, from), (new, to)) = (&self.old, &self.new);
        let Some(stat) = from.stat(path)? else {
            return Ok(());
        };
        if to.stat(path)?.is_some() {
            let text = format!(
                "{} and {} exist both",
                old.join(path).display(),
                new.join(path).display()
            );
            return Err(Failure::refused(text).hint("move one of them away, then resume the run"));
        }
        let mut above: Vec<&Path> = path.ancestors().skip(1).collect();
        above.reverse();
        for folder in above {
            for side in [from, to] {
                open_up(&**side, folder, side.stat(folder)?)?;
            }
        }
        if stat.kind == FileKind::Directory {
            // Its own entry `..` is written when it moves.
            open_up(&**from, path, Some(stat))?;
        }
        Ok(host.rename_between((old, path), (new, path))?)
    }
}

fn open_up(folder: &dyn HeldFolder, path: &Path, stat: Option<FileStat>) -> Result<(), Failure> {
    if let Some(stat) = stat
        && stat.mode & 0o700 != 0o700
    {
        folder.set_attributes(path, &only_mode(stat.mode | 0o700))?;
    }
    Ok(())
}

fn only_mode(mode: u32) -> Attributes {
    Attributes {
        mode: Some(mode),
        ..Attributes::default()
    }
}

fn note_path(context: &StepContext<'_>, target: &Path) -> PathBuf {
    let name = format!("keep-{}.json", digest(target));
    context.scratch.join(name)
}

fn recall(context: &StepContext<'_>, target: &Path) -> Result<Option<Note>, Failure> {
    let path = note_path(context, target);
    if context.host.stat(&path)?.is_none() {
        return Ok(None);
    }
    let text = context.host.read(&path, 1024 * 1024)?;
    let note = serde_json::from_slice(&text).map_err(|error| {
        let text = format!("{} cannot be read", path.display());
        Failure::new(FailureKind::Internal, text).because(&error)
    })?;
    Ok(Some(note))
}

fn remember<'p>(
    context: &StepContext<'_>,
    old: &Path,
    target: &Path,
    paths: impl Iterator<Item = &'p Path>,
) -> Result<Note, Failure> {
    let mut note = Note::new();
    for path in paths {
        if let Some(stat) = context.host.stat(&at(old, path))?
            && stat.kind == FileKind::Directory
        {
            note.insert(member_text(path), (stat.mode, stat.mtime));
        }
    }
    let text = serde_json::to_vec(&note).map_err(|error| {
        Failure::new(FailureKind::Internal, "failed to write a note").because(&error)
    })?;
    let path = note_path(context, target);
    context.host.write_atomic(&path, &text, 0o600)?;
    Ok(note)
}
