//! From the start script to the installation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::database::Connection;
use super::domains::{self, Tenancy};
use super::encryption;
use super::exclusions;
use super::folders;
use super::installation::{Broker, DomibusInstallation};
use super::notes::{DiscoveryError, Findings, Severity};
use super::property_files::{self, PropertyFiles};
use super::queues;
use super::server::{self, Server, ServerPlace, Weblogic, Wildfly};
use super::sources::Sources;
use super::{broker, config_location, database};
use crate::site::ServerKind;
use crate::site::files::{FileSource, normalized};

const GENERAL_SCHEMA: &str = "domibus.database.general.schema";

/// Describes the Domibus installation that this server runs.
///
/// `environment` is that of the service: what its unit or wrapper sets, not that of whoever asks. All
/// problems that can be found are reported at once.
pub fn discover(
    files: &dyn FileSource,
    server: &ServerPlace<'_>,
    environment: &BTreeMap<String, String>,
) -> Result<DomibusInstallation, DiscoveryError> {
    let mut findings = Findings::default();
    let found = describe(files, server, environment, &mut findings);
    findings
        .notes
        .sort_by_key(|note| std::cmp::Reverse(note.severity));
    match found {
        Some(mut installation) if findings.problems.is_empty() => {
            installation.notes = findings.notes;
            Ok(installation)
        }
        _ => Err(DiscoveryError {
            problems: findings.problems,
            notes: findings.notes,
        }),
    }
}

fn describe(
    files: &dyn FileSource,
    place: &ServerPlace<'_>,
    environment: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> Option<DomibusInstallation> {
    let server = server::read(files, place, environment, findings)?;
    let config = config_location::find(&server, place.kind, findings)?;
    let Server {
        base,
        startup_file,
        mut sources,
        wildfly,
        weblogic,
    } = server;
    sources.config_location = Some(config.display().to_string());
    let mut loaded = property_files::load(files, &config, place.kind, findings);
    sources.files = std::mem::take(&mut loaded.settings);
    queues::note_misspelled(&loaded, findings);
    let reader = Reader {
        files,
        sources,
        loaded,
        config,
        kind: place.kind,
        wildfly,
        weblogic,
    };
    let mut installation = reader.installation(findings)?;
    place.home.clone_into(&mut installation.server_home);
    installation.server_base = base;
    installation.startup_file = startup_file;
    let excluded = exclusions::find(files, &reader.sources, &installation, findings);
    encryption::mark_saved(
        &mut installation.encryption_key_dirs,
        &installation.config_location,
        &excluded,
    );
    installation.exclude_from_config = excluded;
    Some(installation)
}

struct Reader<'files> {
    files: &'files dyn FileSource,
    sources: Sources,
    loaded: PropertyFiles,
    config: PathBuf,
    kind: ServerKind,
    wildfly: Option<Wildfly>,
    weblogic: Option<Weblogic>,
}

impl Reader<'_> {
    /// Everything that the properties say; each part is asked for even if another one fails, so that all
    /// problems are found.
    fn installation(&self, findings: &mut Findings) -> Option<DomibusInstallation> {
        let (files, sources, config) = (self.files, &self.sources, &self.config);
        let plugins = &self.loaded.plugins;
        let work_location = sources.text("domibus.work.location", findings).map_or_else(
            || config.clone(),
            |found| normalized(Path::new(&found.value)),
        );
        // BG PropertyProviderHelper: several domains exactly if this is set.
        let general_schema = sources
            .text(GENERAL_SCHEMA, findings)
            .map(|found| found.value);
        let tenancy = Tenancy {
            multi_tenant: general_schema.is_some(),
            layout: self.loaded.layout,
        };
        let codes = domains::codes(files, config, tenancy, findings);
        let mut domains = Vec::new();
        for code in &codes {
            domains.push(folders::domain(sources, tenancy, code, plugins, findings));
        }
        let further_fs_locations =
            folders::further_fs_locations(sources, &self.loaded, &codes, findings);
        let general = general_schema.as_deref();
        let (connection, broker) = self.services(tenancy, general, findings);
        let database = connection.map(|connection| {
            database::read(
                sources,
                tenancy,
                general,
                connection,
                &mut domains,
                findings,
            )
        });
        let queues = queues::read(sources, tenancy, &codes, plugins, findings);
        let encryption_key_dirs = encryption::key_dirs(files, sources, tenancy, &codes, findings);
        note_cluster(sources, findings);
        Some(DomibusInstallation {
            server_home: PathBuf::new(),
            server_base: PathBuf::new(),
            wildfly: self.wildfly.as_ref().map(|server| server.layout.clone()),
            weblogic: self.weblogic.as_ref().map(|server| server.layout.clone()),
            startup_file: None,
            config_location: config.clone(),
            work_location,
            version_layout: tenancy.layout,
            multi_tenant: tenancy.multi_tenant,
            domains,
            further_fs_locations,
            general_schema,
            broker: broker?,
            database: database?,
            queues,
            plugins_dir: config.join("plugins"),
            extensions_dir: config.join("extensions"),
            encryption_key_dirs,
            exclude_from_config: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// The database and the broker, which are Domibus' own on Tomcat and the server's elsewhere.
    fn services(
        &self,
        tenancy: Tenancy,
        general: Option<&str>,
        findings: &mut Findings,
    ) -> (Option<Connection>, Option<Broker>) {
        let sources = &self.sources;
        match (self.kind, &self.wildfly, &self.weblogic) {
            (ServerKind::Tomcat, ..) => (
                database::address(sources, tenancy.layout, general, findings),
                broker::read(self.files, sources, tenancy.layout, findings),
            ),
            (ServerKind::Wildfly, Some(server), _) => (
                database::of_server(sources, &server.data_sources, findings),
                server.broker.clone(),
            ),
            (ServerKind::Weblogic, _, Some(server)) => (
                database::of_server(sources, &server.data_sources, findings),
                Some(broker::of_weblogic()),
            ),
            (ServerKind::Wildfly | ServerKind::Weblogic, ..) => (None, None),
        }
    }
}

fn note_cluster(sources: &Sources, findings: &mut Findings) {
    let Some(found) = sources.text("domibus.deployment.clustered", findings) else {
        return;
    };
    if found.value.trim().eq_ignore_ascii_case("true") {
        findings.note(
            Severity::Warning,
            found.place,
            "this server is one node of a cluster",
            "stop every node before a backup: they share the database and the folders",
        );
    }
}
