//! Reading a whole set back and comparing it with its records.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::io::{BufReader, Read};
use std::os::fd::AsFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use rustix::fs::{AtFlags, FileType, statat};
use serde::Serialize;

use super::contained::{self, Root};
use super::format_check::{BUILT_IN, check_frames, check_tree};
use super::listing::{self, CHECKSUMS, Listing, METADATA, Recorded};
use super::tree::tree_index;
use super::writer::hex;
use super::{BackupError, FormatCheck, SealedSet, checksums};
use crate::event::{ArtifactFile, ArtifactRecord, Level, Progress, ProgressUnit, total};

/// Threads that read and hash. More gains nothing on the disks that sets are kept on.
const WORKERS: usize = 2;

/// What is wrong with a file or a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// A record cannot be used.
    Record,
    /// A recorded file is not there.
    Missing,
    /// A file that no record speaks of.
    Extra,
    /// A link, device or something else that a set never holds.
    Forbidden,
    /// The size differs.
    Size,
    /// The hash differs.
    Hash,
    /// The system would not let us read it.
    Unreadable,
    /// It is what was written, and that was not complete.
    Format,
    /// The artifact was never proven as far as was asked.
    Level,
}

/// One problem of a set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file (as records write it) or artifact.
    pub path: String,
    /// Which.
    pub kind: ProblemKind,
    /// For people.
    pub message: String,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The level that was asked for.
    pub level: Level,
    /// Everything that is wrong, by path. Empty: the set is proven to the level.
    pub problems: Vec<Problem>,
    /// Files that the records speak of.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// How a verification is watched.
pub struct VerifyWatch<'a> {
    /// Told of bytes read, often.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Asked between chunks; `true` ends with [`BackupError::Stopped`].
    pub stopped: &'a (dyn Fn() -> bool + Sync),
}

impl VerifyWatch<'_> {
    /// Nobody watches.
    pub fn none() -> Self {
        Self {
            progress: &|_| {},
            stopped: &|| false,
        }
    }
}

impl SealedSet {
    /// Compares the set with its records: L0 names, kinds and sizes, L1 every hash, L2 the formats
    /// (`checks` adds to those that are built in), from L3 on also that every artifact was proven to
    /// the level when it was written. Collects every problem; an error means that no judgement was
    /// possible.
    pub fn verify(
        &self,
        level: Level,
        checks: &[&dyn FormatCheck],
        watch: &VerifyWatch<'_>,
    ) -> Result<Verification, BackupError> {
        let mut problems = Vec::new();
        let mut listing = Listing::new();
        let mut unknown = Vec::new();
        for artifact in &self.manifest().artifacts {
            if artifact.files.is_empty() {
                let message = "it is recorded without a file";
                problems.push(problem(&artifact.name, ProblemKind::Record, &message));
            }
            if let Err(error) = listing::add_artifact(&mut listing, self.root(), artifact) {
                problems.push(problem(&artifact.name, ProblemKind::Record, &error));
                unknown.extend(tree_index(artifact).map(|(_, folder)| format!("{folder}/")));
            }
        }
        let bytes = total(listing.values().map(|recorded| recorded.bytes));
        let files = listing.len() as u64;
        add_metadata(self.root(), &mut listing, &mut problems);
        compare_names(self.root(), &listing, &mut problems)?;
        // Without its index a tree's files are all unknown; one problem says that, not thousands.
        problems.retain(|problem| {
            let below = |folder: &String| problem.path.starts_with(folder.as_str());
            !(problem.kind == ProblemKind::Extra && unknown.iter().any(below))
        });
        if level >= Level::L1 {
            problems.extend(compare_hashes(self, &listing, &problems, watch)?);
        }
        for artifact in &self.manifest().artifacts {
            if level >= Level::L2 {
                if (watch.stopped)() {
                    return Err(BackupError::Stopped);
                }
                problems.extend(check_format(self, artifact, checks, &problems));
            }
            if level >= Level::L3 && artifact.level < level {
                let message = format!(
                    "was proven to {:?} when it was written, not to {level:?}",
                    artifact.level
                );
                problems.push(problem(&artifact.name, ProblemKind::Level, &message));
            }
        }
        problems.sort();
        problems.dedup();
        Ok(Verification {
            level,
            problems,
            files,
            bytes,
        })
    }
}

fn problem(path: &str, kind: ProblemKind, message: &dyn std::fmt::Display) -> Problem {
    Problem {
        path: path.to_owned(),
        kind,
        message: message.to_string(),
    }
}

/// Compares `SHA256SUMS` with the records and adds the files that only it knows: the metadata.
fn add_metadata(root: &Root, listing: &mut Listing, problems: &mut Vec<Problem>) {
    let mut sums = BTreeMap::new();
    let read = contained::open_regular(root.descriptor(), CHECKSUMS.as_ref())
        .map_err(|error| error.to_string())
        .and_then(|file| {
            checksums::read_lines(BufReader::new(file), |path, sha256| {
                match sums.insert(path, sha256) {
                    None => Ok(()),
                    Some(_) => Err("the path stands twice".to_owned()),
                }
            })
        });
    if let Err(error) = read {
        problems.push(problem(CHECKSUMS, ProblemKind::Record, &error));
    }
    for (path, recorded) in listing.iter() {
        match sums.remove(path) {
            Some(sum) if sum == hex(&recorded.sha256) => {}
            Some(_) => {
                let message = "the manifest and SHA256SUMS disagree: one of them was edited";
                problems.push(problem(path, ProblemKind::Record, &message));
            }
            None => {
                let message = "SHA256SUMS does not list it";
                problems.push(problem(path, ProblemKind::Record, &message));
            }
        }
    }
    for name in METADATA {
        let size = statat(root.descriptor(), name, AtFlags::SYMLINK_NOFOLLOW)
            .map_or(0, |stat| stat.st_size as u64);
        let sum = sums.remove(name);
        match sum.as_deref().and_then(listing::from_hex) {
            Some(sha256) => {
                let recorded = Recorded {
                    bytes: size,
                    sha256,
                };
                listing.insert(name.to_owned(), recorded);
            }
            None => problems.push(problem(
                name,
                ProblemKind::Record,
                &"SHA256SUMS does not list it",
            )),
        }
    }
    for path in sums.into_keys() {
        let message = "SHA256SUMS lists a file that the manifest does not know";
        problems.push(problem(&path, ProblemKind::Record, &message));
    }
}

/// Walks the directory: every recorded file is there with its size, and nothing else is.
fn compare_names(
    root: &Root,
    listing: &Listing,
    problems: &mut Vec<Problem>,
) -> Result<(), BackupError> {
    let mut seen = HashSet::new();
    let mut folders: Vec<Vec<OsString>> = vec![Vec::new()];
    while let Some(components) = folders.pop() {
        let location = root
            .path()
            .join(components.iter().collect::<std::path::PathBuf>());
        let failed = |error| BackupError::file("list", &location, error);
        let folder = root.folder(&components, false).map_err(failed)?;
        for name in contained::names(folder.as_fd()).map_err(failed)? {
            let mut inner = components.clone();
            inner.push(name.clone());
            let path = listing::path_text(&inner);
            let stat = match statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(error) => {
                    problems.push(problem(&path, ProblemKind::Unreadable, &error));
                    continue;
                }
            };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => folders.push(inner),
                FileType::RegularFile if path == CHECKSUMS => {}
                FileType::RegularFile => {
                    problems.extend(compare_file(
                        listing,
                        &path,
                        stat.st_size,
                        stat.st_nlink as u64,
                    ));
                    seen.insert(path);
                }
                _ => {
                    let message = "it is neither a regular file nor a directory";
                    problems.push(problem(&path, ProblemKind::Forbidden, &message));
                    seen.insert(path);
                }
            }
        }
    }
    for path in listing.keys().filter(|path| !seen.contains(*path)) {
        problems.push(problem(path, ProblemKind::Missing, &"it is missing"));
    }
    Ok(())
}

fn compare_file(listing: &Listing, path: &str, size: i64, links: u64) -> Vec<Problem> {
    let mut problems = Vec::new();
    match listing.get(path) {
        None => problems.push(problem(
            path,
            ProblemKind::Extra,
            &"no record of the set speaks of it",
        )),
        Some(recorded) if recorded.bytes != size as u64 => {
            let message = format!("{size} bytes instead of {}", recorded.bytes);
            problems.push(problem(path, ProblemKind::Size, &message));
        }
        Some(_) => {}
    }
    if links != 1 {
        let message = "it has other names (hard links)";
        problems.push(problem(path, ProblemKind::Forbidden, &message));
    }
    problems
}

/// Reads every file that has no problem yet.
fn compare_hashes(
    set: &SealedSet,
    listing: &Listing,
    known: &[Problem],
    watch: &VerifyWatch<'_>,
) -> Result<Vec<Problem>, BackupError> {
    let bad: HashSet<&str> = known.iter().map(|problem| problem.path.as_str()).collect();
    let files: Vec<(&String, &Recorded)> = listing
        .iter()
        .filter(|(path, _)| !bad.contains(path.as_str()))
        .collect();
    let all = total(files.iter().map(|(_, recorded)| recorded.bytes));
    let next = AtomicUsize::new(0);
    let done = AtomicU64::new(0);
    let found = Mutex::new(Vec::new());
    let work = || {
        let mut buffer = vec![0; 1024 * 1024];
        while let Some((path, recorded)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut advance = |count: usize| {
                let done = done.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
                (watch.progress)(Progress {
                    done,
                    total: Some(all),
                    unit: ProgressUnit::Bytes,
                });
                !(watch.stopped)()
            };
            if let Some(problem) = compare_hash(set, path, recorded, &mut buffer, &mut advance)
                && let Ok(mut found) = found.lock()
            {
                found.push(problem);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..WORKERS {
            scope.spawn(work);
        }
        work();
    });
    if (watch.stopped)() {
        return Err(BackupError::Stopped);
    }
    Ok(found.into_inner().unwrap_or_default())
}

fn compare_hash(
    set: &SealedSet,
    path: &str,
    recorded: &Recorded,
    buffer: &mut [u8],
    advance: &mut dyn FnMut(usize) -> bool,
) -> Option<Problem> {
    let file = ArtifactFile {
        path: path.to_owned(),
        bytes: recorded.bytes,
        sha256: hex(&recorded.sha256),
    };
    let mut reader = match set.reader(&file) {
        Ok(reader) => reader,
        Err(error) => return Some(problem(path, ProblemKind::Unreadable, &error)),
    };
    loop {
        match reader.read(buffer) {
            Ok(0) => return None,
            Ok(count) => {
                if !advance(count) {
                    return None;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                let message = "its SHA-256 is not the recorded one";
                return Some(problem(path, ProblemKind::Hash, &message));
            }
            Err(error) => return Some(problem(path, ProblemKind::Unreadable, &error)),
        }
    }
}

/// Looks into an artifact whose files are what was written.
fn check_format(
    set: &SealedSet,
    artifact: &ArtifactRecord,
    checks: &[&dyn FormatCheck],
    known: &[Problem],
) -> Vec<Problem> {
    let of_artifact = |problem: &Problem| {
        problem.path == artifact.name || artifact.files.iter().any(|file| file.path == problem.path)
    };
    if known.iter().any(of_artifact) {
        return Vec::new();
    }
    let mut found = check_tree(set, artifact);
    let mut special = false;
    for check in checks.iter().chain(BUILT_IN) {
        if check.kind() == artifact.kind {
            special = true;
            found.extend(check.check(set, artifact));
        }
    }
    if !special {
        found.extend(check_frames(set, artifact));
    }
    found
        .iter()
        .map(|message| problem(&artifact.name, ProblemKind::Format, message))
        .collect()
}
