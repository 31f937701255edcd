//! Folders with messages, payloads and keys.

use std::collections::HashSet;
use std::path::Path;

use super::super::domibus::FsLocation;
use super::super::resolved::Folder;
use super::{Basis, Given, Surroundings};

pub(super) fn resolve(
    document: &Given<'_>,
    basis: &Basis<'_>,
    around: &Surroundings<'_>,
) -> Vec<Folder> {
    let mut folders = match basis {
        Basis::Recorded(site) => site.folders.clone(),
        Basis::Installed(found) => {
            let mut folders = Vec::new();
            if found.wildfly.is_some() {
                // BG WildFly `logback.xml`: Domibus logs into the home, not beside the server's log.
                folders.push(folder("logs", "domibus", &found.server_home.join("logs")));
            }
            if let Some(domain) = &found.weblogic {
                // Domibus logs into `logs` of the directory that it was started in; every server has its own
                // log besides.
                folders.push(folder("logs", "domibus", &found.server_base.join("logs")));
                for server in &domain.servers {
                    let logs = Path::new("servers").join(&server.name).join("logs");
                    folders.push(folder("logs", &server.name, &found.server_base.join(logs)));
                }
            }
            for domain in &found.domains {
                if let Some(FsLocation::Local(path)) = &domain.fs_plugin_location {
                    folders.push(folder("fs-plugin", &domain.code, path));
                }
                if let Some(path) = &domain.payload_location {
                    folders.push(folder("payloads", &domain.code, path));
                }
                if let Some(path) = &domain.earchive_location {
                    folders.push(folder("earchive", &domain.code, path));
                }
            }
            for (id, location) in &found.further_fs_locations {
                if let FsLocation::Local(path) = location {
                    folders.push(folder("fs-plugin", id, path));
                }
            }
            for key in &found.encryption_key_dirs {
                if !key.saved_with_config {
                    folders.push(folder(
                        "keys",
                        key.domain.as_deref().unwrap_or("all"),
                        &key.path,
                    ));
                }
            }
            folders
        }
    };
    for (name, path) in document.folders {
        let own = Folder {
            name: name.clone(),
            path: around.path(path),
        };
        folders.retain(|folder| folder.name != own.name);
        folders.push(own);
    }
    let mut seen = HashSet::new();
    folders.retain(|folder| seen.insert(folder.path.clone()));
    folders
}

fn folder(kind: &str, owner: &str, path: &Path) -> Folder {
    Folder {
        name: format!("{kind}-{owner}"),
        path: path.to_owned(),
    }
}
