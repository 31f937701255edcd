//! The folder that everything else is found from.

use std::path::{Path, PathBuf};

use super::notes::{Findings, Place, Severity};
use super::server::Server;
use super::sources::{Origin, Setting, Sources};
use crate::site::ServerKind;
use crate::site::files::normalized;
use crate::site::placeholders;

pub(super) const CONFIG_LOCATION: &str = "domibus.config.location";
/// As the upgrade instructions spell it; Domibus does not read it.
const MISSPELLED_CONFIG_LOCATION: &str = "domibus.conf.location";

/// The configuration folder: a context parameter, else a system property, else nothing
/// (BG DomibusConfigLocationProvider.java). Neither the environment nor a file counts, and no placeholder
/// is replaced except by Tomcat in its own files.
pub(super) fn find(server: &Server, kind: ServerKind, findings: &mut Findings) -> Option<PathBuf> {
    let Some(setting) = config_setting(&server.sources, findings) else {
        let place = server
            .startup_file
            .as_deref()
            .map(|file| Place::new(file, 0));
        let help = if kind == ServerKind::Weblogic {
            "put it into EXTRA_JAVA_PROPERTIES in bin/setUserOverrides.sh or bin/setDomainEnv.sh of the domain, or \
             into the start arguments of the server"
        } else {
            "if a service unit or a wrapper sets JAVA_OPTS or CATALINA_OPTS, give them in the environment"
        };
        let text = format!("no start option -D{CONFIG_LOCATION} was found");
        findings.problem(place, text, help);
        return None;
    };
    let place = setting.origin.place();
    let Some(value) = &setting.value else {
        findings.problem(
            place,
            format!("the value of {CONFIG_LOCATION} is known only when the start script runs"),
            "write the folder out in the start script",
        );
        return None;
    };
    let value = match setting.origin {
        Origin::Context(_) => {
            let lookup = |key: &str| server.sources.system.get(key)?.value.clone();
            placeholders::resolve(value, &lookup).unwrap_or_else(|_| value.clone())
        }
        _ => value.clone(),
    };
    let path = normalized(Path::new(&value));
    if !path.is_absolute() {
        findings.problem(
            place,
            format!("{CONFIG_LOCATION} is {value:?}, which is not an absolute path"),
            "Domibus finds it only from the folder it was started in; write the whole path",
        );
        return None;
    }
    Some(path)
}

fn config_setting<'sources>(
    sources: &'sources Sources,
    findings: &mut Findings,
) -> Option<&'sources Setting> {
    let is_set = |setting: &&Setting| {
        setting
            .value
            .as_ref()
            .is_none_or(|value| !value.trim().is_empty())
    };
    let mut setting = sources.context.get(CONFIG_LOCATION).filter(is_set);
    setting = setting.or_else(|| sources.system.get(CONFIG_LOCATION).filter(is_set));
    if setting.is_none() {
        setting = sources
            .system
            .get(MISSPELLED_CONFIG_LOCATION)
            .filter(is_set);
        if let Some(setting) = setting {
            findings.note(
                Severity::Warning,
                setting.origin.place(),
                format!("-D{MISSPELLED_CONFIG_LOCATION} is taken for -D{CONFIG_LOCATION}; Domibus itself does not read it"),
                format!("rename it to -D{CONFIG_LOCATION}"),
            );
        }
    }
    setting
}
