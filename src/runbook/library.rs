//! Where documents are found: `--runbooks DIR`, the site's directory, the program itself.

use std::path::{Path, PathBuf};

use crate::diagnostic::{MAX_BYTES, SourceFile};

use super::shipped::SHIPPED;

/// A document that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// There is no document of that name anywhere.
    #[error("there is no runbook or part `{name}`")]
    Unknown {
        /// As it was asked for.
        name: String,
        /// Where it was looked for.
        looked: Vec<String>,
        /// A name that exists and is near.
        near: Option<String>,
    },
    /// It exists but cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// Where.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
}

/// The places where documents are looked for, in that order; the shipped ones come last.
#[derive(Debug, Clone, Default)]
pub struct Library {
    directories: Vec<PathBuf>,
}

/// Larger files are not even read.
const LIMIT: u64 = MAX_BYTES as u64;

impl Library {
    /// Looks into these directories first, in order.
    pub fn new(directories: Vec<PathBuf>) -> Self {
        Self { directories }
    }

    /// The document of that name: `NAME.yaml` in the first directory that has it, a path if the name
    /// starts with `.` or `/` (relative to `base`), or the shipped one.
    pub fn find(&self, name: &str, base: Option<&Path>) -> Result<SourceFile, LibraryError> {
        let mut looked = Vec::new();
        if name.starts_with('.') || name.starts_with('/') {
            let path = base.unwrap_or(Path::new("")).join(name);
            // Without `.` components, which say nothing to whoever reads the path in a message.
            return read(&path.components().collect::<PathBuf>());
        }
        for directory in &self.directories {
            let path = directory.join(format!("{name}.yaml"));
            if path.is_file() {
                return read(&path);
            }
            looked.push(directory.display().to_string());
        }
        if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            return Ok(SourceFile::new(format!("{name}.yaml"), *text));
        }
        looked.push("the shipped runbooks".to_owned());
        let near = crate::diagnostic::suggest(name, SHIPPED.iter().map(|(name, _)| *name));
        Err(LibraryError::Unknown {
            name: name.to_owned(),
            looked,
            near: near.map(str::to_owned),
        })
    }
}

fn read(path: &Path) -> Result<SourceFile, LibraryError> {
    let failed = |source| LibraryError::Read {
        path: path.to_owned(),
        source,
    };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > LIMIT {
        let message = format!("it is larger than {} MiB", LIMIT / 1024 / 1024);
        return Err(failed(std::io::Error::other(message)));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    Ok(SourceFile::new(path.display().to_string(), text))
}
