//! Making and removing directories.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::host::HostError;

/// Creates the directory with exactly that mode, whatever the umask is.
pub(super) fn create_dir(path: &Path, mode: u32) -> Result<(), HostError> {
    let failed = |error| HostError::file("create the directory", path, error);
    DirBuilder::new()
        .mode(mode & 0o700)
        .create(path)
        .map_err(failed)?;
    fs::set_permissions(path, Permissions::from_mode(mode & 0o7777)).map_err(failed)
}

/// Removes a tree. Directories that forbid it (vendors ship some as 0555) are opened up on the
/// way. Iterative, so that no depth of nesting exhausts the stack. Links are removed, never
/// followed.
pub(super) fn remove(path: &Path) -> Result<(), HostError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(HostError::file("look at", path, error)),
        Ok(found) if !found.is_dir() => {
            return fs::remove_file(path).map_err(|error| HostError::file("remove", path, error));
        }
        Ok(_) => {}
    }
    let mut open = vec![path.to_owned()];
    while let Some(directory) = open.last().cloned() {
        let before = open.len();
        remove_files(&directory, &mut open)
            .map_err(|(path, error)| HostError::file("remove", &path, error))?;
        if open.len() == before {
            fs::remove_dir(&directory)
                .map_err(|error| HostError::file("remove", &directory, error))?;
            open.pop();
        }
    }
    Ok(())
}

/// Removes what is no directory and puts the directories on the stack.
fn remove_files(directory: &Path, open: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    let here = |error| (directory.to_owned(), error);
    let mode = fs::symlink_metadata(directory).map_err(here)?.mode();
    if mode & 0o700 != 0o700 {
        fs::set_permissions(directory, Permissions::from_mode(mode & 0o7777 | 0o700))
            .map_err(here)?;
    }
    for entry in fs::read_dir(directory).map_err(here)? {
        let entry = entry.map_err(here)?;
        let path = entry.path();
        let there = |error| (path.clone(), error);
        if entry.file_type().map_err(there)?.is_dir() {
            open.push(path);
        } else {
            fs::remove_file(&path).map_err(there)?;
        }
    }
    Ok(())
}
