//! What every kind of application server tells Domibus, and what its reader shares with the others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::data_sources::DataSources;
use super::installation::{Broker, WeblogicLayout, WildflyLayout};
use super::notes::{Findings, Place, Severity};
use super::sources::{Origin, Setting, Sources};
use super::{tomcat, weblogic, wildfly};
use crate::site::ServerKind;
use crate::site::files::FileSource;
use crate::site::startup_args::StartupArguments;

/// The most bytes that a start script may have.
pub(super) const MOST_SCRIPT_BYTES: u64 = 1024 * 1024;

/// What names the server whose Domibus is meant.
#[derive(Debug, Clone, Copy)]
pub struct ServerPlace<'a> {
    /// Its kind.
    pub kind: ServerKind,
    /// Its home directory.
    pub home: &'a Path,
    /// Its instance directory, if it is said.
    pub base: Option<&'a Path>,
    /// WildFly's configuration file, if it is said: a name in the configuration directory.
    pub configuration_file: Option<&'a str>,
    /// What follows the program in the command that starts it, if it is said. WildFly takes `-Dname=value` and
    /// `--server-config=` there.
    pub arguments: &'a [String],
}

impl<'a> ServerPlace<'a> {
    /// A server that has all else in its usual places.
    pub fn new(kind: ServerKind, home: &'a Path) -> Self {
        Self {
            kind,
            home,
            base: None,
            configuration_file: None,
            arguments: &[],
        }
    }
}

/// A server and what it tells.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) base: PathBuf,
    pub(super) startup_file: Option<PathBuf>,
    pub(super) sources: Sources,
    /// What a WildFly configures instead of Domibus; nothing if its configuration cannot be read.
    pub(super) wildfly: Option<Wildfly>,
    /// The same of a WebLogic.
    pub(super) weblogic: Option<Weblogic>,
}

/// What a WildFly configures instead of Domibus.
#[derive(Debug)]
pub(super) struct Wildfly {
    pub(super) layout: WildflyLayout,
    /// Nothing if its configuration is broken, which is then among the problems.
    pub(super) broker: Option<Broker>,
    pub(super) data_sources: DataSources,
}

/// What a WebLogic configures instead of Domibus. Its broker is the JMS module of the domain.
#[derive(Debug)]
pub(super) struct Weblogic {
    pub(super) layout: WeblogicLayout,
    pub(super) data_sources: DataSources,
}

/// Reads everything that is known before the configuration folder of Domibus is; nothing if it is not said
/// where to look.
pub(super) fn read(
    files: &dyn FileSource,
    place: &ServerPlace<'_>,
    environment: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> Option<Server> {
    match place.kind {
        ServerKind::Tomcat => Some(tomcat::read(files, place, environment, findings)),
        ServerKind::Wildfly => Some(wildfly::read(files, place, environment, findings)),
        ServerKind::Weblogic => weblogic::read(files, place, environment, findings),
    }
}

/// The instance directory that is said: in the site, else in the environment.
pub(super) fn told_base(
    place: &ServerPlace<'_>,
    environment: &BTreeMap<String, String>,
    variable: &str,
) -> Option<PathBuf> {
    let variable = environment.get(variable).filter(|base| !base.is_empty());
    place
        .base
        .map(Path::to_owned)
        .or_else(|| variable.map(PathBuf::from))
}

/// Says what could not be known of a start script.
pub(super) fn note_doubts(
    arguments: &StartupArguments,
    script: Option<&Path>,
    findings: &mut Findings,
) {
    for doubt in &arguments.uncertain {
        let severity = if doubt.matters {
            Severity::Warning
        } else {
            Severity::Info
        };
        findings.note(
            severity,
            script_place(script, doubt.line),
            doubt.text.clone(),
            "check that no option for Domibus is missing",
        );
    }
}

/// The `-Dname=value` options of a start script.
pub(super) fn system_properties(
    arguments: &StartupArguments,
    script: Option<&Path>,
) -> BTreeMap<String, Setting> {
    let options = arguments.options.iter().map(|(name, option)| {
        let setting = Setting {
            value: option.value.clone(),
            origin: Origin::System(script_place(script, option.line)),
        };
        (name.clone(), setting)
    });
    options.collect()
}

fn script_place(script: Option<&Path>, line: u32) -> Option<Place> {
    let file = script.filter(|_| line > 0)?;
    Some(Place::new(file, line))
}
