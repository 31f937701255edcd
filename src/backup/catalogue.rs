//! The sets of a site.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::partial::{PARTIAL, check_id};
use super::{BackupError, Manifest, SealedSet};

/// How far a set came.
#[derive(Debug, Clone, PartialEq)]
pub enum SetStatus {
    /// Sealed; its manifest can be read. Whether its files are whole tells a verification.
    Sealed(Box<Manifest>),
    /// Never finished: its run is at work, was interrupted or failed.
    Partial,
    /// Its manifest cannot be used; says why.
    Damaged(String),
    /// A newer program wrote it, in this format.
    Newer(u32),
}

/// A set in the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogueEntry {
    /// Its id.
    pub id: String,
    /// Its directory.
    pub directory: PathBuf,
    /// How far it came.
    pub status: SetStatus,
    /// When it was sealed; for others, when their directory last changed.
    pub time: Timestamp,
}

impl CatalogueEntry {
    /// See `order` of [`Manifest`]; only sealed sets have one.
    fn order(&self) -> Option<u64> {
        match &self.status {
            SetStatus::Sealed(manifest) => Some(manifest.order),
            SetStatus::Partial | SetStatus::Damaged(_) | SetStatus::Newer(_) => None,
        }
    }
}

/// Every set in `<backups>/<site>`, newest first. A directory that does not exist holds none.
pub fn catalogue(backups_of_site: &Path) -> Result<Vec<CatalogueEntry>, BackupError> {
    let failed = |error| BackupError::file("list", backups_of_site, error);
    let folder = match std::fs::read_dir(backups_of_site) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut entries = Vec::new();
    for entry in folder {
        let entry = entry.map_err(failed)?;
        if let Some(entry) = describe(backups_of_site, &entry.file_name()) {
            entries.push(entry);
        }
    }
    entries.sort_by(|one, other| (other.time, &other.id).cmp(&(one.time, &one.id)));
    Ok(sealed_in_order(entries))
}

/// Puts the sealed sets among themselves in the order in which they were sealed. Of others only a time
/// is known.
fn sealed_in_order(entries: Vec<CatalogueEntry>) -> Vec<CatalogueEntry> {
    let are_sealed: Vec<bool> = entries
        .iter()
        .map(|entry| entry.order().is_some())
        .collect();
    let (mut sealed, others): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|entry| entry.order().is_some());
    sealed.sort_by_key(|entry| std::cmp::Reverse(entry.order()));
    let (mut sealed, mut others) = (sealed.into_iter(), others.into_iter());
    let next = |is_sealed| {
        if is_sealed {
            sealed.next()
        } else {
            others.next()
        }
    };
    are_sealed.into_iter().filter_map(next).collect()
}

/// The highest `order` of the sealed sets, 0 without any.
pub(super) fn highest_order(backups_of_site: &Path) -> Result<u64, BackupError> {
    let newest_first = catalogue(backups_of_site)?;
    Ok(newest_first
        .iter()
        .find_map(CatalogueEntry::order)
        .unwrap_or(0))
}

/// The newest complete set of a backup. Safety sets are left out: they hold the state that a restore
/// was to undo. One that cannot be used is an error, and not passed over for an older one: what came
/// in between would be lost without a word.
pub fn latest(backups_of_site: &Path) -> Result<Option<SealedSet>, BackupError> {
    let entries = catalogue(backups_of_site)?;
    let newest = entries.iter().find(|entry| match &entry.status {
        SetStatus::Partial => false,
        SetStatus::Sealed(manifest) => !manifest.is_safety_set(),
        SetStatus::Damaged(_) | SetStatus::Newer(_) => true,
    });
    newest
        .map(|entry| SealedSet::open(backups_of_site, &entry.id))
        .transpose()
}

fn describe(backups_of_site: &Path, name: &std::ffi::OsStr) -> Option<CatalogueEntry> {
    let name = name.to_str()?;
    let directory = backups_of_site.join(name);
    let metadata = directory.symlink_metadata().ok()?;
    let id = name.strip_suffix(PARTIAL).unwrap_or(name);
    if !metadata.is_dir() || check_id(id).is_err() {
        return None;
    }
    let status = if id == name {
        match SealedSet::open(backups_of_site, id) {
            Ok(set) => SetStatus::Sealed(Box::new(set.manifest().clone())),
            Err(BackupError::NewerFormat { format, .. }) => SetStatus::Newer(format),
            // The set itself is named by whoever lists it.
            Err(BackupError::Damaged { problem, .. }) => SetStatus::Damaged(problem),
            Err(error) => SetStatus::Damaged(error.to_string()),
        }
    } else {
        SetStatus::Partial
    };
    let time = match &status {
        SetStatus::Sealed(manifest) => manifest.sealed,
        _ => Timestamp::from_second(metadata.mtime()).unwrap_or_default(),
    };
    Some(CatalogueEntry {
        id: id.to_owned(),
        directory,
        status,
        time,
    })
}
