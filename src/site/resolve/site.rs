//! The whole site.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::Value;

use super::super::domibus::DomibusInstallation;
use super::super::resolved::{Broker, Config, Database, Folder, Server, Site};
use super::super::{
    DatabaseDocument, InstallationDocument, ServerDocument, ServerKind, SiteDocument,
    TargetDocument,
};
use super::{broker, database, folders, next, server, upgrade, weblogic};

/// Where the values come from that the document does not give.
pub enum Basis<'a> {
    /// The installation as it is now.
    Installed(&'a DomibusInstallation),
    /// The installation as a backup set remembers it. For `upgrade` and `restore`, which must not
    /// depend on what an upgrade made of the configuration.
    Recorded(&'a Site),
}

/// Looks for the first of some programs that exists on the host.
pub type FindProgram<'a> = &'a dyn Fn(&[&str]) -> Option<String>;

/// The directories below which relative paths of the document lie, and the programs of the host.
pub struct Surroundings<'a> {
    /// Directory of the site file, absolute.
    pub directory: &'a Path,
    /// Looks for programs.
    pub find_program: FindProgram<'a>,
}

impl Surroundings<'_> {
    /// A path of the document, made absolute. The path is not looked up: it may not exist yet.
    pub fn path(&self, path: &Path) -> PathBuf {
        absolute(self.directory, path)
    }

    pub(super) fn paths(&self, paths: &[PathBuf]) -> Vec<PathBuf> {
        paths.iter().map(|path| self.path(path)).collect()
    }

    pub(super) fn optional(&self, path: Option<&PathBuf>) -> Option<PathBuf> {
        path.map(|path| self.path(path))
    }
}

/// A path of a document in `directory`, made absolute, without `.` and `..`.
pub fn absolute(directory: &Path, path: &Path) -> PathBuf {
    let mut whole = PathBuf::new();
    for component in directory.join(path).components() {
        match component {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => _ = whole.pop(),
            other => whole.push(other),
        }
    }
    whole
}

/// What the new version will run in.
pub enum After<'a> {
    /// The installation as it is.
    Same,
    /// The same server and database with another configuration directory.
    Configuration(&'a DomibusInstallation),
    /// The `target` of the document.
    Target(&'a DomibusInstallation),
}

/// What a document says of one installation.
pub(super) struct Given<'a> {
    pub(super) server: &'a ServerDocument,
    pub(super) database: Option<&'a DatabaseDocument>,
    pub(super) installation: &'a InstallationDocument,
    pub(super) folders: &'a IndexMap<String, PathBuf>,
}

impl<'a> Given<'a> {
    /// Of the present one.
    pub(super) fn present(document: &'a SiteDocument) -> Self {
        Self {
            server: &document.server,
            database: document.database.as_ref(),
            installation: &document.installation,
            folders: &document.folders,
        }
    }

    /// Of the new one.
    pub(super) fn target(target: &'a TargetDocument) -> Self {
        Self {
            server: &target.server,
            database: target.database.as_ref(),
            installation: &target.installation,
            folders: &target.folders,
        }
    }
}

/// Puts the site together. `Err` holds every value that is missing, as a sentence with its key.
pub fn resolve(
    document: &SiteDocument,
    basis: &Basis<'_>,
    after: &After<'_>,
    around: &Surroundings<'_>,
) -> Result<Site, Vec<String>> {
    let mut missing = Vec::new();
    let now = installation(&Given::present(document), basis, around, &mut missing);
    let next = next::resolve(document, &now, after, around, &mut missing);
    let site = Site {
        name: document.site.clone(),
        product: document.product.clone(),
        version: document.installation.version.clone(),
        multi_tenant: now.multi_tenant,
        upgrade: upgrade::resolve(document, around, now.multi_tenant, &next),
        server: now.server,
        config: now.config,
        broker: now.broker,
        database: now.database,
        folders: now.folders,
        next,
        values: Value::Object(document.values.clone()),
    };
    if missing.is_empty() {
        Ok(site)
    } else {
        Err(missing)
    }
}

/// One installation.
pub(super) struct Installation {
    pub(super) multi_tenant: bool,
    pub(super) server: Server,
    pub(super) config: Config,
    pub(super) broker: Broker,
    pub(super) database: Database,
    pub(super) folders: Vec<Folder>,
}

pub(super) fn installation(
    given: &Given<'_>,
    basis: &Basis<'_>,
    around: &Surroundings<'_>,
    missing: &mut Vec<String>,
) -> Installation {
    let (config, broker, multi_tenant) = match basis {
        Basis::Installed(found) => (config(found), broker::installed(found), found.multi_tenant),
        Basis::Recorded(site) => (site.config.clone(), site.broker.clone(), site.multi_tenant),
    };
    let own = given.installation;
    let config = match &own.config {
        Some(path) => Config {
            location: around.path(path),
            ..config
        },
        None => config,
    };
    let mut broker = broker;
    let of_activemq = given.server.kind == ServerKind::Tomcat;
    for (key, path) in [("kahadb", &own.kahadb), ("broker_data", &own.broker_data)] {
        if path.is_some() && !of_activemq {
            missing.push(format!(
                "`installation.{key}` is of the broker inside Tomcat: leave it out for this kind of server"
            ));
        }
    }
    if let Some(path) = &own.kahadb {
        let path = around.path(path);
        broker.locks = vec![path.join("lock")];
        broker.kahadb = Some(path);
    }
    if let Some(path) = &own.broker_data {
        broker.data = Some(around.path(path));
    }
    let server = server::resolve(given, basis, around, missing);
    if server.weblogic.is_some() {
        let known = weblogic::Known::of(basis);
        broker.weblogic = Some(weblogic::jms(given, &known, &server.base, missing));
    }
    Installation {
        multi_tenant,
        server,
        config,
        broker,
        database: database::resolve(given, basis, around, missing),
        folders: folders::resolve(given, basis, around),
    }
}

pub(super) fn config(found: &DomibusInstallation) -> Config {
    Config {
        location: found.config_location.clone(),
        exclude: found.exclude_from_config.clone(),
    }
}
