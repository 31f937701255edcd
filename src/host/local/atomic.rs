//! Changing names so that no moment shows a half-done state.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::files;
use crate::host::{FileKind, HostError};

/// Writes beside the file and renames over it. A symbolic link is written through, as an editor
/// would: the link stays, its target gets the content.
pub(super) fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), HostError> {
    let target = match files::stat(path)?.map(|found| found.kind) {
        Some(FileKind::Symlink(_)) => {
            std::fs::canonicalize(path).map_err(|error| HostError::file("find", path, error))?
        }
        _ => path.to_owned(),
    };
    replace(&target, content, mode).map_err(|error| HostError::file("write", &target, error))
}

fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let folder = parent(path);
    let mut temporary = tempfile::Builder::new()
        .prefix(".upgrade-kit-")
        .tempfile_in(&folder)?;
    temporary.write_all(content)?;
    let mode = match std::fs::symlink_metadata(path) {
        Ok(existing) => {
            keep_owner(temporary.as_file(), &existing)?;
            existing.mode() & 0o7777
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => mode,
        Err(error) => return Err(error),
    };
    temporary
        .as_file()
        .set_permissions(Permissions::from_mode(mode))?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Only asked for where the owner differs: an ordinary user cannot, and must not lose a file's
/// owner silently.
fn keep_owner(file: &File, existing: &std::fs::Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (existing.uid(), existing.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(existing.uid()), Some(existing.gid()))
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Renames; the new name must not exist. File systems without that promise (NFS, some FUSE ones)
/// get a check before the rename: between the two another process could create the name, and the
/// kit's own lock on the site keeps at least another run of the kit from doing so.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), HostError> {
    let renamed = match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            if files::stat(to)?.is_some() {
                Err(Errno::EXIST.into())
            } else {
                std::fs::rename(from, to)
            }
        }
        other => other.map_err(io::Error::from),
    };
    renamed.map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            return HostError::file("rename to", to, error);
        }
        HostError::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
            source: error,
        }
    })
}

/// Exchanges two names. There is no substitute on a file system that cannot: the caller chooses
/// another way.
pub(super) fn exchange(one: &Path, other: &Path) -> Result<(), HostError> {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).map_err(|errno| {
        HostError::Exchange {
            one: one.to_owned(),
            other: other.to_owned(),
            source: errno.into(),
        }
    })
}
