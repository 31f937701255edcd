//! A set that is complete.

use std::collections::HashSet;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;

use super::contained::Root;
use super::partial::{PARTIAL, check_id};
use super::tree::{TreeReader, left_out, tree_index};
use super::{BackupError, DecompressedReader, FORMAT, Manifest, SetPath, VerifiedReader};
use crate::event::{ArtifactFile, ArtifactRecord};

/// Name of the manifest in a set.
pub(super) const MANIFEST: &str = "manifest.json";

/// Name of the frozen plan in a set.
pub(super) const PLAN: &str = "plan.json";

/// A manifest larger than this is not one: lists of files of trees are kept apart from it.
const MANIFEST_LIMIT: u64 = 64 * 1024 * 1024;

/// A sealed set. Clones read the same set, from any thread.
#[derive(Debug, Clone)]
pub struct SealedSet(Arc<Opened>);

#[derive(Debug)]
struct Opened {
    root: Root,
    manifest: Manifest,
}

impl SealedSet {
    /// Opens the set of that id in `<backups>/<site>` and reads its manifest. Sizes and hashes are
    /// not looked at yet: see [`SealedSet::verify`].
    pub fn open(backups_of_site: &Path, id: &str) -> Result<Self, BackupError> {
        check_id(id)?;
        let directory = backups_of_site.join(id);
        let root = Root::open(&directory).map_err(|error| {
            if error.kind() != std::io::ErrorKind::NotFound {
                return BackupError::file("open", &directory, error);
            }
            BackupError::NotFound {
                id: id.to_owned(),
                directory: backups_of_site.to_owned(),
                partial: backups_of_site.join(format!("{id}{PARTIAL}")).is_dir(),
            }
        })?;
        let manifest = read_manifest(&root, id)?;
        Ok(Self(Arc::new(Opened { root, manifest })))
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.0.manifest.set
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        self.0.root.path()
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// The artifact of that name.
    pub fn artifact(&self, name: &str) -> Option<&ArtifactRecord> {
        self.0.manifest.artifact(name)
    }

    /// Reads a file of the set; at its end size and hash are compared with `file`.
    pub fn reader(&self, file: &ArtifactFile) -> Result<VerifiedReader, BackupError> {
        self.0.root.reader(file)
    }

    /// The members of an artifact's tree. The index is read once before, so that nothing is handed
    /// out of one that is not the recorded one.
    pub fn tree(&self, artifact: &ArtifactRecord) -> Result<TreeReader, BackupError> {
        let Some((index, _)) = tree_index(artifact) else {
            return Err(BackupError::Damaged {
                set: self.directory().to_owned(),
                problem: format!("the artifact `{}` has no index of a tree", artifact.name),
            });
        };
        let mut reader = self.reader(index)?;
        let location = self.directory().join(&index.path);
        std::io::copy(&mut reader, &mut std::io::sink())
            .map_err(|error| BackupError::file("read", &location, error))?;
        TreeReader::open(&self.0.root, artifact, index)
    }

    /// Reads and decompresses a zstd file of the set, with bounded memory. The end is reached only
    /// if the frame is complete and the compressed bytes are the recorded ones.
    pub fn decompressed(&self, file: &ArtifactFile) -> Result<DecompressedReader, BackupError> {
        DecompressedReader::new(self.reader(file)?)
    }

    /// The frozen plan of the run that wrote the set (`plan.json`), as the manifest knows its hash.
    pub fn plan_json(&self) -> Result<Vec<u8>, BackupError> {
        read_record(&self.0.root, PLAN)
    }

    pub(super) fn root(&self) -> &Root {
        &self.0.root
    }
}

/// Reads one of the records in the set's own directory.
fn read_record(root: &Root, name: &str) -> Result<Vec<u8>, BackupError> {
    let damaged = |problem: String| BackupError::Damaged {
        set: root.path().to_owned(),
        problem,
    };
    let location = root.path().join(name);
    let mut text = Vec::new();
    super::contained::open_regular(root.descriptor().as_fd(), name.as_ref())
        .and_then(|file| file.take(MANIFEST_LIMIT + 1).read_to_end(&mut text))
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => damaged(format!("{name} is missing")),
            std::io::ErrorKind::InvalidData => damaged(format!("{name}: {error}")),
            _ => BackupError::file("read", &location, error),
        })?;
    if text.len() as u64 > MANIFEST_LIMIT {
        return Err(damaged(format!("{name} is larger than 64 MiB")));
    }
    Ok(text)
}

fn read_manifest(root: &Root, id: &str) -> Result<Manifest, BackupError> {
    let damaged = |problem: String| BackupError::Damaged {
        set: root.path().to_owned(),
        problem,
    };
    let text = read_record(root, MANIFEST)?;
    refuse_unknown(root, &text)?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| damaged(format!("{MANIFEST} cannot be read: {error}")))?;
    if manifest.set != id {
        let problem = format!("{MANIFEST} says that it is the set `{}`", manifest.set);
        return Err(damaged(problem));
    }
    check_records(&manifest).map_err(damaged)?;
    Ok(manifest)
}

/// The number is read before the rest, which a newer format may have changed.
fn refuse_unknown(root: &Root, text: &[u8]) -> Result<(), BackupError> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: u32,
    }
    match serde_json::from_slice::<Head>(text) {
        Ok(Head { format }) if format > FORMAT => Err(BackupError::NewerFormat {
            set: root.path().to_owned(),
            format,
            known: FORMAT,
        }),
        Ok(Head { format: 0 }) => Err(BackupError::Damaged {
            set: root.path().to_owned(),
            problem: format!("{MANIFEST} has format 0, which never was"),
        }),
        _ => Ok(()),
    }
}

/// Whether the records of a manifest are possible at all: unique names and lawful, unique paths.
fn check_records(manifest: &Manifest) -> Result<(), String> {
    let mut names = HashSet::new();
    let mut paths = HashSet::new();
    for artifact in &manifest.artifacts {
        if !names.insert(&artifact.name) {
            return Err(format!("two artifacts are named `{}`", artifact.name));
        }
        left_out(artifact).map_err(|error| format!("{}: {error}", artifact.name))?;
        for file in &artifact.files {
            let path = SetPath::parse(&file.path).map_err(|error| error.to_string())?;
            if !paths.insert(path) {
                return Err(format!("`{}` is recorded twice", file.path));
            }
        }
    }
    Ok(())
}
