//! The files of the directory object, as they are seen from here.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::adapter::{Failure, Finding};
use crate::backup::{CompressedArtifact, CompressedWriter, DecompressedReader};
use crate::event::{Progress, ProgressUnit, StopLevel};
use crate::host::{Attributes, Control, FileKind, Host, HostError};

/// A network file system shows a new file late.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// A log of a hundred thousand tables is smaller.
const LOG_LIMIT: u64 = 64 * 1024 * 1024;

const CHUNK: usize = 256 * 1024;

/// The directory as seen from here.
pub(super) struct Directory<'a> {
    pub(super) host: &'a dyn Host,
    pub(super) control: &'a Control,
    pub(super) path: &'a Path,
    pub(super) progress: &'a (dyn Fn(Progress) + Sync),
}

/// Whether the directory can be used from here.
pub(super) fn findings(host: &dyn Host, path: &Path) -> Option<Finding> {
    let shown = path.display();
    let hint = "`directory_path` is where the directory object's folder on the database host is seen from here \
                (the same path if the database runs here, else a shared mount)";
    let problem = match host.stat(path) {
        Err(error) => error.to_string(),
        Ok(None) => format!("there is no directory {shown}"),
        Ok(Some(stat)) if stat.kind != FileKind::Directory => format!("{shown} is no directory"),
        Ok(Some(_)) if !host.may_write(path) => format!("{shown} cannot be written from here"),
        Ok(Some(_)) => return None,
    };
    Some(Finding::refuse(problem).hint(hint))
}

impl Directory<'_> {
    /// The file of that name.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether the file is there.
    pub(super) fn has(&self, name: &str) -> Result<bool, Failure> {
        Ok(self.host.stat(&self.file(name))?.is_some())
    }

    /// A log, if it is there and can be read.
    pub(super) fn log(&self, name: &str) -> Option<String> {
        let bytes = self.host.read(&self.file(name), LOG_LIMIT).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Removes a file. Absence is no error.
    pub(super) fn remove(&self, name: &str) -> Result<(), Failure> {
        if self.has(name)? {
            self.host.remove_file(&self.file(name))?;
        }
        Ok(())
    }

    /// Copies a dump file into the backup set, hashed on the way.
    pub(super) fn fetch(
        &self,
        name: &str,
        mut writer: CompressedWriter,
    ) -> Result<CompressedArtifact, Failure> {
        let path = self.file(name);
        let mut looks = 0;
        while !self.has(name)? && looks < LOOKS {
            looks += 1;
            if !self.control.pause(PAUSE) {
                return Err(Failure::stopped());
            }
        }
        let stat = self.host.stat(&path)?.ok_or_else(|| {
            Failure::verification(format!(
                "the export ended well, and there is no dump file {}",
                path.display()
            ))
            .hint(
                "`directory_path` must be the folder of the directory object, as it is seen from here",
            )
        })?;
        let mut reader = self.host.open(&path).map_err(|error| {
            Failure::from(error).hint(
                "the dump file belongs to the system user that runs the database: let the user that \
                 runs upgrade-kit read it (the same group, or a default ACL on the folder)",
            )
        })?;
        self.copy(&mut reader, &mut writer, stat.bytes, &path)?;
        let artifact = writer.finish()?;
        if artifact.content_bytes == stat.bytes && stat.bytes > 0 {
            return Ok(artifact);
        }
        Err(Failure::verification(format!(
            "{} has {} bytes, and {} were read",
            path.display(),
            stat.bytes,
            artifact.content_bytes
        )))
    }

    /// Puts a dump file into the directory, readable for the database.
    pub(super) fn put(
        &self,
        name: &str,
        mut reader: DecompressedReader,
        total: u64,
    ) -> Result<(), Failure> {
        let path = self.file(name);
        self.remove(name)?;
        let mut writer = self.host.create_new(&path)?;
        self.copy(&mut reader, &mut writer, total, &path)?;
        let failed = |error| HostError::file("write", &path, error);
        writer.finish().map_err(failed)?;
        self.host.sync(&path)?;
        self.let_the_database_read(&path)
    }

    /// The folder's group is the database's. Where it cannot be given, a default ACL of the folder may
    /// still let the database read, which the file's group bits must not mask; if none does, the import
    /// program says so before anything is dropped. The file is never made readable for everybody.
    fn let_the_database_read(&self, path: &Path) -> Result<(), Failure> {
        let (folder, file) = (self.host.stat(self.path)?, self.host.stat(path)?);
        let (Some(folder), Some(file)) = (folder, file) else {
            return Ok(());
        };
        let group = Attributes {
            mode: Some(0o640),
            owner: Some((file.uid, folder.gid)),
            mtime: None,
        };
        if self.host.set_attributes(path, &group).is_ok() {
            return Ok(());
        }
        let mode = Attributes {
            mode: Some(0o640),
            ..Attributes::default()
        };
        Ok(self.host.set_attributes(path, &mode)?)
    }

    fn copy(
        &self,
        reader: &mut dyn Read,
        writer: &mut dyn Write,
        total: u64,
        path: &Path,
    ) -> Result<(), Failure> {
        let mut chunk = vec![0; CHUNK];
        let mut done = 0;
        loop {
            if self.control.stop.level() >= StopLevel::Ask {
                return Err(Failure::stopped());
            }
            let count = match reader.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(HostError::file("copy", path, error).into()),
            };
            writer
                .write_all(&chunk[..count])
                .map_err(|error| HostError::file("copy", path, error))?;
            done += count as u64;
            (self.progress)(Progress {
                done,
                total: Some(total),
                unit: ProgressUnit::Bytes,
            });
        }
    }
}
