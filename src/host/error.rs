//! What can go wrong on a machine.

use std::io;
use std::path::{Path, PathBuf};

/// A failed operation on a host, always with the path or program it concerned.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A file operation failed.
    #[error("failed to {action} {}", path.display())]
    File {
        /// What was tried: `read`, `create`, `rename`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A name could not be changed.
    #[error("failed to rename {} to {}", from.display(), to.display())]
    Rename {
        /// The old name.
        from: PathBuf,
        /// The new one.
        to: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// Two names could not be exchanged.
    #[error("failed to exchange {} with {}", one.display(), other.display())]
    Exchange {
        /// One name.
        one: PathBuf,
        /// The other.
        other: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The program is not there.
    #[error("the program `{program}` was not found")]
    NoSuchProgram {
        /// As it was asked for.
        program: String,
    },
    /// The process could not be started.
    #[error("failed to start `{program}`")]
    Start {
        /// As it was asked for.
        program: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A stream to or from the tool failed on our side (for example the disk is full).
    #[error("failed to {action} `{program}`")]
    Stream {
        /// `read the output of`, `write the input of`.
        action: &'static str,
        /// The tool.
        program: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A process could not be signalled.
    #[error("failed to signal process {pid}")]
    Signal {
        /// The process.
        pid: u32,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A network request failed.
    #[error("failed to reach {url}: {reason}")]
    Http {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// The run was asked to stop while the operation waited.
    #[error("stopped on request")]
    Stopped,
}

impl HostError {
    /// A file error with its path.
    pub fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// A file error told of another path: that by which a person knows the file.
    pub(super) fn at(self, path: &Path) -> Self {
        match self {
            Self::File { action, source, .. } => Self::file(action, path, source),
            other => other,
        }
    }

    /// The system's answer, if the error has one.
    pub fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::File { source, .. }
            | Self::Rename { source, .. }
            | Self::Exchange { source, .. }
            | Self::Start { source, .. }
            | Self::Signal { source, .. }
            | Self::Stream { source, .. } => Some(source),
            Self::NoSuchProgram { .. } | Self::Http { .. } | Self::Stopped => None,
        }
    }

    /// The system's error kind, if the error has one.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        self.io_error().map(io::Error::kind)
    }
}
