//! Directories that are held open, so that nobody who changes names leads an operation elsewhere.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::held::{hold, hold_inside, place_of};
use super::{atomic, attributes, files, tree, writer};
use crate::host::{Attributes, Entry, FileStat, HeldFolder, HostError, HostWriter};

/// Whether an error says that the path is no longer what it was: gone, a link, or no directory.
fn is_another(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP))
}

pub(super) fn entries(
    directory: &Path,
    identity: (u64, u64),
) -> Result<Option<Vec<Entry>>, HostError> {
    let failed = |error| HostError::file("list", directory, error);
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(directory);
    let held = match opened {
        Err(error) if is_another(&error) => return Ok(None),
        other => other.map_err(failed)?,
    };
    let found = held.metadata().map_err(failed)?;
    if (found.dev(), found.ino()) != identity {
        return Ok(None);
    }
    let place = place_of(&held);
    let names = files::list(&place).map_err(|error| error.at(directory))?;
    let mut entries = Vec::with_capacity(names.len());
    for name in names {
        let stat = files::stat(&place.join(&name));
        let stat = stat.map_err(|error| error.at(&directory.join(&name)))?;
        entries.push((name, stat));
    }
    Ok(Some(entries))
}

/// See [`HeldFolder`].
pub(super) struct Folder {
    top: OwnedFd,
    /// Where it was, for messages.
    path: PathBuf,
    /// The directory of the last call, which is mostly that of the next.
    last: Mutex<Option<(PathBuf, Arc<OwnedFd>)>>,
}

impl Folder {
    pub(super) fn hold(path: &Path) -> Result<Self, HostError> {
        let top = hold(path).map_err(|error| HostError::file("open", path, error))?;
        Ok(Self {
            top,
            path: path.to_owned(),
            last: Mutex::new(None),
        })
    }

    /// Does something at a path by a name that leads to it alone; errors tell the path.
    fn act<T>(
        &self,
        relative: &Path,
        act: impl FnOnce(&Path) -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        let shown = if relative.as_os_str().is_empty() {
            self.path.clone()
        } else {
            self.path.join(relative)
        };
        let (Some(parent), Some(name)) = (relative.parent(), relative.file_name()) else {
            return act(&place_of(&self.top).join(".")).map_err(|error| error.at(&shown));
        };
        let folder = self
            .folder(parent)
            .map_err(|error| HostError::file("reach the folder of", &shown, error))?;
        act(&place_of(&*folder).join(name)).map_err(|error| error.at(&shown))
    }

    fn folder(&self, relative: &Path) -> io::Result<Arc<OwnedFd>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((path, folder)) = &*last
            && path == relative
        {
            return Ok(Arc::clone(folder));
        }
        drop(last);
        let folder = Arc::new(hold_inside(&self.top, relative)?);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((relative.to_owned(), Arc::clone(&folder)));
        Ok(folder)
    }
}

/// See [`crate::host::Host::rename_between`].
pub(super) fn rename_between(
    (old, from): (&Path, &Path),
    (new, to): (&Path, &Path),
) -> Result<(), HostError> {
    let (old, new) = (Folder::hold(old)?, Folder::hold(new)?);
    let mut renamed = Ok(());
    old.act(from, |from| {
        new.act(to, |to| {
            renamed = atomic::rename(from, to);
            Ok(())
        })
    })?;
    renamed.map_err(|error| match error {
        HostError::Rename { source, .. } => HostError::Rename {
            from: old.path.join(from),
            to: new.path.join(to),
            source,
        },
        other => other.at(&new.path.join(to)),
    })
}

impl HeldFolder for Folder {
    fn create_dir(&self, relative: &Path, mode: u32) -> Result<(), HostError> {
        self.act(relative, |path| tree::create_dir(path, mode))
    }

    fn create_new(&self, relative: &Path) -> Result<Box<dyn HostWriter>, HostError> {
        self.act(relative, writer::create_new)
    }

    fn symlink(&self, target: &Path, relative: &Path) -> Result<(), HostError> {
        self.act(relative, |path| files::symlink(target, path))
    }

    fn hard_link(&self, existing: &Path, relative: &Path) -> Result<(), HostError> {
        self.act(existing, |existing| {
            self.act(relative, |path| files::hard_link(existing, path))
        })
    }

    fn stat(&self, relative: &Path) -> Result<Option<FileStat>, HostError> {
        self.act(relative, files::stat)
    }

    fn set_attributes(&self, relative: &Path, attributes: &Attributes) -> Result<(), HostError> {
        self.act(relative, |path| attributes::set(path, attributes))
    }
}
