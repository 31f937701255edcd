//! Sealing: from `<id>.partial` to `<id>`, whole or not at all.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::fd::AsFd;
use std::path::Path;

use jiff::Timestamp;
use rustix::fs::{AtFlags, FileType, RenameFlags, renameat_with, statat, unlinkat};

use super::catalogue::highest_order;
use super::contained::{self, Root};
use super::listing::{self, CHECKSUMS, Listing, METADATA};
use super::writer::hex;
use super::{
    BackupError, FORMAT, Manifest, PartialSet, SealedSet, SetPath, checksums, restore_guide,
};
use crate::event::{ArtifactFile, ArtifactRecord, Level};

/// What a run knows of the set that it wrote. None of it may hold a secret.
#[derive(Debug, Clone, PartialEq)]
pub struct SealFacts {
    /// Name of the site.
    pub site: String,
    /// Product.
    pub product: String,
    /// Versions that the site told, by name.
    pub versions: BTreeMap<String, String>,
    /// The phase.
    pub phase: String,
    /// The scenario.
    pub scenario: String,
    /// Id of the run.
    pub run: String,
    /// SHA-256 of the run's frozen plan.
    pub plan: String,
    /// When the quiet window began.
    pub window_opened: Option<Timestamp>,
    /// When it ended.
    pub window_closed: Option<Timestamp>,
    /// Versions of the tools, by step.
    pub tools: BTreeMap<String, String>,
    /// Artifacts of the finished steps.
    pub artifacts: Vec<ArtifactRecord>,
    /// The site's document, with references to secrets as it was written.
    pub site_yaml: Vec<u8>,
    /// The frozen plan.
    pub plan_json: Vec<u8>,
}

/// What sealing did.
#[derive(Debug, Clone)]
pub struct SealReport {
    /// The set.
    pub set: SealedSet,
    /// Files that no artifact claimed and that were removed: what killed or failed attempts left.
    pub removed: Vec<String>,
}

/// Writes the records of a set, makes everything durable and gives the set its name. May be repeated
/// after it was cut off at any point; a set that is sealed already is returned as it is.
pub fn seal(partial: &PartialSet, facts: &SealFacts) -> Result<SealReport, BackupError> {
    let id = partial.id();
    match SealedSet::open(&partial.backups, id) {
        Ok(set) => {
            sync_folder(&partial.backups)?;
            let removed = Vec::new();
            return Ok(SealReport { set, removed });
        }
        Err(BackupError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let order = highest_order(&partial.backups)?.saturating_add(1);
    let mut manifest = manifest(id, order, facts);
    manifest
        .artifacts
        .sort_by(|one, other| one.name.cmp(&other.name));
    if was_recorded(&partial.root) {
        for artifact in &manifest.artifacts {
            partial.renew(artifact)?;
        }
    }
    let mut listing = Listing::new();
    for artifact in &manifest.artifacts {
        listing::add_artifact(&mut listing, &partial.root, artifact)?;
    }
    let removed = settle_files(&partial.root, &listing)?;
    write_records(partial, &manifest, facts, &listing)?;
    publish(partial)?;
    let set = SealedSet::open(&partial.backups, id)?;
    Ok(SealReport { set, removed })
}

/// Whether an earlier attempt wrote its records: then it may be its sync that failed.
fn was_recorded(root: &Root) -> bool {
    SetPath::parse(CHECKSUMS).is_ok_and(|path| root.open_file(&path).is_ok())
}

fn manifest(id: &str, order: u64, facts: &SealFacts) -> Manifest {
    let level = facts.artifacts.iter().map(|artifact| artifact.level).min();
    Manifest {
        format: FORMAT,
        set: id.to_owned(),
        site: facts.site.clone(),
        product: facts.product.clone(),
        versions: facts.versions.clone(),
        phase: facts.phase.clone(),
        scenario: facts.scenario.clone(),
        run: facts.run.clone(),
        plan: facts.plan.clone(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        sealed: Timestamp::now(),
        order,
        window_opened: facts.window_opened,
        window_closed: facts.window_closed,
        tools: facts.tools.clone(),
        level: level.unwrap_or(Level::L0),
        artifacts: facts.artifacts.clone(),
    }
}

/// Removes files that no artifact claims, and refuses to go on if a claimed one is not as recorded.
fn settle_files(root: &Root, listing: &Listing) -> Result<Vec<String>, BackupError> {
    let mut removed = Vec::new();
    let mut found = 0;
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
            let stat = statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|error| failed(error.into()))?;
            let kind = FileType::from_raw_mode(stat.st_mode);
            if kind == FileType::Directory {
                folders.push(inner);
            } else if let Some(recorded) = listing.get(&path) {
                if kind != FileType::RegularFile || stat.st_size as u64 != recorded.bytes {
                    let problem = format!("`{path}` is not what was written");
                    return Err(damaged(root, problem));
                }
                found += 1;
            } else {
                unlinkat(&folder, &name, AtFlags::empty()).map_err(|error| failed(error.into()))?;
                if !(METADATA.contains(&path.as_str()) || path == CHECKSUMS) {
                    removed.push(path);
                }
            }
        }
    }
    if found == listing.len() {
        removed.sort();
        return Ok(removed);
    }
    let is_missing = |path: &&String| {
        let file = SetPath::parse(path).and_then(|path| root.open_file(&path));
        file.is_err()
    };
    let missing = listing.keys().find(is_missing);
    let missing = missing.map_or("a file", String::as_str);
    Err(damaged(root, format!("`{missing}` is missing")))
}

fn damaged(root: &Root, problem: String) -> BackupError {
    BackupError::Damaged {
        set: root.path().to_owned(),
        problem,
    }
}

fn write_records(
    partial: &PartialSet,
    manifest: &Manifest,
    facts: &SealFacts,
    listing: &Listing,
) -> Result<(), BackupError> {
    let mut manifest_json = serde_json::to_vec_pretty(manifest).map_err(|error| {
        BackupError::file(
            "write",
            &partial.directory().join("manifest.json"),
            error.into(),
        )
    })?;
    manifest_json.push(b'\n');
    let guide = restore_guide::text(manifest);
    let records: [(&str, &[u8]); 4] = [
        ("RESTORE.md", guide.as_bytes()),
        ("manifest.json", &manifest_json),
        ("plan.json", &facts.plan_json),
        ("site.yaml", &facts.site_yaml),
    ];
    let mut files: Vec<ArtifactFile> = Vec::new();
    for (name, content) in records {
        let mut writer = partial.file(name)?;
        writer
            .write_all(content)
            .map_err(|error| BackupError::file("write", &partial.directory().join(name), error))?;
        files.push(writer.finish()?);
    }
    write_checksums(partial, &files, listing)
}

fn write_checksums(
    partial: &PartialSet,
    records: &[ArtifactFile],
    listing: &Listing,
) -> Result<(), BackupError> {
    let location = partial.directory().join(CHECKSUMS);
    let failed = |error| BackupError::file("write", &location, error);
    let mut out = BufWriter::new(partial.file(CHECKSUMS)?);
    for file in records {
        let path = SetPath::parse(&file.path)?;
        checksums::write_line(&mut out, &file.sha256, &path).map_err(failed)?;
    }
    for (path, recorded) in listing {
        let path = SetPath::parse(path)?;
        checksums::write_line(&mut out, &hex(&recorded.sha256), &path).map_err(failed)?;
    }
    let writer = out
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    writer.finish().map(|_| ())
}

/// Makes the files durable, then the name. `syncfs` reports errors of writing back that happened
/// since the directory was opened (Linux 5.8); a sync of every file would take minutes for a tree.
fn publish(partial: &PartialSet) -> Result<(), BackupError> {
    let from = partial.directory();
    rustix::fs::syncfs(partial.root.descriptor())
        .map_err(|error| BackupError::file("sync", from, error.into()))?;
    let to = partial.backups.join(partial.id());
    rename_new(from, &to).map_err(|error| BackupError::file("seal", &to, error))?;
    sync_folder(&partial.backups)
}

fn sync_folder(path: &Path) -> Result<(), BackupError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| BackupError::file("sync", path, error))
}

/// Renames to a name that must not exist. File systems without that promise (NFS) get a look before.
fn rename_new(from: &Path, to: &Path) -> std::io::Result<()> {
    use rustix::fs::CWD;
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            if to.symlink_metadata().is_ok() {
                return Err(Errno::EXIST.into());
            }
            std::fs::rename(from, to)
        }
        other => Ok(other?),
    }
}
