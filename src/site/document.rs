//! `site.yaml` of a Domibus, as it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretRef;
use super::head::site_document;
use crate::diagnostic::unique;

site_document! {
    /// One installation of Domibus, written down once. Relative paths are relative to this file.
    pub struct SiteDocument {
        /// The application server.
        pub server: ServerDocument,
        /// The database.
        #[serde(default)]
        pub database: Option<DatabaseDocument>,
        /// What discovery cannot find or gets wrong.
        #[serde(default)]
        pub installation: InstallationDocument,
        /// More folders that belong to the data: by name.
        #[serde(default, deserialize_with = "unique::map")]
        #[schemars(with = "BTreeMap<String, PathBuf>")]
        pub folders: IndexMap<String, PathBuf>,
        /// The version to go to and its material.
        #[serde(default)]
        pub upgrade: UpgradeDocument,
        /// The new installation, for scenario `new-server`: installed and configured, with the new
        /// version, and never started.
        #[serde(default)]
        pub target: Option<TargetDocument>,
    }
}

/// The new installation of scenario `new-server`. Each key means what it means for the present one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetDocument {
    /// The application server.
    pub server: ServerDocument,
    /// The database.
    #[serde(default)]
    pub database: Option<DatabaseDocument>,
    /// What discovery cannot find or gets wrong.
    #[serde(default)]
    pub installation: InstallationDocument,
    /// More folders that belong to the data: by the names that they have in `folders`.
    #[serde(default, deserialize_with = "unique::map")]
    #[schemars(with = "BTreeMap<String, PathBuf>")]
    pub folders: IndexMap<String, PathBuf>,
    /// What it shares with the present installation on purpose. Nothing unless given: both at work on
    /// the same data would lose messages.
    #[serde(default)]
    pub share: Vec<Shareable>,
    /// How queued messages get there. Default `stores`.
    #[serde(default)]
    pub messages: Carriage,
}

/// How queued messages get into a new installation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Carriage {
    /// The broker's stores are copied: ids, delivery counts and transactions in doubt stay.
    #[default]
    Stores,
    /// WildFly only: an export is imported into the running server before it gets the application. For a
    /// broker that cannot read the stores; message ids and delivery counts are new.
    Export,
}

/// What a new installation may share with the present one, if the site says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shareable {
    /// The configuration directory.
    Configuration,
    /// The broker's stores.
    Stores,
    /// Folders with messages, payloads and keys.
    Folders,
    /// The database.
    Database,
}

impl Shareable {
    /// The word of the documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Stores => "stores",
            Self::Folders => "folders",
            Self::Database => "database",
        }
    }
}

/// Kinds of application server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServerKind {
    /// Apache Tomcat with an embedded ActiveMQ.
    Tomcat,
    /// WildFly with its embedded Artemis.
    Wildfly,
}

/// The application server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerDocument {
    /// Kind.
    pub kind: ServerKind,
    /// Its home directory (`CATALINA_HOME`, `JBOSS_HOME`).
    pub home: PathBuf,
    /// Its instance directory, if it is another one: `CATALINA_BASE`, which is else `HOME`, or
    /// `JBOSS_BASE_DIR`, which is else `HOME/standalone`.
    #[serde(default)]
    pub base: Option<PathBuf>,
    /// WildFly only: its configuration file in `BASE/configuration`. Default `standalone-full.xml`.
    #[serde(default)]
    pub configuration_file: Option<String>,
    /// Program and arguments that start it. Default `HOME/bin/startup.sh`, for WildFly
    /// `HOME/bin/standalone.sh --server-config=CONFIGURATION_FILE`.
    #[serde(default)]
    pub start: Option<Vec<String>>,
    /// Program and arguments that stop it. Default `HOME/bin/shutdown.sh`, for WildFly
    /// `HOME/bin/jboss-cli.sh` with the command `:shutdown`.
    #[serde(default)]
    pub stop: Option<Vec<String>>,
    /// Additional environment of both.
    #[serde(default, deserialize_with = "unique::map")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub environment: IndexMap<String, String>,
    /// File that holds its process id (`CATALINA_PID`).
    #[serde(default)]
    pub pid_file: Option<PathBuf>,
    /// Ports that it listens on, the HTTP port first. The embedded broker's ports, and all of WildFly's,
    /// are found by themselves and come behind them. An empty list says that it listens on none at all.
    #[serde(default)]
    pub ports: Option<Vec<u16>>,
    /// How long it may take to stop before its process is asked by a signal. Default `2m`.
    #[serde(default)]
    pub stop_grace: Option<String>,
    /// How long it may take to start. Default `10m`.
    #[serde(default)]
    pub start_timeout: Option<String>,
    /// File that holds the startup arguments. Default `BASE/bin/setenv.sh` if it exists,
    /// for WildFly `HOME/bin/standalone.conf`.
    #[serde(default)]
    pub startup_arguments: Option<PathBuf>,
    /// The deployed application. Default `BASE/webapps/domibus.war`, for WildFly the one
    /// `domibus*.war` of its deployments folder.
    #[serde(default)]
    pub war: Option<PathBuf>,
    /// How to see that the application works.
    #[serde(default)]
    pub health: Option<HealthDocument>,
}

/// How to see over HTTP that the application works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthDocument {
    /// Address that is asked.
    pub url: String,
    /// Status codes that mean health. Default 200 and 302 (Domibus answers with a redirect).
    #[serde(default = "healthy_statuses")]
    pub status: Vec<u16>,
    /// A text that the body must hold.
    #[serde(default)]
    pub contains: Option<String>,
    /// How long to wait for it. Default `10m`.
    #[serde(default = "ten_minutes")]
    pub wait: String,
}

fn healthy_statuses() -> Vec<u16> {
    vec![200, 302]
}

fn ten_minutes() -> String {
    "10m".to_owned()
}

/// The database. What is not given is read from the installation.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseDocument {
    /// `mysql` (MariaDB too), `oracle` or `h2`.
    #[serde(default)]
    pub kind: Option<DatabaseKind>,
    /// Host name.
    #[serde(default)]
    pub host: Option<String>,
    /// Port.
    #[serde(default)]
    pub port: Option<u16>,
    /// Unix socket instead of host and port.
    #[serde(default)]
    pub socket: Option<PathBuf>,
    /// The account that dumps and restores. It needs more rights than Domibus' own.
    #[serde(default)]
    pub user: Option<String>,
    /// Where its password is.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// Oracle: the connect identifier of an account in a wallet, instead of `user` and `password`.
    #[serde(default)]
    pub wallet: Option<String>,
    /// Oracle: the operating system proves the account, instead of `user` and `password`.
    #[serde(default)]
    pub external: bool,
    /// Oracle: the service name of the database. Default: that of Domibus' own address.
    #[serde(default)]
    pub service: Option<String>,
    /// Oracle: `ORACLE_SID` of a database on this machine, for `external`.
    #[serde(default)]
    pub sid: Option<String>,
    /// Oracle: directory of `sqlnet.ora` and `tnsnames.ora`.
    #[serde(default)]
    pub tns_admin: Option<PathBuf>,
    /// Oracle: `ORACLE_HOME` of the client programs.
    #[serde(default)]
    pub oracle_home: Option<PathBuf>,
    /// Oracle: the directory object through which the database writes and reads dump files.
    #[serde(default)]
    pub directory: Option<String>,
    /// Oracle: where the folder of the directory object is seen from this machine.
    #[serde(default)]
    pub directory_path: Option<PathBuf>,
    /// Schemas, the general one first. Default: those that the installation names. With Oracle as the
    /// dictionary has them: upper case, unless they were created in quotes.
    #[serde(default)]
    pub schemas: Option<Vec<String>>,
    /// The database file of H2.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// Program that dumps. Default `mysqldump`, or `mariadb-dump` if only that is there; with Oracle
    /// `expdp`.
    #[serde(default)]
    pub dump_program: Option<String>,
    /// Program that loads a dump, if it is one of its own: with Oracle `impdp`.
    #[serde(default)]
    pub import_program: Option<String>,
    /// Program that runs SQL. Default `mysql`, or `mariadb` if only that is there; with Oracle `sqlplus`.
    #[serde(default)]
    pub client_program: Option<String>,
}

/// Kinds of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseKind {
    /// MySQL or MariaDB.
    Mysql,
    /// Oracle, by Data Pump.
    Oracle,
    /// An H2 database file, for practice.
    H2,
}

/// What discovery cannot find or gets wrong. Each value given here wins.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallationDocument {
    /// Installed version.
    #[serde(default)]
    pub version: Option<String>,
    /// The configuration directory (`domibus.config.location`).
    #[serde(default)]
    pub config: Option<PathBuf>,
    /// The KahaDB directory.
    #[serde(default)]
    pub kahadb: Option<PathBuf>,
    /// The broker's data directory, which holds the scheduler store.
    #[serde(default)]
    pub broker_data: Option<PathBuf>,
}

/// The version to go to and its material.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpgradeDocument {
    /// The version to go to.
    #[serde(default)]
    pub to: Option<String>,
    /// The new application.
    #[serde(default)]
    pub war: Option<PathBuf>,
    /// A folder whose files are laid over the configuration directory.
    #[serde(default)]
    pub config: Option<PathBuf>,
    /// A new configuration directory, for an upgrade that leaves the present one alone: `config` is
    /// put there and holds all of it, plugins and extensions too; `startup_arguments` must lead to it.
    #[serde(default)]
    pub config_location: Option<PathBuf>,
    /// A folder whose files are laid over `plugins/` of the configuration directory.
    #[serde(default)]
    pub plugins: Option<PathBuf>,
    /// A folder whose files are laid over `extensions/` of the configuration directory.
    #[serde(default)]
    pub extensions: Option<PathBuf>,
    /// A new file of startup arguments.
    #[serde(default)]
    pub startup_arguments: Option<PathBuf>,
    /// Files below the configuration directory that the new version must not find: old plugin and
    /// extension jars.
    #[serde(default)]
    pub remove: Vec<PathBuf>,
    /// Migration scripts, in order.
    #[serde(default)]
    pub scripts: ScriptsDocument,
    /// Go on although messages are queued that a new major version would drop.
    #[serde(default)]
    pub allow_queued_messages: bool,
}

/// Migration scripts, in order.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptsDocument {
    /// For the general schema of a multi-tenant installation.
    #[serde(default)]
    pub general: Vec<PathBuf>,
    /// For each domain's schema, or the only one.
    #[serde(default)]
    pub domain: Vec<PathBuf>,
}
