//! What a copy of the configuration folder must leave out.
//!
//! On Tomcat the broker's data lies inside the configuration folder unless somebody moved it. Copied along,
//! it would be inconsistent; restored along, it would silently roll the queues back.

use std::path::{Path, PathBuf};

use super::installation::{Broker, Database, Domain, DomibusInstallation, FsLocation};
use super::notes::{Findings, Place, Severity};
use super::sources::Sources;
use crate::site::files::{FileSource, normalized};

/// Folders with data that changes while Domibus runs, with what they are.
fn data_folders(
    domains: &[Domain],
    further: &[&FsLocation],
    broker: &Broker,
    database: &Database,
) -> Vec<(String, PathBuf)> {
    let mut folders = Vec::new();
    let mut add = |what: String, path: Option<&PathBuf>| {
        folders.extend(path.map(|path| (what, path.clone())));
    };
    add("message store".to_owned(), broker.kahadb_dir.as_ref());
    add("broker data folder".to_owned(), broker.data_dir.as_ref());
    add("scheduler store".to_owned(), broker.scheduler_dir.as_ref());
    add(
        "broker's temporary folder".to_owned(),
        broker.temp_dir.as_ref(),
    );
    add(
        "transaction log".to_owned(),
        broker.transactions_dir.as_ref(),
    );
    if let Some(stores) = &broker.artemis {
        add("message store".to_owned(), Some(&stores.journal));
        add("queue store".to_owned(), Some(&stores.bindings));
        add("page store".to_owned(), Some(&stores.paging));
        add(
            "large message store".to_owned(),
            Some(&stores.large_messages),
        );
    }
    add("database file".to_owned(), database.h2_file.as_ref());
    for domain in domains {
        let code = &domain.code;
        add(
            format!("payload folder of {code}"),
            domain.payload_location.as_ref(),
        );
        add(
            format!("archive folder of {code}"),
            domain.earchive_location.as_ref(),
        );
        if let Some(FsLocation::Local(path)) = &domain.fs_plugin_location {
            add(format!("FS plugin folder of {code}"), Some(path));
        }
    }
    for location in further {
        if let FsLocation::Local(path) = location {
            add("FS plugin folder".to_owned(), Some(path));
        }
    }
    folders
}

/// The folders to leave out, outermost only; an installation that cannot be copied so is refused.
pub(super) fn find(
    files: &dyn FileSource,
    sources: &Sources,
    installation: &DomibusInstallation,
    findings: &mut Findings,
) -> Vec<PathBuf> {
    let config = &installation.config_location;
    let further: Vec<_> = installation.further_fs_locations.values().collect();
    let folders = data_folders(
        &installation.domains,
        &further,
        &installation.broker,
        &installation.database,
    );
    note_overlaps(&folders, findings);
    // On WildFly nothing of the broker lies in the configuration folder.
    let mut excluded = match installation.wildfly {
        Some(_) => Vec::new(),
        None => vec![config.join("work"), config.join("temp")],
    };
    for (what, path) in &folders {
        if config.starts_with(path) {
            findings.note(
                Severity::Refuse,
                Some(Place::new(path, 0)),
                format!("the {what} holds the configuration folder, so neither can be saved without the other"),
                "move the data to a folder of its own",
            );
        }
    }
    excluded.extend(folders.into_iter().map(|(_, path)| path));
    excluded.extend(temporary_folders(sources, installation, findings));
    excluded.retain(|path| path.starts_with(config) && path != config);
    excluded.sort();
    // Sorted by components, a folder comes right before what it holds.
    excluded.dedup_by(|inner, outer| inner.starts_with(&*outer));
    let stale = config.join("work");
    if installation.wildfly.is_none()
        && installation.work_location != *config
        && files.list(&stale).is_ok()
    {
        findings.note(
            Severity::Warning,
            Some(Place::new(&stale, 0)),
            "broker data lies here, but this installation works elsewhere; it is left out of the configuration",
            "remove it if it is left over, or check domibus.work.location",
        );
    }
    excluded
}

/// Never saved at all: split-and-join leftovers and the cache.
fn temporary_folders(
    sources: &Sources,
    installation: &DomibusInstallation,
    findings: &mut Findings,
) -> Vec<PathBuf> {
    let split = "domibus.attachment.temp.storage.location";
    let mut keys = vec![split.to_owned(), "domibus.cache.location".to_owned()];
    let codes = installation.domains.iter().map(|domain| &domain.code);
    keys.extend(codes.map(|code| format!("{code}.{split}")));
    let found = keys.iter().filter_map(|key| sources.text(key, findings));
    found
        .map(|found| normalized(Path::new(&found.value)))
        .collect()
}

/// Domains must not share folders, and no folder may be saved twice under two names.
fn note_overlaps(folders: &[(String, PathBuf)], findings: &mut Findings) {
    for (at, (inner, inner_path)) in folders.iter().enumerate() {
        for (other, (outer, outer_path)) in folders.iter().enumerate() {
            let inside =
                inner_path.starts_with(outer_path) && (inner_path != outer_path || at > other);
            // The scheduler store belongs inside the broker's data folder.
            if at != other && inside && outer != "broker data folder" {
                findings.note(
                    Severity::Warning,
                    Some(Place::new(inner_path, 0)),
                    format!("the {inner} is inside the {outer}"),
                    "give each a folder of its own",
                );
            }
        }
    }
}
