//! Where a broker keeps its state: up to three directories, which belong together.

use std::path::{Component, Path, PathBuf};

use super::files::{LOCK_FILE, is_index_file, is_journal_file};
use crate::adapter::Failure;
use crate::host::{FileKind, Host};

/// The kind of the artifacts that hold stores.
pub(super) const KIND: &str = "kahadb-store";

/// How deep stores and locks are looked for: `<broker>/scheduler/lock`, and one more.
const DEPTH: usize = 4;

/// What one of the directories is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The KahaDB directory: messages.
    Store,
    /// The broker's data directory: `<broker>/scheduler` holds the messages that wait.
    Data,
    /// The logs of distributed transactions (Domibus 4.x).
    Transactions,
}

impl Role {
    /// The folder of the backup set, below that of the artifact.
    fn folder(self) -> &'static str {
        match self {
            Self::Store => "kahadb",
            Self::Data => "data",
            Self::Transactions => "transactions",
        }
    }

    /// The kind of its artifact.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Store | Self::Data => KIND,
            Self::Transactions => "tree",
        }
    }

    /// For people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Store => "message store",
            Self::Data => "scheduler store",
            Self::Transactions => "transaction log",
        }
    }
}

/// One of the directories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) role: Role,
    pub(super) path: PathBuf,
    /// Other places that lie inside this one and are no part of it.
    pub(super) inner: Vec<PathBuf>,
    /// Where a new one is built and the old one kept, if not beside it: what lies inside another
    /// place must not leave things there, which would be too much in that one.
    pub(super) aside: Option<PathBuf>,
}

impl Place {
    /// The name of its artifact.
    pub(super) fn artifact(&self, artifact: &str) -> String {
        format!("{artifact}/{}", self.role.folder())
    }
}

/// The places, those that hold others first.
pub(super) fn places(store: &Path, data: &Path, transactions: Option<&Path>) -> Vec<Place> {
    let mut all = vec![(Role::Store, store), (Role::Data, data)];
    all.extend(transactions.map(|path| (Role::Transactions, path)));
    let below = |inner: &Path, outer: &Path| inner != outer && inner.starts_with(outer);
    let mut places: Vec<Place> = all
        .iter()
        .map(|&(role, path)| {
            let inner = all.iter().filter(|(_, other)| below(other, path));
            let outermost = all
                .iter()
                .filter(|(_, other)| below(path, other))
                .min_by_key(|(_, other)| other.components().count());
            Place {
                role,
                path: path.to_owned(),
                inner: inner.map(|(_, other)| (*other).to_owned()).collect(),
                aside: outermost.and_then(|(_, other)| other.parent().map(Path::to_owned)),
            }
        })
        .collect();
    places.sort_by_key(|place| place.path.components().count());
    places
}

/// What is wrong with the paths of the options `store`, `data` and `transactions`.
pub(super) fn path_problems(store: &Path, data: &Path, transactions: Option<&Path>) -> Vec<String> {
    let mut all = vec![("store", store), ("data", data)];
    all.extend(transactions.map(|path| ("transactions", path)));
    let mut problems = Vec::new();
    for (at, (option, path)) in all.iter().enumerate() {
        let plain = path.is_absolute()
            && path.file_name().is_some()
            && !path.components().any(|part| part == Component::ParentDir);
        if !plain {
            problems.push(format!(
                "`{option}`: `{}` is not an absolute path",
                path.display()
            ));
        }
        if let Some((other, _)) = all[..at].iter().find(|(_, other)| other == path) {
            problems.push(format!("`{option}`: is the same directory as `{other}`"));
        }
    }
    problems
}

/// The directories of a place that are stores, relative to it; empty for the place itself. The data
/// directory may hold other journals (what did not fit into memory), which are no stores.
pub(super) fn stores_of(host: &dyn Host, place: &Place) -> Result<Vec<PathBuf>, Failure> {
    if place.role == Role::Transactions || host.stat(&place.path)?.is_none() {
        return Ok(Vec::new());
    }
    if place.role == Role::Store {
        return Ok(vec![PathBuf::new()]);
    }
    let mut stores = Vec::new();
    walk(host, place, &mut |directory, names| {
        let has = |test: fn(&str) -> bool| names.iter().any(|name| test(name));
        let named = directory
            .file_name()
            .is_some_and(|name| name == "scheduler");
        let scheduler = named || has(|name| name.starts_with("scheduleDB.") && is_index_file(name));
        if scheduler && has(is_journal_file) {
            stores.extend(directory.strip_prefix(&place.path).map(Path::to_owned));
        }
    })?;
    stores.sort();
    Ok(stores)
}

/// The files of a place that a running program holds locks on: `lock` of ActiveMQ, `*.lck` of
/// Atomikos.
pub(super) fn lock_files(host: &dyn Host, place: &Place) -> Result<Vec<PathBuf>, Failure> {
    let mut locks = Vec::new();
    walk(host, place, &mut |directory, names| {
        let is_lock = |name: &&String| {
            *name == LOCK_FILE || Path::new(name).extension().is_some_and(|end| end == "lck")
        };
        locks.extend(
            names
                .iter()
                .filter(is_lock)
                .map(|name| directory.join(name)),
        );
    })?;
    locks.sort();
    Ok(locks)
}

/// Lock files of all places.
pub(super) fn all_lock_files(host: &dyn Host, places: &[Place]) -> Result<Vec<PathBuf>, Failure> {
    let mut locks = Vec::new();
    for place in places {
        locks.extend(lock_files(host, place)?);
    }
    Ok(locks)
}

/// Visits the directories of a place with the names of their files.
fn walk(
    host: &dyn Host,
    place: &Place,
    visit: &mut dyn FnMut(&Path, &[String]),
) -> Result<(), Failure> {
    let is_directory = host
        .stat(&place.path)?
        .is_some_and(|stat| stat.kind == FileKind::Directory);
    let mut waiting = Vec::new();
    if is_directory {
        waiting.push((place.path.clone(), 0));
    }
    while let Some((directory, depth)) = waiting.pop() {
        let mut files = Vec::new();
        for name in host.list(&directory)? {
            let path = directory.join(&name);
            match host.stat(&path)?.map(|stat| stat.kind) {
                Some(FileKind::Directory) if depth < DEPTH && !place.inner.contains(&path) => {
                    waiting.push((path, depth + 1));
                }
                Some(FileKind::File) => files.push(name.to_string_lossy().into_owned()),
                _ => {}
            }
        }
        visit(&directory, &files);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::LocalHost;

    #[test]
    fn places_inside_each_other_are_told_apart() {
        let found = places(
            Path::new("/work/data/kahadb"),
            Path::new("/work/data"),
            Some(Path::new("/work/transactions")),
        );
        let roles: Vec<_> = found.iter().map(|place| place.role).collect();
        assert_eq!(roles, [Role::Data, Role::Transactions, Role::Store]);
        assert_eq!(found[0].inner, [PathBuf::from("/work/data/kahadb")]);
        assert_eq!(found[0].aside, None);
        assert_eq!(found[2].inner, Vec::<PathBuf>::new());
        assert_eq!(found[2].aside, Some(PathBuf::from("/work")));
    }

    #[test]
    fn paths_are_absolute_and_different() {
        let problems = path_problems(Path::new("work"), Path::new("/b"), Some(Path::new("/b")));
        assert_eq!(
            problems,
            [
                "`store`: `work` is not an absolute path",
                "`transactions`: is the same directory as `data`"
            ]
        );
    }

    #[test]
    fn only_scheduler_stores_of_the_data_directory_count() {
        let directory = tempfile::tempdir().unwrap();
        let files = [
            "localhost/scheduler/db-1.log",
            "localhost/scheduler/lock",
            "localhost/tmp_storage/db-1.log",
            "other/jobs/db-3.log",
            "other/jobs/scheduleDB.data",
            "kahadb/db-1.log",
            "kahadb/lock",
            "transactions/tmlog.lck",
        ];
        for file in files {
            let path = directory.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let inner = directory.path().join("kahadb");
        let place = &places(&inner, directory.path(), None)[0];
        let stores = stores_of(&LocalHost, place).unwrap();
        assert_eq!(
            stores,
            [
                PathBuf::from("localhost/scheduler"),
                PathBuf::from("other/jobs")
            ]
        );
        let locks = lock_files(&LocalHost, place).unwrap();
        let expected = ["localhost/scheduler/lock", "transactions/tmlog.lck"];
        assert_eq!(locks, expected.map(|path| directory.path().join(path)));
    }
}
