//! What the servers of a domain are started with: start arguments of Node Manager, `bin/setDomainEnv.sh`,
//! `bin/setUserOverrides.sh`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::config_location::CONFIG_LOCATION;
use super::super::notes::{Findings, Severity};
use super::super::property_files::bounded;
use super::super::server::{self, MOST_SCRIPT_BYTES};
use super::super::sources::{Origin, Setting, Sources};
use super::config_xml::Configured;
use crate::site::files::FileSource;
use crate::site::startup_args::{self, StartupArguments};

/// In the order in which they are read; a later one wins. `setDomainEnv.sh` reads the others near its end
/// (since 12.2.1).
const SCRIPTS: [&str; 3] = [
    "bin/setDomainEnv.sh",
    "bin/setUserOverrides.sh",
    "bin/setUserOverridesLate.sh",
];

/// What is known from them.
pub(super) struct Started {
    /// The script that names the configuration folder, else `setDomainEnv.sh`.
    pub(super) startup_file: Option<PathBuf>,
    pub(super) sources: Sources,
}

pub(super) fn started(
    files: &dyn FileSource,
    base: &Path,
    environment: &BTreeMap<String, String>,
    configured: Option<&Configured>,
    findings: &mut Findings,
) -> Started {
    let mut system = of_node_manager(configured, findings);
    let by_node_manager = system.get(CONFIG_LOCATION).cloned();
    let mut environment = environment.clone();
    environment.insert("DOMAIN_HOME".to_owned(), base.display().to_string());
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut startup_file = None;
    let mut doubtful = Vec::new();
    for name in SCRIPTS {
        let path = base.join(name);
        let Some(bytes) = bounded(files, &path, MOST_SCRIPT_BYTES, findings) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        let read = startup_args::read_weblogic(&text, &environment);
        // Options of the environment are in every script's; the ones of an earlier script count there.
        let own = read.options.iter().any(|(name, option)| {
            name == CONFIG_LOCATION && (option.line > 0 || startup_file.is_none())
        });
        for (name, setting) in server::system_properties(&read, Some(&path)) {
            if setting.origin.place().is_some() || !system.contains_key(&name) {
                system.insert(name, setting);
            }
        }
        if own || startup_file.is_none() {
            startup_file = Some(path.clone());
        }
        known.extend(read.environment.clone());
        doubtful.push((path, read));
    }
    let is_found = system.contains_key(CONFIG_LOCATION);
    for (path, mut read) in doubtful {
        leave_out_usual_doubts(&mut read, is_found);
        server::note_doubts(&read, Some(&path), findings);
    }
    note_contradiction(by_node_manager.as_ref(), &system, findings);
    Started {
        startup_file,
        sources: Sources {
            system,
            environment: known,
            ..Sources::default()
        },
    }
}

/// The shipped script is full of conditions on variables that Domibus never asks for. What is left is a warning
/// only as long as the configuration folder is not found.
fn leave_out_usual_doubts(read: &mut StartupArguments, is_found: bool) {
    read.uncertain.retain(|doubt| doubt.matters);
    for doubt in &mut read.uncertain {
        doubt.matters = !is_found;
    }
}

/// Node Manager puts them before what the scripts add, so that those win.
fn of_node_manager(
    configured: Option<&Configured>,
    findings: &mut Findings,
) -> BTreeMap<String, Setting> {
    let mut system: BTreeMap<String, Setting> = BTreeMap::new();
    let arguments = configured.into_iter().flat_map(|one| &one.arguments);
    for (server, text, place) in arguments {
        for option in text
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("-D"))
        {
            let (name, value) = option.split_once('=').unwrap_or((option, "true"));
            let setting = Setting {
                value: Some(value.to_owned()),
                origin: Origin::System(Some(place.clone())),
            };
            let before = system.insert(name.to_owned(), setting);
            let before = before.and_then(|before| before.value);
            if name == CONFIG_LOCATION && before.as_deref().is_some_and(|before| before != value) {
                findings.problem(
                    Some(place.clone()),
                    format!(
                        "{server} is started with -D{CONFIG_LOCATION}={value}, another server with {}",
                        before.unwrap_or_default()
                    ),
                    "every server of Domibus must have one configuration",
                );
            }
        }
    }
    system
}

fn note_contradiction(
    by_node_manager: Option<&Setting>,
    system: &BTreeMap<String, Setting>,
    findings: &mut Findings,
) {
    let (Some(one), Some(other)) = (by_node_manager, system.get(CONFIG_LOCATION)) else {
        return;
    };
    if one.value != other.value {
        let shown = |setting: &Setting| setting.value.clone().unwrap_or_default();
        findings.note(
            Severity::Warning,
            one.origin.place(),
            format!(
                "the start arguments set {CONFIG_LOCATION} to {}, and the script, which wins, to {}",
                shown(one),
                shown(other)
            ),
            "make them agree",
        );
    }
}
