//! A set that is being written.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, mkdirat};

use super::contained::{self, Root};
use super::{BackupError, CompressedWriter, SetPath, SetWriter};

/// What the name of an unfinished set ends in.
pub(super) const PARTIAL: &str = ".partial";

/// A set that is being written: `<set-id>.partial`. Clones write the same set, from any thread.
#[derive(Debug, Clone)]
pub struct PartialSet {
    pub(super) id: String,
    pub(super) backups: PathBuf,
    pub(super) root: Arc<Root>,
    sealed: bool,
}

impl PartialSet {
    /// Begins a set. `backups_of_site` (`<backups>/<site>`) is made (0700) if it is missing; neither
    /// a sealed nor an unfinished set of that id may exist.
    pub fn create(backups_of_site: &Path, id: &str) -> Result<Self, BackupError> {
        use std::os::unix::fs::DirBuilderExt;
        check_id(id)?;
        let sealed = backups_of_site.join(id);
        if sealed.symlink_metadata().is_ok() {
            return Err(BackupError::Exists { directory: sealed });
        }
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(backups_of_site)
            .map_err(|error| BackupError::file("create", backups_of_site, error))?;
        let directory = backups_of_site.join(format!("{id}{PARTIAL}"));
        mkdirat(rustix::fs::CWD, &directory, Mode::RWXU).map_err(|error| match error {
            rustix::io::Errno::EXIST => BackupError::Exists {
                directory: directory.clone(),
            },
            error => BackupError::file("create", &directory, error.into()),
        })?;
        Self::open(backups_of_site, id)
    }

    /// Goes on with an unfinished set. If a run was cut off just after it sealed the set, that one is
    /// opened, and nothing but sealing it again (which does nothing) is possible.
    pub fn open(backups_of_site: &Path, id: &str) -> Result<Self, BackupError> {
        check_id(id)?;
        let mut directory = backups_of_site.join(format!("{id}{PARTIAL}"));
        let mut root = Root::open(&directory);
        let mut sealed = false;
        if let Err(error) = &root
            && error.kind() == std::io::ErrorKind::NotFound
            && backups_of_site.join(id).is_dir()
        {
            sealed = true;
            directory = backups_of_site.join(id);
            root = Root::open(&directory);
        }
        let root = root.map_err(|error| BackupError::file("open", &directory, error))?;
        Ok(Self {
            id: id.to_owned(),
            backups: backups_of_site.to_owned(),
            root: Arc::new(root),
            sealed,
        })
    }

    /// Whether it carries its final name already.
    pub fn is_sealed(&self) -> bool {
        self.sealed
    }

    fn refuse_sealed(&self) -> Result<(), BackupError> {
        if self.sealed {
            let directory = self.directory().to_owned();
            return Err(BackupError::Exists { directory });
        }
        Ok(())
    }

    /// The id it will have when sealed.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        self.root.path()
    }

    /// A new file. Folders above it are made; what a killed attempt left under its name is removed.
    /// `path` is the text of a [`SetPath`].
    pub fn file(&self, path: &str) -> Result<SetWriter, BackupError> {
        self.refuse_sealed()?;
        let path = SetPath::parse(path)?;
        let (parents, name) = path.split();
        let location = self.root.location(&path);
        let file = self
            .root
            .folder(parents, true)
            .and_then(|folder| contained::create_file(folder.as_fd(), name))
            .map_err(|error| BackupError::file("create", &location, error))?;
        Ok(SetWriter::new(file, path, location))
    }

    /// A new file that is compressed with zstd while it is written.
    pub fn compressed(&self, path: &str) -> Result<CompressedWriter, BackupError> {
        CompressedWriter::new(self.file(path)?)
    }

    /// Removes a file or folder that an earlier attempt left. Absence is no error.
    pub fn discard(&self, path: &str) -> Result<(), BackupError> {
        self.refuse_sealed()?;
        let path = SetPath::parse(path)?;
        let (parents, name) = path.split();
        let removed = match self.root.folder(parents, false) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(folder) => contained::remove_all(folder.as_fd(), name),
        };
        removed.map_err(|error| BackupError::file("remove", &self.root.location(&path), error))
    }

    /// An open folder of the set, for many files beside each other. It and those above it are made.
    pub fn folder(&self, path: &SetPath) -> Result<SetFolder, BackupError> {
        self.refuse_sealed()?;
        let descriptor = self
            .root
            .folder(path.components(), true)
            .map_err(|error| BackupError::file("create", &self.root.location(path), error))?;
        Ok(SetFolder {
            descriptor,
            location: self.root.location(path),
            path: path.clone(),
        })
    }
}

/// An open folder of a set that is being written.
#[derive(Debug)]
pub struct SetFolder {
    descriptor: OwnedFd,
    path: SetPath,
    location: PathBuf,
}

impl SetFolder {
    /// A new file in it, as [`PartialSet::file`] makes it. `name` is raw.
    pub fn file(&self, name: &OsStr) -> Result<SetWriter, BackupError> {
        let path = self.path.join(name)?;
        let location = self.location.join(name);
        let file = contained::create_file(self.descriptor.as_fd(), name)
            .map_err(|error| BackupError::file("create", &location, error))?;
        Ok(SetWriter::new(file, path, location))
    }
}

/// Whether the text can name a set.
pub(super) fn check_id(id: &str) -> Result<(), BackupError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fits = !id.is_empty()
        && id.len() <= 200
        && id.chars().all(plain)
        && !id.starts_with(['.', '-'])
        && !id.ends_with(PARTIAL);
    if fits {
        Ok(())
    } else {
        Err(BackupError::Id { id: id.to_owned() })
    }
}
