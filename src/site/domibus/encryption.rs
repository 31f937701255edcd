//! The folders with the keys of encrypted passwords. A configuration without its key is a configuration
//! whose passwords nobody can use.

use std::path::{Path, PathBuf};

use super::domains::Tenancy;
use super::installation::EncryptionKeyDir;
use super::notes::{Findings, Severity};
use super::sources::Sources;
use crate::site::files::{FileSource, normalized};

const LOCATION: &str = "domibus.password.encryption.key.location";
const ACTIVE: &str = "domibus.password.encryption.active";

/// The folders in use: encryption is on, or a key is there from a time when it was.
pub(super) fn key_dirs(
    files: &dyn FileSource,
    sources: &Sources,
    tenancy: Tenancy,
    codes: &[String],
    findings: &mut Findings,
) -> Vec<EncryptionKeyDir> {
    let mut owners = vec![None];
    if tenancy.multi_tenant {
        owners.extend(codes.iter().map(|code| Some(code.as_str())));
    }
    let mut folders = Vec::new();
    for owner in owners {
        let key =
            |name: &str| owner.map_or_else(|| name.to_owned(), |code| tenancy.key(code, name));
        let active = sources
            .text(&key(ACTIVE), findings)
            .is_some_and(|found| found.value.trim().eq_ignore_ascii_case("true"));
        let Some(found) = sources.text(&key(LOCATION), findings) else {
            if active {
                findings.note(
                    Severity::Warning,
                    None,
                    format!("{} is on, but {} is not set", key(ACTIVE), key(LOCATION)),
                    "find where Domibus keeps encrypted.key for this domain, and set the property",
                );
            }
            continue;
        };
        let path = normalized(Path::new(&found.value));
        let present = files
            .list(&path)
            .is_ok_and(|entries| entries.iter().any(|entry| entry.name == "encrypted.key"));
        if active || present {
            folders.push(EncryptionKeyDir {
                domain: owner.map(ToOwned::to_owned),
                path,
                saved_with_config: false,
            });
        }
    }
    folders
}

/// Marks the folders that a copy of the configuration folder holds.
pub(super) fn mark_saved(folders: &mut [EncryptionKeyDir], config: &Path, excluded: &[PathBuf]) {
    for folder in folders {
        folder.saved_with_config = folder.path.starts_with(config)
            && !excluded
                .iter()
                .any(|excluded| folder.path.starts_with(excluded));
    }
}
