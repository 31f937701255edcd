//! Building a tree where nothing stands yet.

use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::copy::{Copy, data_ranges};
use super::pieces::{Origin, Piece, PieceKind, SET_ID, total_bytes};
use super::scan::{at, changed, open};
use super::swap::workshop;
use super::workers::{BUFFER, Meter, chunks, for_each, go_on};
use crate::adapter::{Failure, StepContext};
use crate::host::{Attributes, FileKind, HeldFolder, Host, HostError};

/// Where a tree is built. It is held open: whoever swaps it, or a directory in it, for a link meanwhile
/// lets the step fail and leads nothing elsewhere.
struct Site {
    folder: Box<dyn HeldFolder>,
    /// Where the top is in the folder: the folder itself, or the name of a tree that is one file.
    top: PathBuf,
}

impl Site {
    /// Begins a tree at `top`, which must not exist: a directory is made.
    fn begin(host: &dyn Host, top: &Path, first: Option<&Piece>) -> Result<Self, Failure> {
        let folder = host.hold_folder(workshop(top, None))?;
        let name = PathBuf::from(top.file_name().unwrap_or_default());
        if !first.is_some_and(|piece| matches!(piece.kind, PieceKind::Directory)) {
            return Ok(Self { folder, top: name });
        }
        folder.create_dir(&name, 0o700)?;
        Ok(Self {
            folder: host.hold_folder(top)?,
            top: PathBuf::new(),
        })
    }

    fn at(&self, relative: &Path) -> PathBuf {
        at(&self.top, relative)
    }
}

/// Builds the pieces at `top`, which must not exist; nothing is durable yet. The first piece is the
/// top itself, and every directory stands before its members.
pub(super) fn build(
    context: &StepContext<'_>,
    top: &Path,
    pieces: &[Piece],
) -> Result<(), Failure> {
    let site = Site::begin(context.host, top, pieces.first())?;
    let folder = &*site.folder;
    for piece in pieces.iter().skip(1) {
        if matches!(piece.kind, PieceKind::Directory) {
            go_on(context)?;
            folder.create_dir(&site.at(&piece.relative), 0o700)?;
        }
    }
    build_files(context, top, &site, pieces)?;
    for piece in pieces {
        let path = site.at(&piece.relative);
        match &piece.kind {
            PieceKind::Symlink(target) => {
                folder.symlink(target, &path)?;
                give(folder, &path, piece)?;
            }
            PieceKind::HardLink(first) => folder.hard_link(&site.at(first), &path)?,
            PieceKind::Directory | PieceKind::File { .. } => {}
        }
    }
    let directories = pieces
        .iter()
        .filter(|piece| matches!(piece.kind, PieceKind::Directory));
    for piece in directories.rev() {
        give(folder, &site.at(&piece.relative), piece)?;
    }
    Ok(())
}

fn build_files(
    context: &StepContext<'_>,
    top: &Path,
    site: &Site,
    pieces: &[Piece],
) -> Result<(), Failure> {
    let is_file = |piece: &&Piece| matches!(piece.kind, PieceKind::File { .. });
    let files: Vec<&Piece> = pieces.iter().filter(is_file).collect();
    let sizes: Vec<u64> = files
        .iter()
        .map(|piece| total_bytes(std::slice::from_ref(piece)))
        .collect();
    let meter = Meter::new(context, total_bytes(pieces));
    let buffer = || vec![0; BUFFER];
    for_each(&chunks(&sizes), buffer, |buffer, range: &Range<usize>| {
        for piece in &files[range.clone()] {
            build_file(context, top, site, piece, &meter, buffer)?;
            give(&*site.folder, &site.at(&piece.relative), piece)?;
        }
        Ok(())
    })
}

fn build_file(
    context: &StepContext<'_>,
    top: &Path,
    site: &Site,
    piece: &Piece,
    meter: &Meter<'_>,
    buffer: &mut [u8],
) -> Result<(), Failure> {
    let PieceKind::File {
        origin,
        bytes,
        data,
        sparse,
    } = &piece.kind
    else {
        return Ok(());
    };
    let mut data = data.clone();
    let (mut reader, source): (Box<dyn Read + Send>, _) = match origin {
        Origin::Set(file) => {
            let set = context.using()?;
            (
                Box::new(set.reader(file)?),
                set.directory().join(&file.path),
            )
        }
        Origin::Machine(source, identity) => {
            let reader = open(context.host, source, *identity)?;
            if *sparse {
                let stat = context.host.stat(source)?;
                let stat = stat.ok_or_else(|| changed(source))?;
                data = data_ranges(context.host, source, &stat)?;
            }
            (reader, source.clone())
        }
    };
    let mut writer = site.folder.create_new(&site.at(&piece.relative))?;
    let shown = at(top, &piece.relative);
    let failed = |error| Failure::from(HostError::file("write", &shown, error));
    let copy = Copy {
        path: &source,
        bytes: *bytes,
        data: data.as_deref(),
        meter,
    };
    copy.run(&mut *reader, &mut writer, buffer)
        .map_err(|error| error.failure(failed))?;
    writer.finish().map_err(failed)
}

/// Gives owner, mode and time. An ordinary user may not give files away: then the owner stays, and
/// the comparison at the end counts it.
pub(super) fn give(folder: &dyn HeldFolder, path: &Path, piece: &Piece) -> Result<(), Failure> {
    let mut attributes = Attributes {
        mode: Some(piece.mode),
        owner: Some(piece.owner),
        mtime: Some(piece.mtime),
    };
    match folder.set_attributes(path, &attributes) {
        Err(error) if error.io_kind() == Some(std::io::ErrorKind::PermissionDenied) => {
            attributes.owner = None;
            let stat = folder.stat(path)?;
            if stat.is_none_or(|stat| (stat.uid, stat.gid) != piece.owner) {
                // Set-id bits were meant for the recorded owner, not for the one who restores.
                attributes.mode = Some(piece.mode & !SET_ID);
            }
            Ok(folder.set_attributes(path, &attributes)?)
        }
        other => Ok(other?),
    }
}

/// What replaces `at` gets its owner; what is new there, that of the directory above.
pub(super) fn owner_there(context: &StepContext<'_>, path: &Path) -> Result<(u32, u32), Failure> {
    for path in path.ancestors() {
        if let Some(stat) = context.host.stat(path)?
            && !matches!(stat.kind, FileKind::Symlink(_))
        {
            return Ok((stat.uid, stat.gid));
        }
    }
    Err(Failure::refused(format!(
        "{} has no directory above it",
        path.display()
    )))
}
