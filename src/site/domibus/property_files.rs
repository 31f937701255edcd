//! The property files of the configuration folder, in load order (BG DomibusPropertyConfiguration.java).

use std::io;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::defaults;
use super::installation::{Plugin, VersionLayout};
use super::notes::{Findings, Place, Severity};
use super::sources::{Origin, Setting};
use crate::site::ServerKind;
use crate::site::files::{EntryKind, FileSource, MOST_BYTES};
use crate::site::properties::{self, PropertiesFile};

/// The suffix of domain files.
pub(super) const DOMAIN_SUFFIX: &str = "-domibus.properties";

/// What the files say.
#[derive(Debug)]
pub(super) struct PropertyFiles {
    /// The value in effect for each key.
    pub(super) settings: IndexMap<String, Setting>,
    /// Every key that is written somewhere, also those replaced later.
    pub(super) written: Vec<(String, Place)>,
    pub(super) layout: VersionLayout,
    pub(super) plugins: Vec<Plugin>,
    server: ServerKind,
}

/// Reads all property files under the configuration folder.
pub(super) fn load(
    files: &dyn FileSource,
    config: &Path,
    server: ServerKind,
    findings: &mut Findings,
) -> PropertyFiles {
    let folder = Folder { files, config };
    let main_path = config.join("domibus.properties");
    let before = findings.problems.len();
    let main = folder.read(&main_path, findings);
    if main.is_none() && findings.problems.len() == before {
        findings.problem(
            Some(Place::new(&main_path, 0)),
            "there is no such file",
            "check domibus.config.location in the start script; Domibus reads this file from there",
        );
    }
    let layout = folder.layout(main.as_ref(), findings);
    let plugins = folder.plugins(findings);
    let mut loaded = PropertyFiles {
        settings: IndexMap::new(),
        written: Vec::new(),
        layout,
        plugins: plugins.clone(),
        server,
    };
    for (key, value) in defaults::of_server(server, layout) {
        loaded
            .settings
            .insert((*key).to_owned(), Setting::built_in(value));
    }
    loaded.add(&main_path, main);
    for path in folder.domain_files(layout, findings) {
        let content = folder.read(&path, findings);
        loaded.add(&path, content);
    }
    for plugin in plugins {
        loaded.add_plugin_defaults(plugin, findings);
    }
    for path in folder.plugin_files(layout, findings) {
        let content = folder.read(&path, findings);
        loaded.add(&path, content);
    }
    loaded
}

impl PropertyFiles {
    fn add(&mut self, path: &Path, content: Option<PropertiesFile>) {
        for entry in content.into_iter().flat_map(|file| file.entries) {
            let place = Place::new(path, entry.line);
            self.written.push((entry.key.clone(), place.clone()));
            let setting = Setting {
                value: Some(entry.value),
                origin: Origin::File(place),
            };
            self.settings.insert(entry.key, setting);
        }
    }

    fn add_plugin_defaults(&mut self, plugin: Plugin, findings: &mut Findings) {
        for (key, value) in defaults::of_plugin(self.server, self.layout, plugin) {
            let hidden = self
                .settings
                .insert((*key).to_owned(), Setting::built_in(value));
            if let Some(Setting {
                origin: Origin::File(place),
                ..
            }) = hidden
            {
                findings.note(
                    Severity::Warning,
                    Some(place),
                    format!("{key} has no effect here: the plugin's own default is loaded after this file"),
                    "set it in the plugin's file under plugins/config",
                );
            }
        }
    }
}

struct Folder<'files> {
    files: &'files dyn FileSource,
    config: &'files Path,
}

impl Folder<'_> {
    /// The names in a folder under the configuration folder; none if there is no such folder.
    fn names(&self, folder: &Path, kind: EntryKind, findings: &mut Findings) -> Vec<String> {
        let entries = match self.files.list(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                findings.unreadable(folder, &error);
                return Vec::new();
            }
        };
        let wanted = entries.into_iter().filter(|entry| entry.kind == kind);
        let mut names: Vec<String> = wanted
            .filter_map(|entry| entry.name.into_string().ok())
            .collect();
        names.sort();
        names
    }

    fn with_suffix(&self, folder: &Path, suffix: &str, findings: &mut Findings) -> Vec<PathBuf> {
        let names = self.names(folder, EntryKind::File, findings);
        let wanted = names.iter().filter(|name| name.ends_with(suffix));
        wanted.map(|name| folder.join(name)).collect()
    }

    fn in_each_folder(&self, parent: &Path, suffix: &str, findings: &mut Findings) -> Vec<PathBuf> {
        let folders = self.names(parent, EntryKind::Folder, findings);
        let mut paths = Vec::new();
        for name in folders {
            paths.extend(self.with_suffix(&parent.join(name), suffix, findings));
        }
        paths
    }

    fn domain_files(&self, layout: VersionLayout, findings: &mut Findings) -> Vec<PathBuf> {
        match layout {
            VersionLayout::Flat4 => self.with_suffix(self.config, DOMAIN_SUFFIX, findings),
            VersionLayout::Domains5 => {
                let domains = self.config.join("domains");
                let mut paths = vec![domains.join("super-domibus.properties")];
                paths.extend(self.in_each_folder(&domains, DOMAIN_SUFFIX, findings));
                paths
            }
        }
    }

    fn plugin_files(&self, layout: VersionLayout, findings: &mut Findings) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        for (home, suffix) in [
            ("plugins/config", "-plugin.properties"),
            ("extensions/config", "-extension.properties"),
        ] {
            let home = self.config.join(home);
            paths.extend(self.with_suffix(&home, suffix, findings));
            if layout == VersionLayout::Domains5 {
                paths.extend(self.in_each_folder(&home.join("domains"), suffix, findings));
            }
        }
        paths
    }

    /// A plugin is there if its jar is, or if it has a configuration file: sites rename jars.
    fn plugins(&self, findings: &mut Findings) -> Vec<Plugin> {
        let mut names = self.names(&self.config.join("plugins/lib"), EntryKind::File, findings);
        names.extend(self.names(
            &self.config.join("plugins/config"),
            EntryKind::File,
            findings,
        ));
        let known = [
            (Plugin::Fs, "fs-plugin"),
            (Plugin::Jms, "jms-plugin"),
            (Plugin::Ws, "ws-plugin"),
        ];
        let present = known.into_iter().filter(|(_, part)| {
            names.iter().any(|name| {
                name.contains(part)
                    && [".jar", ".properties"]
                        .iter()
                        .any(|suffix| name.ends_with(suffix))
            })
        });
        present.map(|(plugin, _)| plugin).collect()
    }

    /// 4.x and 5.x name no version in their files, but each leaves traces that the other does not.
    fn layout(&self, main: Option<&PropertiesFile>, findings: &mut Findings) -> VersionLayout {
        let files = self.names(self.config, EntryKind::File, findings);
        let folders = self.names(self.config, EntryKind::Folder, findings);
        let old_keys = ["com.atomikos.", "domibus.datasource.xa."];
        let old_entry = main.and_then(|main| {
            let mut entries = main.entries.iter();
            entries.find(|entry| old_keys.iter().any(|prefix| entry.key.starts_with(prefix)))
        });
        let old_file = files.iter().find(|name| {
            name.ends_with(DOMAIN_SUFFIX) || *name == "default_clientauthentication.xml"
        });
        let old = old_file
            .map(|name| Place::new(&self.config.join(name), 0))
            .or_else(|| {
                old_entry
                    .map(|entry| Place::new(&self.config.join("domibus.properties"), entry.line))
            });
        match (folders.iter().any(|name| name == "domains"), old) {
            (false, Some(_)) => VersionLayout::Flat4,
            (true, Some(place)) => {
                findings.note(
                    Severity::Warning,
                    Some(place),
                    "a trace of Domibus 4.x beside the domains/ folder of 5.x, which does not read it",
                    "remove it if it is left over from an upgrade",
                );
                VersionLayout::Domains5
            }
            (true, None) => VersionLayout::Domains5,
            (false, None) => {
                findings.note(
                    Severity::Info,
                    Some(Place::new(self.config, 0)),
                    "nothing here tells Domibus 4.x from 5.x; read as 5.x",
                    "",
                );
                VersionLayout::Domains5
            }
        }
    }

    fn read(&self, path: &Path, findings: &mut Findings) -> Option<PropertiesFile> {
        let bytes = bounded(self.files, path, MOST_BYTES, findings)?;
        match properties::parse(&bytes) {
            Ok(file) => {
                for oddity in &file.oddities {
                    findings.note(
                        Severity::Warning,
                        Some(Place::new(path, oddity.line)),
                        oddity.text.clone(),
                        "save the file as UTF-8 without a byte order mark",
                    );
                }
                Some(file)
            }
            Err(problems) => {
                findings.malformed(path, problems);
                None
            }
        }
    }
}

/// The content of a file that may be missing, refused if it is larger than any real one.
pub(super) fn bounded(
    files: &dyn FileSource,
    path: &Path,
    most: u64,
    findings: &mut Findings,
) -> Option<Vec<u8>> {
    match files.read(path) {
        Ok(bytes) if bytes.len() as u64 > most => {
            findings.problem(
                Some(Place::new(path, 0)),
                format!("larger than {} KiB, which no such file is", most / 1024),
                "check that this is the file it is named after",
            );
            None
        }
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            findings.unreadable(path, &error);
            None
        }
    }
}
