//! Files beneath a set's directory, and nothing else.
//!
//! A set may come from a hostile place. Every component is opened on its own, relative to the folder
//! above it and without following links, so that no record can lead out of the directory.
//! `openat2(RESOLVE_BENEATH)` would say the same in one call, but the kernels of older enterprise
//! systems lack it, and one way that works everywhere is tested better than two.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags};

use super::{BackupError, SetPath, VerifiedReader};
use crate::event::ArtifactFile;

/// A set's directory, opened.
#[derive(Debug)]
pub(super) struct Root {
    directory: OwnedFd,
    path: PathBuf,
}

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

impl Root {
    /// Opens an existing directory, which must not be a link.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let directory = fs::open(path, FOLDER, Mode::empty())?;
        Ok(Self {
            directory,
            path: path.to_owned(),
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The open directory itself.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// Where a path inside would be, for messages.
    pub(super) fn location(&self, path: &SetPath) -> PathBuf {
        self.path.join(path.relative())
    }

    /// Opens a folder inside; makes it and those above it (0700) if `make`.
    pub(super) fn folder(&self, components: &[OsString], make: bool) -> io::Result<OwnedFd> {
        let mut folder = fs::openat(&self.directory, ".", FOLDER, Mode::empty())?;
        for name in components {
            folder = match fs::openat(&folder, name, FOLDER, Mode::empty()) {
                Err(rustix::io::Errno::NOENT) if make => {
                    match fs::mkdirat(&folder, name, Mode::RWXU) {
                        Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                        Err(error) => return Err(error.into()),
                    }
                    fs::openat(&folder, name, FOLDER, Mode::empty())?
                }
                other => other?,
            };
        }
        Ok(folder)
    }

    /// Opens a regular file with one name for reading.
    pub(super) fn open_file(&self, path: &SetPath) -> Result<File, BackupError> {
        let (parents, name) = path.split();
        self.folder(parents, false)
            .and_then(|folder| open_regular(folder.as_fd(), name))
            .map_err(|error| BackupError::file("open", &self.location(path), error))
    }

    /// Opens a file of an unfinished set to write over its bytes.
    pub(super) fn reopen(&self, path: &SetPath) -> Result<File, BackupError> {
        let (parents, name) = path.split();
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        self.folder(parents, false)
            .and_then(|folder| Ok(fs::openat(folder, name, flags, Mode::empty())?))
            .map(File::from)
            .map_err(|error| BackupError::file("open", &self.location(path), error))
    }

    /// Opens a recorded file; see [`VerifiedReader`].
    pub(super) fn reader(&self, file: &ArtifactFile) -> Result<VerifiedReader, BackupError> {
        let path = SetPath::parse(&file.path)?;
        let opened = self.open_file(&path)?;
        Ok(VerifiedReader::new(
            opened,
            self.location(&path),
            file.clone(),
        ))
    }
}

/// Opens a regular file of that folder for reading; links, devices, sockets, pipes and files with
/// several names are refused: what a set holds belongs to the set alone.
pub(super) fn open_regular(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = fs::openat(folder, name, flags, Mode::empty()).map_err(|error| match error {
        rustix::io::Errno::LOOP => {
            io::Error::new(io::ErrorKind::InvalidData, "it is a symbolic link")
        }
        error => error.into(),
    })?;
    let stat = fs::fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        let problem = "it is not a regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    if stat.st_nlink != 1 {
        let problem = "it has other names (hard links)";
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    Ok(File::from(file))
}

/// Creates a file with mode 0600 in that folder, after what a killed attempt left under its name.
pub(super) fn create_file(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    match fs::openat(folder, name, flags, mode) {
        Err(rustix::io::Errno::EXIST) => {
            fs::unlinkat(folder, name, AtFlags::empty())?;
            Ok(File::from(fs::openat(folder, name, flags, mode)?))
        }
        other => Ok(File::from(other?)),
    }
}

/// Removes everything of that name in the folder, trees included. Absence is no error.
pub(super) fn remove_all(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    match fs::unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => return Ok(()),
        Err(rustix::io::Errno::ISDIR | rustix::io::Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    let inner = fs::openat(folder, name, FOLDER, Mode::empty())?;
    for name in names(inner.as_fd())? {
        remove_all(inner.as_fd(), &name)?;
    }
    Ok(fs::unlinkat(folder, name, AtFlags::REMOVEDIR)?)
}

/// Names in an open folder, unsorted, without `.` and `..`.
pub(super) fn names(folder: BorrowedFd<'_>) -> io::Result<Vec<OsString>> {
    use std::os::unix::ffi::OsStrExt;
    let mut names = Vec::new();
    for entry in fs::Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(OsStr::from_bytes(name).to_owned());
        }
    }
    Ok(names)
}
