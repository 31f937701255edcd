//! Where discovery reads from: the local disk, or the local disk with some places moved.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// The most bytes that any file read for discovery may have.
pub const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntryInfo {
    /// The name, without the folder.
    pub name: OsString,
    /// What the name leads to, symbolic links followed.
    pub kind: EntryKind,
}

/// What a name in a folder leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// Anything else: a broken link, a socket, a device.
    Other,
}

/// Read access to the files of an installation.
pub trait FileSource {
    /// The whole content of a regular file, at most [`MOST_BYTES`] and one more, so that the caller can see
    /// that a file is too large without holding all of it.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names in a folder, sorted.
    fn list(&self, folder: &Path) -> io::Result<Vec<DirEntryInfo>>;
}

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalFiles;

impl FileSource for LocalFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // Opening a pipe waits for a writer, so the kind is looked at first.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        let mut content = Vec::new();
        File::open(path)?
            .take(MOST_BYTES + 1)
            .read_to_end(&mut content)?;
        Ok(content)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<DirEntryInfo>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = match fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_file() => EntryKind::File,
                Ok(metadata) if metadata.is_dir() => EntryKind::Folder,
                _ => EntryKind::Other,
            };
            entries.push(DirEntryInfo {
                name: entry.file_name(),
                kind,
            });
        }
        entries.sort();
        Ok(entries)
    }
}

/// The files of this machine, with some places read elsewhere: an installation that is practised on
/// before it is laid out at its real place, a configuration directory that is still to be put there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapped {
    places: Vec<(PathBuf, PathBuf)>,
}

impl Mapped {
    /// Reads `from`, and everything under it, in `to` instead. The place that was told last is looked
    /// at first, and `to` is itself read where the places told earlier say.
    #[must_use]
    pub fn and(mut self, from: &Path, to: &Path) -> Self {
        let to = self.place_of(to);
        self.places.insert(0, (normalized(from), to));
        self
    }

    fn place_of(&self, path: &Path) -> PathBuf {
        // `from/../x` lies outside `from`; without normalizing it would be looked for in `to/../x`.
        let path = normalized(path);
        let moved = self.places.iter().find_map(|(from, to)| {
            let rest = path.strip_prefix(from).ok()?;
            // Joining nothing would end the path of a file in a slash.
            Some(if rest.as_os_str().is_empty() {
                to.clone()
            } else {
                to.join(rest)
            })
        });
        moved.unwrap_or(path)
    }
}

impl FileSource for Mapped {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        LocalFiles.read(&self.place_of(path))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<DirEntryInfo>> {
        LocalFiles.list(&self.place_of(folder))
    }
}

/// The path without `.`, `..` and doubled slashes, by its letters alone, as `java.nio.file.Path.normalize`.
pub fn normalized(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match result.components().next_back() {
                Some(Component::Normal(_)) => {
                    result.pop();
                }
                Some(Component::RootDir) => {}
                _ => result.push(".."),
            },
            other => result.push(other),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalizes_by_letters() {
        for (given, expected) in [
            ("/a/./b//c/", "/a/b/c"),
            ("/a/../b", "/b"),
            ("/../a", "/a"),
            ("a/../../b", "../b"),
        ] {
            assert_eq!(normalized(Path::new(given)), Path::new(expected), "{given}");
        }
    }

    #[test]
    fn a_mapped_folder_is_read_elsewhere_and_the_rest_where_it_is() {
        let stage = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(stage.path().join("inside.txt"), "inside").unwrap();
        fs::write(outside.path().join("outside.txt"), "outside").unwrap();
        let setenv = Path::new("/opt/tomcat/bin/setenv.sh");
        let files = Mapped::default()
            .and(Path::new("/opt/tomcat"), stage.path())
            .and(setenv, Path::new("/opt/tomcat/inside.txt"));
        let read = |path: &Path| String::from_utf8(files.read(path).unwrap()).unwrap();
        assert_eq!(read(Path::new("/opt/tomcat/conf/../inside.txt")), "inside");
        assert_eq!(read(&outside.path().join("outside.txt")), "outside");
        assert_eq!(read(setenv), "inside");
        let names = files.list(Path::new("/opt/tomcat")).unwrap();
        assert_eq!(names[0].name, "inside.txt");
        assert!(files.read(Path::new("/opt/tomcat/../inside.txt")).is_err());
    }

    #[test]
    fn folders_and_pipes_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(LocalFiles.read(folder.path()).is_err());
    }
}
