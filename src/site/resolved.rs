//! The resolved site: what expressions see as `site`, what a backup set remembers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::domibus::ArtemisStores;
use super::{DatabaseKind, HealthDocument, SecretRef, ServerKind, Shareable};

/// The site with every value that the document, the installation and the defaults give. Values that
/// are not known are `null`, so that every name exists in expressions. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Name.
    pub name: String,
    /// Product.
    pub product: String,
    /// Installed version, if it is written down.
    pub version: Option<String>,
    /// Whether several domains (tenants) share the installation.
    pub multi_tenant: bool,
    /// The application server.
    pub server: Server,
    /// The configuration directory.
    pub config: Config,
    /// The broker.
    pub broker: Broker,
    /// The database.
    pub database: Database,
    /// Folders with messages, payloads and keys.
    pub folders: Vec<Folder>,
    /// The version to go to.
    pub upgrade: Upgrade,
    /// The installation that the new version runs in.
    pub next: Next,
    /// Free values of the site file.
    pub values: Value,
}

/// The installation that the new version runs in: the same one, the same with another configuration
/// directory, or the `target` of scenario `new-server`. What is not another is as in the site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Next {
    /// The application server.
    pub server: Server,
    /// The configuration directory.
    pub config: Config,
    /// Whether that is another one than the site's.
    pub other_config: bool,
    /// The broker.
    pub broker: Broker,
    /// Whether its stores are others than the site's, so that messages have to be carried there.
    pub carries_messages: bool,
    /// Whether they are imported into the running server, not carried as stores.
    #[serde(default)]
    pub imports_messages: bool,
    /// The database.
    pub database: Database,
    /// The schemas that have to be cloned into it.
    pub clones: Vec<SchemaClone>,
    /// Its folders.
    pub folders: Vec<Folder>,
    /// Those of them that lie elsewhere than the site's of the same name.
    pub other_folders: Vec<Folder>,
    /// Those of them that are the site's.
    pub same_folders: Vec<Folder>,
    /// What it shares with the site on purpose.
    pub share: Vec<Shareable>,
}

/// A schema and its clone in another database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaClone {
    /// Name of the step instance and of the artifact: the site's schema.
    pub name: String,
    /// The schema of the clone, if it has another name.
    pub remap: Option<String>,
}

/// The application server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Kind.
    pub kind: ServerKind,
    /// Home directory.
    pub home: PathBuf,
    /// Instance directory.
    pub base: PathBuf,
    /// Command that starts it.
    pub start: Vec<String>,
    /// Command that stops it.
    pub stop: Vec<String>,
    /// Additional environment of both.
    pub environment: BTreeMap<String, String>,
    /// File that holds its process id.
    pub pid_file: Option<PathBuf>,
    /// Every port that it and its embedded broker listen on.
    pub ports: Vec<u16>,
    /// How long it may take to stop before its process gets a signal.
    pub stop_grace: String,
    /// How long it may take to start.
    pub start_timeout: String,
    /// Its main log.
    pub log: PathBuf,
    /// Its configuration directory.
    pub configuration: PathBuf,
    /// Its log directory.
    pub logs: PathBuf,
    /// File that holds the startup arguments.
    pub startup_arguments: PathBuf,
    /// The deployed application.
    pub war: PathBuf,
    /// What the server makes of it and would take for newer than a replaced one: the unpacked
    /// directory, deployment markers.
    pub derived: Vec<PathBuf>,
    /// How to see that the application works.
    pub health: Option<HealthDocument>,
}

/// The configuration directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Where it is.
    pub location: PathBuf,
    /// What lies inside and is not configuration: stores, temporary files, message folders.
    pub exclude: Vec<PathBuf>,
}

/// The broker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Broker {
    /// Whether it runs inside the server.
    pub embedded: bool,
    /// Whether it keeps messages on disk.
    pub persistent: bool,
    /// KahaDB directory.
    pub kahadb: Option<PathBuf>,
    /// Data directory, which holds the scheduler store.
    pub data: Option<PathBuf>,
    /// Logs of distributed transactions: of 4.x, or of a WildFly.
    pub transactions: Option<PathBuf>,
    /// The stores of a WildFly's Artemis.
    pub artemis: Option<ArtemisStores>,
    /// Store locks that a running broker holds.
    pub locks: Vec<PathBuf>,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Database {
    /// Kind; `null` if none is known.
    pub kind: Option<DatabaseKind>,
    /// How to reach it, for the `mysql` actions.
    pub connection: Option<Connection>,
    /// How to reach it and its dump files, for the `oracle` actions.
    #[serde(default)]
    pub oracle: Option<Oracle>,
    /// Its schemas, the general one first.
    pub schemas: Vec<Schema>,
    /// The database file of H2.
    pub file: Option<PathBuf>,
}

/// How to reach a MySQL or MariaDB server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Unix socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
    /// Account.
    pub user: String,
    /// Where its password is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretRef>,
    /// Program that dumps.
    pub dump_program: String,
    /// Program that runs SQL.
    pub client_program: String,
}

/// An Oracle database, by Data Pump.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Oracle {
    /// How to log on.
    pub connection: OracleConnection,
    /// The directory object through which the database writes and reads dump files.
    pub directory: String,
    /// Where the folder of the directory object is seen from this machine.
    pub directory_path: PathBuf,
}

/// How to log on to an Oracle database, in one of three ways: `user` with `password`, `host` and `service`; `wallet`; or
/// `external`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OracleConnection {
    /// Account. Upper case unless the database knows it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Its password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretRef>,
    /// Name or address of the listener's machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Port of the listener; 1521 if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Service name of the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// A connect identifier whose account and password are in a wallet (`mkstore -createCredential`):
    /// logs on as `/@ALIAS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet: Option<String>,
    /// The operating system proves the account: logs on as `/`.
    #[serde(default)]
    pub external: bool,
    /// `ORACLE_SID` of a database on this machine, for `external`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Directory of `sqlnet.ora` and `tnsnames.ora` (`TNS_ADMIN`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tns_admin: Option<PathBuf>,
    /// `ORACLE_HOME` of the client programs, which are then taken from its `bin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oracle_home: Option<PathBuf>,
    /// The export program: a name or a path; `expdp` if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_program: Option<String>,
    /// The import program: a name or a path; `impdp` if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import_program: Option<String>,
    /// The client program: a name or a path; `sqlplus` if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_program: Option<String>,
}

/// One schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Name of the step instance and artifact: the schema's name.
    pub name: String,
    /// The schema.
    pub schema: String,
    /// Whether it is the general schema of a multi-tenant installation.
    pub general: bool,
}

/// A folder that belongs to the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// Name of the step instance and artifact: `fs-plugin-tenant_a`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// The version to go to and its material.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Upgrade {
    /// The version.
    pub to: Option<String>,
    /// The new application.
    pub war: Option<PathBuf>,
    /// Laid over the configuration directory.
    pub config: Option<PathBuf>,
    /// The new configuration directory, if there is to be one.
    pub config_location: Option<PathBuf>,
    /// Laid over `plugins/`.
    pub plugins: Option<PathBuf>,
    /// Laid over `extensions/`.
    pub extensions: Option<PathBuf>,
    /// New startup arguments.
    pub startup_arguments: Option<PathBuf>,
    /// Files to remove.
    pub remove: Vec<PathBuf>,
    /// Scripts for each schema that has any.
    pub migrations: Vec<Migration>,
    /// Go on although messages are queued that the new version would drop.
    pub allow_queued_messages: bool,
}

/// The migration scripts of one schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// Name of the step instance.
    pub name: String,
    /// The schema.
    pub schema: String,
    /// Scripts in order.
    pub scripts: Vec<PathBuf>,
}
