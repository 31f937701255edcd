//! The whole site.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::domibus::DomibusInstallation;
use super::super::resolved::{Config, Site};
use super::super::{ServerKind, SiteDocument};
use super::{broker, database, folders, server, upgrade};

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

/// Puts the site together. `Err` holds every value that is missing, as a sentence with its key.
pub fn resolve(
    document: &SiteDocument,
    basis: &Basis<'_>,
    around: &Surroundings<'_>,
) -> Result<Site, Vec<String>> {
    let mut missing = Vec::new();
    let given = &document.installation;
    let (config, broker, multi_tenant) = match basis {
        Basis::Installed(found) => (
            Config {
                location: found.config_location.clone(),
                exclude: found.exclude_from_config.clone(),
            },
            broker::installed(found),
            found.multi_tenant,
        ),
        Basis::Recorded(site) => (site.config.clone(), site.broker.clone(), site.multi_tenant),
    };
    let config = match &given.config {
        Some(path) => Config {
            location: around.path(path),
            ..config
        },
        None => config,
    };
    let mut broker = broker;
    let of_activemq = document.server.kind == ServerKind::Tomcat;
    for (key, path) in [
        ("kahadb", &given.kahadb),
        ("broker_data", &given.broker_data),
    ] {
        if path.is_some() && !of_activemq {
            missing.push(format!(
                "`installation.{key}` is of the broker inside Tomcat: leave it out for this kind of server"
            ));
        }
    }
    if let Some(path) = &given.kahadb {
        let path = around.path(path);
        broker.locks = vec![path.join("lock")];
        broker.kahadb = Some(path);
    }
    if let Some(path) = &given.broker_data {
        broker.data = Some(around.path(path));
    }
    let server = server::resolve(document, basis, around, &mut missing);
    let database = database::resolve(document, basis, around, &mut missing);
    let site = Site {
        name: document.site.clone(),
        product: document.product.clone(),
        version: given.version.clone(),
        multi_tenant,
        server,
        folders: folders::resolve(document, basis, around),
        upgrade: upgrade::resolve(document, around, &database.schemas, multi_tenant, &config),
        database,
        config,
        broker,
        values: Value::Object(document.values.clone()),
    };
    if missing.is_empty() {
        Ok(site)
    } else {
        Err(missing)
    }
}
