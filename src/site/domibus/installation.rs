//! What there is to know about an installation.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::notes::{Note, Place};

/// A Domibus installation.
///
/// It holds no password: connection addresses are shown with passwords masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DomibusInstallation {
    /// The server's home: `CATALINA_HOME`, `JBOSS_HOME`, `ORACLE_HOME`.
    pub server_home: PathBuf,
    /// The server's instance directory. `CATALINA_BASE` is the same as the home unless several instances
    /// share one Tomcat; `JBOSS_BASE_DIR` is `standalone` in the home unless somebody moved it; `DOMAIN_HOME`
    /// can be anywhere.
    pub server_base: PathBuf,
    /// What only a WildFly has.
    pub wildfly: Option<WildflyLayout>,
    /// What only a WebLogic has.
    pub weblogic: Option<WeblogicLayout>,
    /// The start script that was read, if there is one.
    pub startup_file: Option<PathBuf>,
    /// The configuration folder (`domibus.config.location`).
    pub config_location: PathBuf,
    /// The folder that holds `work/` and `temp/` (`domibus.work.location`, else the configuration folder).
    pub work_location: PathBuf,
    /// How the configuration folder is laid out.
    pub version_layout: VersionLayout,
    /// Whether several domains are served (`domibus.database.general.schema` is set).
    pub multi_tenant: bool,
    /// The domains, by code; in single tenancy the one domain `default`.
    pub domains: Vec<Domain>,
    /// 4.x only: folders of the FS plugin's own "domains", which exist in single tenancy too, by their id.
    pub further_fs_locations: BTreeMap<String, FsLocation>,
    /// The schema shared by all domains, in multitenancy.
    pub general_schema: Option<String>,
    /// The message broker.
    pub broker: Broker,
    /// The database.
    pub database: Database,
    /// The queues between Domibus and its plugins.
    pub queues: Vec<Queue>,
    /// `plugins/` in the configuration folder.
    pub plugins_dir: PathBuf,
    /// `extensions/` in the configuration folder.
    pub extensions_dir: PathBuf,
    /// The folders with the keys of encrypted passwords.
    pub encryption_key_dirs: Vec<EncryptionKeyDir>,
    /// What a copy of the configuration folder must leave out: data that changes while Domibus runs and
    /// has artifacts of its own.
    pub exclude_from_config: Vec<PathBuf>,
    /// What else was noticed.
    pub notes: Vec<Note>,
}

/// Where a WildFly keeps what is its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WildflyLayout {
    /// `jboss.server.config.dir`.
    pub configuration_dir: PathBuf,
    /// The configuration file in it.
    pub configuration_file: PathBuf,
    /// `jboss.server.log.dir`.
    pub log_dir: PathBuf,
    /// The folder from which archives are deployed; none if no deployment scanner watches one.
    pub deployments_dir: Option<PathBuf>,
    /// The archives in it that can be Domibus by their name.
    pub applications: Vec<PathBuf>,
    /// The ports on which it listens, that for HTTP first.
    pub ports: Vec<u16>,
    /// Host and port of the management interface.
    pub management: Option<(String, u16)>,
}

/// What the configuration of a WebLogic domain says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WeblogicLayout {
    /// Name of the domain.
    pub name: String,
    /// The version of WebLogic that wrote the configuration.
    pub version: Option<String>,
    /// Name of the Admin Server.
    pub admin_server: String,
    /// Where the Admin Server listens: `t3://127.0.0.1:7001`.
    pub url: String,
    /// The other servers, as they are written.
    pub servers: Vec<WeblogicServer>,
    /// The deployments.
    pub deployments: Vec<WeblogicDeployment>,
    /// The JMS modules.
    pub jms_modules: Vec<WeblogicModule>,
}

/// A server of a domain, the Admin Server not among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WeblogicServer {
    /// Its name.
    pub name: String,
    /// The cluster that it is in.
    pub cluster: Option<String>,
    /// The machine that it runs on, if that is said.
    pub machine: Option<String>,
}

/// A deployment of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WeblogicDeployment {
    /// Its name.
    pub name: String,
    /// The archive or directory that it is deployed from.
    pub source: PathBuf,
    /// Clusters and servers.
    pub targets: Vec<String>,
}

/// A JMS module of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WeblogicModule {
    /// Its name.
    pub name: String,
    /// Clusters and servers.
    pub targets: Vec<String>,
    /// Whether a destination of it has a JNDI name of Domibus.
    pub of_domibus: bool,
}

impl WeblogicLayout {
    /// The servers that a target means: those of a cluster, or one.
    pub fn servers_of(&self, target: &str) -> Vec<String> {
        let of_cluster = |server: &&WeblogicServer| server.cluster.as_deref() == Some(target);
        let names: Vec<String> = (self.servers.iter().filter(of_cluster))
            .map(|server| server.name.clone())
            .collect();
        if names.is_empty() {
            vec![target.to_owned()]
        } else {
            names
        }
    }
}

/// How the configuration folder is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionLayout {
    /// 4.x: domain files beside `domibus.properties`.
    Flat4,
    /// 5.x: a folder for each domain under `domains/`.
    Domains5,
}

/// A domain: one party served by the installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Domain {
    /// Its code.
    pub code: String,
    /// Its database schema.
    pub schema: Option<String>,
    /// Where the FS plugin exchanges files.
    pub fs_plugin_location: Option<FsLocation>,
    /// Where payloads are kept; none if they are in the database.
    pub payload_location: Option<PathBuf>,
    /// Where archives are written.
    pub earchive_location: Option<PathBuf>,
}

/// A folder as the FS plugin names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FsLocation {
    /// On this machine.
    Local(PathBuf),
    /// On another machine, out of reach of a file copy.
    Remote {
        /// `smb`, `sftp`, `ftp`, …
        scheme: String,
        /// The address, its password masked.
        uri_without_password: String,
    },
}

/// The message broker. By default there is none inside the server, and nothing is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Broker {
    /// Whether it runs inside Domibus; otherwise it is not part of this installation, and all places
    /// below are unknown.
    pub embedded: bool,
    /// Whether it keeps messages on disk.
    pub persistent: bool,
    /// Its configuration file.
    pub configuration_file: Option<PathBuf>,
    /// Its name.
    pub broker_name: Option<String>,
    /// The message store.
    pub kahadb_dir: Option<PathBuf>,
    /// The data folder (`activemq_data`).
    pub data_dir: Option<PathBuf>,
    /// The store of scheduled messages, in which messages wait for redelivery.
    pub scheduler_dir: Option<PathBuf>,
    /// The folder for what does not fit into memory; lost at every stop.
    pub temp_dir: Option<PathBuf>,
    /// The logs of distributed transactions: of 4.x on Tomcat, of the server itself on WildFly.
    pub transactions_dir: Option<PathBuf>,
    /// The stores of an Artemis, which WildFly has inside; none for an ActiveMQ.
    pub artemis: Option<ArtemisStores>,
    /// The ports on which it listens.
    pub ports: BrokerPorts,
}

/// The directories of an Artemis; its state is in all four.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtemisStores {
    /// The messages.
    pub journal: PathBuf,
    /// The queues.
    pub bindings: PathBuf,
    /// Messages that did not fit into memory.
    pub paging: PathBuf,
    /// Bodies that did not fit into the journal.
    pub large_messages: PathBuf,
}

/// The ports on which the embedded broker listens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct BrokerPorts {
    /// For messages.
    pub openwire: Option<u16>,
    /// For management; none if switched off.
    pub jmx: Option<u16>,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Database {
    /// The product.
    pub kind: DatabaseKind,
    /// The JDBC address, passwords masked.
    pub url: String,
    /// The host, if the address names one.
    pub host: Option<String>,
    /// The port, or the product's usual one.
    pub port: Option<u16>,
    /// Oracle only: the service name, if the address names one.
    pub service: Option<String>,
    /// The user that Domibus connects as.
    pub user: Option<String>,
    /// The schemas: first the general one, then those of the domains.
    pub schemas: Vec<String>,
    /// H2 only: the database file.
    pub h2_file: Option<PathBuf>,
    /// Whether the password is `ENC(…)`, so that only Domibus can use it.
    pub password_encrypted: bool,
}

/// A database product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseKind {
    /// MySQL or MariaDB.
    Mysql,
    /// Oracle.
    Oracle,
    /// H2, in tests.
    H2,
    /// Anything else.
    Unknown,
}

/// A plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plugin {
    /// The file system plugin.
    Fs,
    /// The JMS plugin.
    Jms,
    /// The web service plugin.
    Ws,
}

/// A queue between Domibus and a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Queue {
    /// The plugin.
    pub plugin: Plugin,
    /// The property that names it, without the domain.
    pub property: String,
    /// The queue.
    pub name: String,
    /// The domain whose messages it takes; none if it serves all that have none of their own.
    pub domain: Option<String>,
    /// The routing rule that fills it.
    pub rule: Option<String>,
    /// Where it is named; none for a built-in default or a `-D` from outside any file.
    pub place: Option<Place>,
}

/// A folder with the key of encrypted passwords (`encrypted.key`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EncryptionKeyDir {
    /// The domain whose passwords it opens; none for the global ones.
    pub domain: Option<String>,
    /// The folder.
    pub path: PathBuf,
    /// Whether a copy of the configuration folder already holds it; if not, it needs its own.
    pub saved_with_config: bool,
}
