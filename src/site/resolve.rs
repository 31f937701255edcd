//! From the site document and what is installed to the resolved site.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::domibus::{DatabaseKind as Found, DomibusInstallation, FsLocation};
use super::resolved::{
    Broker, Config, Connection, Database, Folder, Migration, Schema, Server, Site, Upgrade,
};
use super::{DatabaseKind, SiteDocument};

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

    fn paths(&self, paths: &[PathBuf]) -> Vec<PathBuf> {
        paths.iter().map(|path| self.path(path)).collect()
    }

    fn optional(&self, path: Option<&PathBuf>) -> Option<PathBuf> {
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
    let home = around.path(&document.server.home);
    let base = around
        .optional(document.server.base.as_ref())
        .unwrap_or_else(|| home.clone());
    let given = &document.installation;
    let (config, broker, multi_tenant) = match basis {
        Basis::Installed(found) => (
            Config {
                location: found.config_location.clone(),
                exclude: found.exclude_from_config.clone(),
            },
            broker(found),
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
    if let Some(path) = &given.kahadb {
        broker.kahadb = around.path(path);
        broker.locks = vec![broker.kahadb.join("lock")];
    }
    if let Some(path) = &given.broker_data {
        broker.data = around.path(path);
    }
    let database = database(document, basis, around, &mut missing);
    let site = Site {
        name: document.site.clone(),
        product: document.product.clone(),
        version: given.version.clone(),
        multi_tenant,
        server: server(document, basis, around, home, base),
        folders: folders(document, basis, around),
        upgrade: upgrade(document, around, &database.schemas, multi_tenant, &config),
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

fn server(
    document: &SiteDocument,
    basis: &Basis<'_>,
    around: &Surroundings<'_>,
    home: PathBuf,
    base: PathBuf,
) -> Server {
    let given = &document.server;
    let script = |name: &str| vec![home.join("bin").join(name).display().to_string()];
    let war = around
        .optional(given.war.as_ref())
        .unwrap_or_else(|| base.join("webapps/domibus.war"));
    let mut ports = given.ports.clone().unwrap_or_default();
    if given.ports.as_ref().is_none_or(|ports| !ports.is_empty()) {
        match basis {
            Basis::Installed(found) if found.broker.embedded => {
                ports.extend(found.broker.ports.openwire);
                ports.extend(found.broker.ports.jmx);
            }
            Basis::Installed(_) => {}
            Basis::Recorded(site) => ports.extend(&site.server.ports),
        }
    }
    let mut seen = std::collections::HashSet::new();
    ports.retain(|port| seen.insert(*port));
    let startup_arguments = match basis {
        Basis::Installed(found) => found.startup_file.clone(),
        Basis::Recorded(site) => Some(site.server.startup_arguments.clone()),
    };
    Server {
        kind: given.kind,
        start: given.start.clone().unwrap_or_else(|| script("startup.sh")),
        stop: given.stop.clone().unwrap_or_else(|| script("shutdown.sh")),
        environment: given.environment.clone().into_iter().collect(),
        pid_file: around.optional(given.pid_file.as_ref()),
        ports,
        stop_grace: given.stop_grace.clone().unwrap_or_else(|| "2m".to_owned()),
        start_timeout: given
            .start_timeout
            .clone()
            .unwrap_or_else(|| "10m".to_owned()),
        log: base.join("logs/catalina.out"),
        configuration: base.join("conf"),
        logs: base.join("logs"),
        startup_arguments: around
            .optional(given.startup_arguments.as_ref())
            .or(startup_arguments)
            .unwrap_or_else(|| base.join("bin/setenv.sh")),
        exploded: war.with_extension(""),
        war,
        health: given.health.clone(),
        home,
        base,
    }
}

fn broker(found: &DomibusInstallation) -> Broker {
    let work = found.work_location.join("work");
    let broker = &found.broker;
    let kahadb = broker
        .kahadb_dir
        .clone()
        .unwrap_or_else(|| work.join("kahadb"));
    let stores = [Some(kahadb.clone()), broker.scheduler_dir.clone()];
    let locks = stores.into_iter().flatten().map(|store| store.join("lock"));
    Broker {
        embedded: broker.embedded,
        persistent: broker.persistent,
        locks: if broker.embedded {
            locks.collect()
        } else {
            Vec::new()
        },
        kahadb,
        data: broker
            .data_dir
            .clone()
            .unwrap_or_else(|| work.join("activemq_data")),
        transactions: broker.transactions_dir.clone(),
    }
}

fn database(
    document: &SiteDocument,
    basis: &Basis<'_>,
    around: &Surroundings<'_>,
    missing: &mut Vec<String>,
) -> Database {
    let given = document.database.clone().unwrap_or_default();
    let (kind, host, port, schemas, file, general) = match basis {
        Basis::Installed(found) => (
            match found.database.kind {
                Found::Mysql => Some(DatabaseKind::Mysql),
                Found::H2 => Some(DatabaseKind::H2),
                Found::Oracle | Found::Unknown => None,
            },
            found.database.host.clone(),
            found.database.port,
            found.database.schemas.clone(),
            found.database.h2_file.clone(),
            found.general_schema.clone(),
        ),
        Basis::Recorded(site) => {
            let connection = site.database.connection.as_ref();
            (
                site.database.kind,
                connection.and_then(|known| known.host.clone()),
                connection.and_then(|known| known.port),
                site.database
                    .schemas
                    .iter()
                    .map(|schema| schema.schema.clone())
                    .collect(),
                site.database.file.clone(),
                site.database
                    .schemas
                    .iter()
                    .find(|schema| schema.general)
                    .map(|schema| schema.schema.clone()),
            )
        }
    };
    let kind = given.kind.or(kind);
    let schemas: Vec<Schema> = given
        .schemas
        .unwrap_or(schemas)
        .into_iter()
        .map(|schema| Schema {
            name: schema.clone(),
            general: general.as_ref() == Some(&schema),
            schema,
        })
        .collect();
    let file = around.optional(given.file.as_ref()).or(file);
    let connection = (kind == Some(DatabaseKind::Mysql)).then(|| {
        if given.user.is_none() {
            missing.push(
                "`database.user` is missing: the account that dumps and restores (it needs more \
                 rights than Domibus' own)"
                    .to_owned(),
            );
        }
        let by_socket = given.socket.is_some();
        let program = |given: Option<String>, names: &[&str]| {
            given
                .or_else(|| (around.find_program)(names))
                .unwrap_or_else(|| names[0].to_owned())
        };
        Connection {
            host: if by_socket {
                given.host
            } else {
                given.host.or(host)
            },
            port: if by_socket {
                given.port
            } else {
                given.port.or(port)
            },
            socket: around.optional(given.socket.as_ref()),
            user: given.user.unwrap_or_default(),
            password: given.password.map(|secret| secret.below(around.directory)),
            dump_program: program(given.dump_program, &["mysqldump", "mariadb-dump"]),
            client_program: program(given.client_program, &["mysql", "mariadb"]),
        }
    });
    if kind == Some(DatabaseKind::Mysql) && schemas.is_empty() {
        missing.push("`database.schemas` is missing: the installation names no schema".to_owned());
    }
    if kind == Some(DatabaseKind::H2) && file.is_none() {
        missing
            .push("`database.file` is missing: the installation names no database file".to_owned());
    }
    if kind.is_none() {
        missing.push(
            "`database.kind` is missing: the installation's own database is none that the kit \
             can save"
                .to_owned(),
        );
    }
    Database {
        kind,
        connection,
        schemas,
        file,
    }
}

fn folders(document: &SiteDocument, basis: &Basis<'_>, around: &Surroundings<'_>) -> Vec<Folder> {
    let mut folders = match basis {
        Basis::Recorded(site) => site.folders.clone(),
        Basis::Installed(found) => {
            let mut folders = Vec::new();
            for domain in &found.domains {
                if let Some(FsLocation::Local(path)) = &domain.fs_plugin_location {
                    folders.push(folder("fs-plugin", &domain.code, path));
                }
                if let Some(path) = &domain.payload_location {
                    folders.push(folder("payloads", &domain.code, path));
                }
                if let Some(path) = &domain.earchive_location {
                    folders.push(folder("earchive", &domain.code, path));
                }
            }
            for (id, location) in &found.further_fs_locations {
                if let FsLocation::Local(path) = location {
                    folders.push(folder("fs-plugin", id, path));
                }
            }
            for key in &found.encryption_key_dirs {
                if !key.saved_with_config {
                    folders.push(folder(
                        "keys",
                        key.domain.as_deref().unwrap_or("all"),
                        &key.path,
                    ));
                }
            }
            folders
        }
    };
    for (name, path) in &document.folders {
        let own = Folder {
            name: name.clone(),
            path: around.path(path),
        };
        folders.retain(|folder| folder.name != own.name);
        folders.push(own);
    }
    let mut seen = std::collections::HashSet::new();
    folders.retain(|folder| seen.insert(folder.path.clone()));
    folders
}

fn folder(kind: &str, owner: &str, path: &Path) -> Folder {
    Folder {
        name: format!("{kind}-{owner}"),
        path: path.to_owned(),
    }
}

fn upgrade(
    document: &SiteDocument,
    around: &Surroundings<'_>,
    schemas: &[Schema],
    multi_tenant: bool,
    config: &Config,
) -> Upgrade {
    let given = &document.upgrade;
    let migrations = schemas
        .iter()
        .filter_map(|schema| {
            let general = multi_tenant && schema.general;
            let scripts = if general {
                &given.scripts.general
            } else {
                &given.scripts.domain
            };
            (!scripts.is_empty()).then(|| Migration {
                name: schema.name.clone(),
                schema: schema.schema.clone(),
                scripts: around.paths(scripts),
            })
        })
        .collect();
    Upgrade {
        to: given.to.clone(),
        war: around.optional(given.war.as_ref()),
        config: around.optional(given.config.as_ref()),
        plugins: around.optional(given.plugins.as_ref()),
        extensions: around.optional(given.extensions.as_ref()),
        startup_arguments: around.optional(given.startup_arguments.as_ref()),
        remove: given
            .remove
            .iter()
            .map(|path| config.location.join(path))
            .collect(),
        migrations,
        allow_queued_messages: given.allow_queued_messages,
    }
}
