//! Where a broker keeps its state: four directories that belong together, and the log of distributed
//! transactions.

use std::path::{Component, Path, PathBuf};

use super::files::LOCK_FILES;
use super::reader::Directories;

/// The kind of the artifact that holds the journal, and with it the record of what all directories
/// hold together.
pub(super) const KIND: &str = "artemis-store";

/// The directories of a broker.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) journal: PathBuf,
    pub(super) bindings: PathBuf,
    pub(super) paging: PathBuf,
    pub(super) large_messages: PathBuf,
    pub(super) transactions: Option<PathBuf>,
}

/// What one of the directories is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Bindings,
    LargeMessages,
    Paging,
    Transactions,
    Journal,
}

impl Role {
    /// The folder of the backup set, below that of the artifact.
    fn folder(self) -> &'static str {
        match self {
            Self::Bindings => "bindings",
            Self::LargeMessages => "large-messages",
            Self::Paging => "paging",
            Self::Transactions => "transactions",
            Self::Journal => "journal",
        }
    }

    /// The kind of its artifact.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Journal => KIND,
            _ => "tree",
        }
    }

    /// For people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Bindings => "queues",
            Self::LargeMessages => "bodies of large messages",
            Self::Paging => "messages that did not fit into memory",
            Self::Transactions => "log of distributed transactions",
            Self::Journal => "messages",
        }
    }

    /// The name of its artifact.
    pub(super) fn artifact(self, artifact: &str) -> String {
        format!("{artifact}/{}", self.folder())
    }
}

impl Places {
    /// The directories. The journal comes last: it has the broker's lock, and tells which of the other
    /// directories' contents count.
    pub(super) fn all(&self) -> Vec<(Role, &Path)> {
        let mut all = vec![
            (Role::Bindings, self.bindings.as_path()),
            (Role::LargeMessages, &self.large_messages),
            (Role::Paging, &self.paging),
        ];
        all.extend(
            self.transactions
                .iter()
                .map(|path| (Role::Transactions, path.as_path())),
        );
        all.push((Role::Journal, &self.journal));
        all
    }

    pub(super) fn directories(&self) -> Directories<'_> {
        Directories {
            bindings: &self.bindings,
            journal: &self.journal,
            paging: &self.paging,
            large_messages: &self.large_messages,
        }
    }

    /// The files that a running broker holds a lock on.
    pub(super) fn locks(&self) -> Vec<PathBuf> {
        locks_in(&self.journal)
    }

    /// What is wrong with the paths.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut all = vec![
            ("journal", &self.journal),
            ("bindings", &self.bindings),
            ("paging", &self.paging),
            ("large_messages", &self.large_messages),
        ];
        all.extend(self.transactions.iter().map(|path| ("transactions", path)));
        let mut problems = Vec::new();
        for (at, (option, path)) in all.iter().enumerate() {
            let plain = path.is_absolute()
                && path.file_name().is_some()
                && !path.components().any(|part| part == Component::ParentDir);
            if !plain {
                let path = path.display();
                problems.push(format!("`{option}`: `{path}` is not an absolute path"));
            }
            for (other, inner) in &all[..at] {
                if path == inner {
                    problems.push(format!("`{option}`: is the same directory as `{other}`"));
                } else if path.starts_with(inner) || inner.starts_with(path) {
                    problems.push(format!("`{option}`: and `{other}` lie inside each other"));
                }
            }
        }
        problems
    }
}

/// The lock files of a journal directory.
pub(super) fn locks_in(journal: &Path) -> Vec<PathBuf> {
    LOCK_FILES.map(|name| journal.join(name)).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_and_apart() {
        let places = Places {
            journal: "/data/journal".into(),
            bindings: "bindings".into(),
            paging: "/data/journal".into(),
            large_messages: "/data/journal/large".into(),
            transactions: Some("/data/tx".into()),
        };
        assert_eq!(
            places.problems(),
            [
                "`bindings`: `bindings` is not an absolute path",
                "`paging`: is the same directory as `journal`",
                "`large_messages`: and `journal` lie inside each other",
                "`large_messages`: and `paging` lie inside each other",
            ]
        );
        assert_eq!(places.all().last().unwrap().0, Role::Journal);
    }
}
