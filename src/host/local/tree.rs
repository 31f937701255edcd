//! Making and removing directories.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::attributes;
use super::held::{hold, hold_inside, place_of};
use crate::host::HostError;

/// Creates the directory with exactly that mode, whatever the umask is.
pub(super) fn create_dir(path: &Path, mode: u32) -> Result<(), HostError> {
    let failed = |error| HostError::file("create the directory", path, error);
    DirBuilder::new()
        .mode(mode & 0o700)
        .create(path)
        .map_err(failed)?;
    attributes::set_mode(path, mode).map_err(|errno| failed(errno.into()))
}

/// So often may a directory turn out to hold directories again: after that somebody is making them.
const LOOKS: u32 = 100;

/// Removes a tree. Directories that forbid it (vendors ship some as 0555) are opened up on the
/// way. Iterative, so that no depth of nesting exhausts the stack. Links are removed, never
/// followed, not even one that takes the place of a directory meanwhile.
pub(super) fn remove(path: &Path) -> Result<(), HostError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(HostError::file("look at", path, error)),
        Ok(found) if !found.is_dir() => {
            return fs::remove_file(path).map_err(|error| HostError::file("remove", path, error));
        }
        Ok(_) => {}
    }
    let top = hold(path).map_err(|error| HostError::file("remove", path, error))?;
    let mut open = vec![(PathBuf::new(), 0)];
    while let Some((directory, looks)) = open.pop() {
        let there = |error| HostError::file("remove", &at(path, &directory), error);
        if looks > LOOKS {
            let text = "somebody keeps making directories in it";
            return Err(there(io::Error::other(text)));
        }
        let inner = remove_files(&top, &directory)
            .map_err(|(inner, error)| HostError::file("remove", &at(path, &inner), error))?;
        if inner.is_empty() {
            remove_empty(&top, path, &directory).map_err(there)?;
        } else {
            open.push((directory, looks + 1));
            open.extend(inner.into_iter().map(|inner| (inner, 0)));
        }
    }
    Ok(())
}

fn at(top: &Path, relative: &Path) -> PathBuf {
    if relative.as_os_str().is_empty() {
        top.to_owned()
    } else {
        top.join(relative)
    }
}

/// Removes what is no directory; the directories.
fn remove_files(top: &OwnedFd, directory: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let here = |error| (directory.to_owned(), error);
    let held = hold_inside(top, directory).map_err(here)?;
    let place = place_of(&held);
    let mode = fs::metadata(&place).map_err(here)?.mode();
    if mode & 0o700 != 0o700 {
        fs::set_permissions(&place, Permissions::from_mode(mode & 0o7777 | 0o700)).map_err(here)?;
    }
    let mut inner = Vec::new();
    for entry in fs::read_dir(&place).map_err(here)? {
        let entry = entry.map_err(here)?;
        let relative = directory.join(entry.file_name());
        let there = |error| (relative.clone(), error);
        if entry.file_type().map_err(there)?.is_dir() {
            inner.push(relative);
        } else {
            fs::remove_file(entry.path()).map_err(there)?;
        }
    }
    Ok(inner)
}

fn remove_empty(top: &OwnedFd, path: &Path, directory: &Path) -> io::Result<()> {
    match (directory.parent(), directory.file_name()) {
        (Some(parent), Some(name)) => {
            let held = hold_inside(top, parent)?;
            fs::remove_dir(place_of(&held).join(name))
        }
        _ => fs::remove_dir(path),
    }
}
