//! From `DOMAIN_HOME` to what is known of the domain.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::data_sources::DataSources;
use super::super::notes::{Findings, Place, Severity};
use super::super::property_files::bounded;
use super::super::server::{self, Server, ServerPlace, Weblogic};
use super::super::sources::Sources;
use super::config_xml::{self, Configured};
use super::{descriptors, start};
use crate::site::files::{FileSource, MOST_BYTES};
use crate::site::{HELD_FILE, HeldDeployment};

/// Reads everything that is known before the configuration folder of Domibus is; nothing if nobody says where the
/// domain is, nothing of the domain if its own configuration cannot be read.
pub(in crate::site::domibus) fn read(
    files: &dyn FileSource,
    place: &ServerPlace<'_>,
    environment: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> Option<Server> {
    let Some(base) = server::told_base(place, environment, "DOMAIN_HOME") else {
        findings.problem(
            None,
            "`server.base` is missing",
            "it is the directory of the domain, DOMAIN_HOME, which has no usual place",
        );
        return None;
    };
    let path = base.join("config/config.xml");
    let configured = released(files, &base, findings)
        .or_else(|| text(files, &path, findings))
        .and_then(|text| config_xml::read(&text, &path, &base, findings));
    let started = start::started(files, &base, environment, configured.as_ref(), findings);
    Some(Server {
        weblogic: configured.map(|configured| domain(files, &path, configured, findings)),
        base,
        startup_file: started.startup_file,
        sources: started.sources,
        wildfly: None,
    })
}

/// The configuration as it will be, if a run that was cut off holds the deployment back.
fn released(files: &dyn FileSource, base: &Path, findings: &mut Findings) -> Option<String> {
    let path = base.join(HELD_FILE);
    let bytes = bounded(files, &path, MOST_BYTES, findings)?;
    let held: HeldDeployment = serde_json::from_slice(&bytes).ok()?;
    findings.note(
        Severity::Warning,
        Some(Place::new(&path, 0)),
        format!(
            "a run that was cut off holds {} back: the domain starts without it",
            held.deployment
        ),
        "`upgrade-kit resume` goes on with that run; every phase gives the targets back",
    );
    Some(held.before)
}

fn text(files: &dyn FileSource, path: &Path, findings: &mut Findings) -> Option<String> {
    let before = findings.problems.len();
    let Some(bytes) = bounded(files, path, MOST_BYTES, findings) else {
        if findings.problems.len() == before {
            findings.problem(
                Some(Place::new(path, 0)),
                "there is no such file",
                "`server.base` must be the directory of the domain, DOMAIN_HOME",
            );
        }
        return None;
    };
    // A declared encoding other than UTF-8 still has names and paths in ASCII.
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn domain(
    files: &dyn FileSource,
    path: &Path,
    configured: Configured,
    findings: &mut Findings,
) -> Weblogic {
    let mut layout = configured.layout;
    let version = layout.version.as_deref().unwrap_or("of unknown version");
    findings.note(
        Severity::Info,
        Some(Place::new(path, 0)),
        format!(
            "the domain {} of WebLogic {version}, its Admin Server {} at {}",
            layout.name, layout.admin_server, layout.url
        ),
        "",
    );
    for (module, file) in layout.jms_modules.iter_mut().zip(&configured.module_files) {
        module.of_domibus = descriptors::is_of_domibus(files, file, findings);
    }
    let all = configured.data_source_files.iter();
    let data_sources = DataSources {
        all: all
            .flat_map(|file| descriptors::data_sources(files, file, findings))
            .collect(),
        expressions: Sources::default(),
        file: Place::new(path, 0),
        prefix: "",
        help: "Domibus finds its database by that name: add the JDBC system resource to the domain",
    };
    Weblogic {
        layout,
        data_sources,
    }
}
