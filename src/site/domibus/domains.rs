//! The domains, and what a property means for one of them.

use std::io;
use std::path::Path;

use super::installation::VersionLayout;
use super::notes::{Findings, Place, Severity};
use super::property_files::DOMAIN_SUFFIX;
use super::sources::{Resolved, Sources};
use crate::site::files::{DirEntryInfo, EntryKind, FileSource};

/// The one domain of single tenancy (BG DomainService.java).
pub(super) const DEFAULT_DOMAIN: &str = "default";

/// Whose values are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tenancy {
    pub(super) multi_tenant: bool,
    pub(super) layout: VersionLayout,
}

impl Tenancy {
    /// `<domain>.<key>` in multitenancy, `<key>` otherwise. None of the properties that discovery asks for
    /// falls back from a domain to the global value (BG CorePropertyMetadataManagerImpl.java).
    pub(super) fn key(self, domain: &str, key: &str) -> String {
        if self.multi_tenant {
            format!("{domain}.{key}")
        } else {
            key.to_owned()
        }
    }

    pub(super) fn text(
        self,
        sources: &Sources,
        domain: &str,
        key: &str,
        findings: &mut Findings,
    ) -> Option<Resolved> {
        sources.text(&self.key(domain, key), findings)
    }
}

/// The codes of all domains, sorted.
pub(super) fn codes(
    files: &dyn FileSource,
    config: &Path,
    tenancy: Tenancy,
    findings: &mut Findings,
) -> Vec<String> {
    if !tenancy.multi_tenant {
        return vec![DEFAULT_DOMAIN.to_owned()];
    }
    let mut codes = match tenancy.layout {
        VersionLayout::Flat4 => flat(files, config, findings),
        VersionLayout::Domains5 => tree(files, &config.join("domains"), findings),
    };
    codes.sort();
    codes.dedup();
    if codes.is_empty() {
        findings.note(
            Severity::Refuse,
            Some(Place::new(config, 0)),
            "a general schema is set, but no domain has a property file",
            "check domibus.database.general.schema and the domain files",
        );
    }
    codes
}

fn entries(files: &dyn FileSource, folder: &Path, findings: &mut Findings) -> Vec<DirEntryInfo> {
    match files.list(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            findings.unreadable(folder, &error);
            Vec::new()
        }
    }
}

/// BG42 DomainDaoImpl.findAll: the part of the file name before the suffix, unless it contains "super".
fn flat(files: &dyn FileSource, config: &Path, findings: &mut Findings) -> Vec<String> {
    let mut codes = Vec::new();
    for entry in entries(files, config, findings) {
        let Some(name) = entry
            .name
            .to_str()
            .filter(|_| entry.kind == EntryKind::File)
        else {
            continue;
        };
        let Some(code) = name.strip_suffix(DOMAIN_SUFFIX) else {
            continue;
        };
        if !code.to_lowercase().contains("super") {
            check_code(code, &config.join(name), findings);
            codes.push(code.to_owned());
        }
    }
    codes
}

/// BG DomainDaoImpl.findAllDomainCodes: the folders that hold any domain file.
fn tree(files: &dyn FileSource, home: &Path, findings: &mut Findings) -> Vec<String> {
    let mut codes = Vec::new();
    for entry in entries(files, home, findings) {
        let Some(code) = entry
            .name
            .to_str()
            .filter(|_| entry.kind == EntryKind::Folder)
        else {
            continue;
        };
        let folder = home.join(code);
        let inside = entries(files, &folder, findings);
        let names: Vec<&str> = inside
            .iter()
            .filter_map(|entry| entry.name.to_str())
            .collect();
        if !names.iter().any(|name| name.ends_with(DOMAIN_SUFFIX)) {
            continue;
        }
        let own_file = format!("{code}{DOMAIN_SUFFIX}");
        if !names.contains(&own_file.as_str()) {
            findings.note(
                Severity::Refuse,
                Some(Place::new(&folder, 0)),
                format!(
                    "a domain folder without its file {own_file}; Domibus does not start with it"
                ),
                "add the file, or move the folder away",
            );
        }
        check_code(code, &folder, findings);
        codes.push(code.to_owned());
    }
    codes
}

fn check_code(code: &str, path: &Path, findings: &mut Findings) {
    let allowed = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '_');
    let digit_first = code.starts_with(|letter: char| letter.is_ascii_digit());
    if digit_first || code.is_empty() || !code.chars().all(allowed) {
        findings.note(
            Severity::Refuse,
            Some(Place::new(path, 0)),
            format!("{code:?} is no domain code; Domibus does not start with it"),
            "a code starts with a letter and has lower case letters, digits and _ only",
        );
    }
}
