//! A failed action.

use std::io::{self, ErrorKind};

use crate::backup::BackupError;
use crate::event::{FailureKind, FailureReport, disk_advice};
use crate::host::{Exit, HostError, Invocation};
use crate::site::SecretError;

/// A failed action, ready for the journal and the operator. Texts are masked by the executor before
/// they leave the process.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Failure(pub Box<FailureReport>);

impl Failure {
    /// A failure of that family.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self(Box::new(FailureReport {
            kind,
            message: message.into(),
            causes: Vec::new(),
            command: None,
            exit: None,
            stderr: Vec::new(),
            hint: None,
        }))
    }

    /// A precondition does not hold.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Refused, message)
    }

    /// The state read back contradicts the tool.
    pub fn verification(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Verification, message)
    }

    /// The run was stopped.
    pub fn stopped() -> Self {
        Self::new(FailureKind::Stopped, "stopped on request")
    }

    /// A tool failed: kind, command, exit and last error lines are taken from what happened.
    pub fn tool(message: impl Into<String>, invocation: &Invocation, exit: &Exit) -> Self {
        let kind = if exit.stopped {
            FailureKind::Stopped
        } else if exit.timed_out {
            FailureKind::Timeout
        } else {
            FailureKind::Tool
        };
        let mut failure = Self::new(kind, message);
        failure.0.command = Some(invocation.to_string());
        failure.0.exit = Some(match invocation.timeout {
            Some(limit) if exit.timed_out => {
                format!("{} after the time limit of {limit:?}", exit.status)
            }
            _ => exit.status.to_string(),
        });
        failure.0.stderr = exit.stderr.last_lines(8);
        failure
    }

    /// With the command after which it was found.
    #[must_use]
    pub fn command(mut self, invocation: &Invocation) -> Self {
        self.0.command = Some(invocation.to_string());
        self
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Tells what to do before the rest of what is to do.
    #[must_use]
    pub fn hint_before(mut self, first: &str) -> Self {
        self.0.hint = Some(match self.0.hint.take() {
            Some(rest) => format!("{first}; {rest}"),
            None => first.to_owned(),
        });
        self
    }

    /// Tells what to do after the rest of what is to do.
    #[must_use]
    pub fn hint_after(mut self, last: &str) -> Self {
        self.0.hint = Some(match self.0.hint.take() {
            Some(rest) => format!("{rest}; {last}"),
            None => last.to_owned(),
        });
        self
    }

    /// With a cause.
    #[must_use]
    pub fn because(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            self.0.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// With what to do about a disk that fails, if that is what the system says.
    fn about_the_disk(self, error: &io::Error) -> Self {
        match disk_advice(error) {
            Some(advice) => self.hint(format!("{advice}, then resume the run")),
            None => self,
        }
    }

    /// The family.
    pub fn kind(&self) -> FailureKind {
        self.0.kind
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        let kind = match &error {
            HostError::Stopped => FailureKind::Stopped,
            HostError::NoSuchProgram { .. } => FailureKind::Refused,
            _ => FailureKind::System,
        };
        let mut failure = Self::new(kind, error.to_string());
        if let Some(source) = std::error::Error::source(&error) {
            failure = failure.because(source);
        }
        match error.io_error() {
            Some(source) if source.kind() == ErrorKind::StorageFull => {
                failure.hint("free some space, then resume the run")
            }
            Some(source) if source.kind() == ErrorKind::PermissionDenied => failure
                .hint("give the user that runs upgrade-kit access to it, then resume the run"),
            Some(source) => failure.about_the_disk(source),
            None if matches!(error, HostError::NoSuchProgram { .. }) => {
                failure.hint("install it, or put its folder into `PATH`, then resume the run")
            }
            None => failure,
        }
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        let hint = error.hint();
        let failure = match error {
            SecretError::Host(error) => Self::from(error),
            error => Self::refused(error.to_string()),
        };
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let kind = match &error {
            BackupError::Stopped => FailureKind::Stopped,
            BackupError::NotFound { .. } | BackupError::Exists { .. } | BackupError::Id { .. } => {
                FailureKind::Refused
            }
            _ if error.is_damage() => FailureKind::DamagedSet,
            _ => FailureKind::System,
        };
        let mut failure = Self::new(kind, error.to_string());
        if let Some(source) = std::error::Error::source(&error) {
            failure = failure.because(source);
        }
        match (&error, kind) {
            (BackupError::File { source, .. }, FailureKind::System)
                if source.kind() == ErrorKind::StorageFull =>
            {
                failure.hint("free some space where backup sets are kept, then resume the run")
            }
            (BackupError::File { source, .. }, FailureKind::System) => {
                failure.about_the_disk(source)
            }
            (_, FailureKind::DamagedSet) => failure.hint(
                "see everything that is wrong with `upgrade-kit backups verify`, and use another set",
            ),
            _ => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_disk_that_fails_is_told_from_one_that_is_full() {
        for (number, hint) in [(5, "`dmesg`"), (28, "free some space"), (30, "read-only")] {
            let answer = || io::Error::from_raw_os_error(number);
            let of_host = Failure::from(HostError::file("write", Path::new("/a"), answer()));
            let of_set = Failure::from(BackupError::file("write", Path::new("/a"), answer()));
            for failure in [of_host, of_set] {
                let told = failure.0.hint.unwrap();
                assert!(told.contains(hint), "{number}: {told}");
                assert!(told.ends_with("then resume the run"), "{told}");
            }
        }
    }
}
