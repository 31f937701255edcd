//! Looking at files and reading them.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, OFlags, SeekFrom, accessat, linkat, seek, statvfs, syncfs};
use rustix::io::Errno;

use crate::host::{FileKind, FileStat, HostError};

pub(super) fn stat(path: &Path) -> Result<Option<FileStat>, HostError> {
    let failed = |error| HostError::file("look at", path, error);
    for _ in 0..LOOKS {
        let found = match fs::symlink_metadata(path) {
            Ok(found) => found,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let kind = if found.is_file() {
            FileKind::File
        } else if found.is_dir() {
            FileKind::Directory
        } else if found.is_symlink() {
            match fs::read_link(path) {
                Ok(target) => FileKind::Symlink(target),
                // It is no link any more: it is looked at again.
                Err(error) if is_absent(&error) => continue,
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => continue,
                Err(error) => return Err(failed(error)),
            }
        } else {
            FileKind::Other
        };
        return Ok(Some(file_stat(kind, &found)));
    }
    let text = "somebody keeps putting links there and takes them away";
    Err(failed(io::Error::other(text)))
}

/// So often may a link be gone before its target was read.
const LOOKS: u32 = 100;

/// Neither a missing name nor a missing folder above it (nor a file where a folder is looked for).
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn file_stat(kind: FileKind, found: &Metadata) -> FileStat {
    FileStat {
        kind,
        bytes: found.size(),
        allocated: found.blocks() * 512,
        mode: found.mode() & 0o7777,
        uid: found.uid(),
        gid: found.gid(),
        mtime: (found.mtime(), found.mtime_nsec() as u32),
        links: found.nlink(),
        identity: (found.dev(), found.ino()),
        changed: (found.ctime(), found.ctime_nsec() as u32),
    }
}

pub(super) fn list(directory: &Path) -> Result<Vec<OsString>, HostError> {
    let failed = |error| HostError::file("list", directory, error);
    let mut names = fs::read_dir(directory)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(failed)?;
    names.sort_unstable();
    Ok(names)
}

pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, HostError> {
    let failed = |error| HostError::file("read", path, error);
    let file = File::open(path).map_err(failed)?;
    let mut content = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(failed)?;
    if content.len() as u64 > limit {
        let message = format!("it is larger than {limit} bytes");
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    Ok(content)
}

pub(super) fn open(path: &Path) -> Result<Box<dyn Read + Send>, HostError> {
    Ok(Box::new(open_regular(path)?))
}

pub(super) fn open_same(
    path: &Path,
    identity: (u64, u64),
) -> Result<Option<Box<dyn Read + Send>>, HostError> {
    use io::ErrorKind::{NotADirectory, NotFound, Other};
    let failed = |error| HostError::file("open", path, error);
    let file = match open_regular(path) {
        // Gone, a link, a directory.
        Err(error) if matches!(error.io_kind(), Some(NotFound | NotADirectory | Other)) => {
            return Ok(None);
        }
        // What cannot be opened may be another thing by now.
        Err(error) => {
            let there = stat(path)?.map(|there| there.identity);
            return if there == Some(identity) {
                Err(error)
            } else {
                Ok(None)
            };
        }
        Ok(file) => file,
    };
    let found = file.metadata().map_err(failed)?;
    let is_same = (found.dev(), found.ino()) == identity;
    Ok(is_same.then(|| Box::new(file) as Box<dyn Read + Send>))
}

/// Opens without following a link and without waiting for the other end of a FIFO.
fn open_regular(path: &Path) -> Result<File, HostError> {
    let failed = |error| HostError::file("open", path, error);
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)
        .map_err(|error| {
            if Errno::from_io_error(&error) == Some(Errno::LOOP) {
                failed(io::Error::other("it is a symbolic link"))
            } else {
                failed(error)
            }
        })?;
    if file.metadata().map_err(failed)?.is_file() {
        Ok(file)
    } else {
        Err(failed(io::Error::other("it is not a regular file")))
    }
}

pub(super) fn data_ranges(path: &Path) -> Result<Vec<(u64, u64)>, HostError> {
    let file = open_regular(path)?;
    let failed = |error| HostError::file("find the holes of", path, error);
    let size = file.metadata().map_err(failed)?.len();
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < size {
        let start = match seek(&file, SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(Errno::NXIO) => break,
            // The file system knows no holes: everything is data.
            Err(Errno::INVAL) => {
                ranges.push((at, size - at));
                break;
            }
            Err(errno) => return Err(failed(errno.into())),
        };
        let end = seek(&file, SeekFrom::Hole(start)).map_err(|errno| failed(errno.into()))?;
        // A file that grows meanwhile is read up to the size that it had.
        let end = end.min(size);
        if start >= end {
            break;
        }
        ranges.push((start, end - start));
        at = end;
    }
    Ok(ranges)
}

pub(super) fn symlink(target: &Path, link: &Path) -> Result<(), HostError> {
    std::os::unix::fs::symlink(target, link)
        .map_err(|error| HostError::file("create the link", link, error))
}

/// Links the name itself: a symbolic link gets a second name, not its target.
pub(super) fn hard_link(existing: &Path, link: &Path) -> Result<(), HostError> {
    linkat(CWD, existing, CWD, link, AtFlags::empty())
        .map_err(|errno| HostError::file("create the link", link, errno.into()))
}

pub(super) fn sync(path: &Path) -> Result<(), HostError> {
    let failed = |error| HostError::file("sync the file system of", path, error);
    let opened = rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK,
        rustix::fs::Mode::empty(),
    )
    .map_err(|errno| failed(errno.into()))?;
    syncfs(opened).map_err(|errno| failed(errno.into()))
}

/// Asked with the effective user, as the writing itself will be.
pub(super) fn may_write(path: &Path) -> bool {
    let access = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Access::WRITE_OK | Access::EXEC_OK,
        _ => Access::WRITE_OK,
    };
    accessat(CWD, path, access, AtFlags::EACCESS).is_ok()
}

pub(super) fn free_space(path: &Path) -> Result<u64, HostError> {
    let found = statvfs(path)
        .map_err(|errno| HostError::file("look at the space of", path, errno.into()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
