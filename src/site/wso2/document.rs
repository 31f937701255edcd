//! `site.yaml` of a product on WSO2 Carbon, as it is written.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::site::SecretRef;
use crate::site::head::site_document;

site_document! {
    /// One WSO2 product and its database, written down once. Relative paths are relative to this file.
    pub struct Wso2SiteDocument {
        /// The product, before and after.
        pub wso2: Wso2Document,
    }
}

/// A product on WSO2 Carbon, before and after.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wso2Document {
    /// The version that is there.
    pub from: String,
    /// The version to go to.
    pub to: String,
    /// The database that the servers use now.
    pub database: Wso2DatabaseDocument,
    /// The staging database: empty now, the database of the new version later. Of the same type.
    pub staging: Wso2DatabaseDocument,
    /// Every server that uses the database now. The first one's deployment and tenants go to the new one.
    pub servers: Vec<Wso2ServerDocument>,
    /// The new version: unpacked and never started.
    pub new: Wso2NewDocument,
    /// Scenario `dss`: where the migration script is.
    #[serde(default)]
    pub migration: Option<Wso2MigrationDocument>,
    /// Whether there are tenants: their directory goes to the new version too.
    #[serde(default)]
    pub tenants: bool,
}

/// Kinds of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseKind {
    /// MySQL and MariaDB.
    Mysql,
    /// PostgreSQL.
    Postgres,
    /// Oracle.
    Oracle,
    /// The embedded H2.
    H2,
}

impl fmt::Display for DatabaseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mysql => "mysql",
            Self::Postgres => "postgres",
            Self::Oracle => "oracle",
            Self::H2 => "h2",
        })
    }
}

/// A database: how the kit reaches it, and what the product's data source says of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wso2DatabaseDocument {
    /// `mysql` (MariaDB too), `postgres`, `oracle` or `h2`.
    pub kind: DatabaseKind,
    /// Its name: the schema, with PostgreSQL the database. Not for H2.
    #[serde(default)]
    pub name: Option<String>,
    /// H2: its file, `….mv.db`; of H2 1.3 and older, which Carbon 4.4 brings, `….h2.db`.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// H2: the H2 of the product's version, for scenario `dss` (in `repository/components/plugins`).
    #[serde(default)]
    pub jar: Option<PathBuf>,
    /// Host name.
    #[serde(default)]
    pub host: Option<String>,
    /// Port.
    #[serde(default)]
    pub port: Option<u16>,
    /// Unix socket (with PostgreSQL its directory) instead of the host.
    #[serde(default)]
    pub socket: Option<PathBuf>,
    /// The account that dumps and restores. It needs more rights than the product's own.
    #[serde(default)]
    pub user: Option<String>,
    /// Where its password is.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// Oracle: the service name of the database.
    #[serde(default)]
    pub service: Option<String>,
    /// Oracle: the directory object through which the database writes and reads dump files.
    #[serde(default)]
    pub directory: Option<String>,
    /// Oracle: where the folder of the directory object is seen from this machine.
    #[serde(default)]
    pub directory_path: Option<PathBuf>,
    /// Program that dumps, if it is not the usual one.
    #[serde(default)]
    pub dump_program: Option<String>,
    /// Oracle: program that imports, if it is not the usual one.
    #[serde(default)]
    pub import_program: Option<String>,
    /// Program that runs SQL, if it is not the usual one.
    #[serde(default)]
    pub client_program: Option<String>,
    /// `staging` only: JDBC address for the new version's data source. Default made of the other keys.
    #[serde(default)]
    pub url: Option<String>,
    /// `staging` only: JDBC driver class. Default the usual one of the kind.
    #[serde(default)]
    pub driver: Option<String>,
    /// `staging` only: the product's own account. Default `user`.
    #[serde(default)]
    pub application_user: Option<String>,
    /// `staging` only: the password of the product's own account. Default `password`.
    #[serde(default)]
    pub application_password: Option<SecretRef>,
}

/// A Carbon server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wso2ServerDocument {
    /// Its home (`CARBON_HOME`).
    pub home: PathBuf,
    /// Ports that it listens on, the one that shows that it is up first. Default 9443 and 9763; an
    /// offset in `carbon.xml` moves both.
    #[serde(default)]
    pub ports: Option<Vec<u16>>,
    /// `JAVA_HOME` of its script. Default that of whoever runs the kit.
    #[serde(default)]
    pub java_home: Option<PathBuf>,
}

/// The new version.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wso2NewDocument {
    /// Its home (`CARBON_HOME`).
    pub home: PathBuf,
    /// Ports that it listens on, the one that shows that it is up first. Default 9443 and 9763.
    #[serde(default)]
    pub ports: Option<Vec<u16>>,
    /// `JAVA_HOME` of its script. Default that of whoever runs the kit.
    #[serde(default)]
    pub java_home: Option<PathBuf>,
    /// Name of the data source in `master-datasources.xml`. Default `WSO2_CARBON_DB`.
    #[serde(default)]
    pub datasource: Option<String>,
    /// JNDI name of the data source, for `user-mgt.xml` and `registry.xml`. Default
    /// `jdbc/WSO2CarbonDB`.
    #[serde(default)]
    pub jndi: Option<String>,
    /// An address that answers over plain http (not https) when the product works.
    #[serde(default)]
    pub health: Option<String>,
}

/// Where the migration script is: either key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wso2MigrationDocument {
    /// The folder with the scripts of all kinds: the one of the database's kind is taken
    /// (`mysql-migration.sql`).
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// The script itself.
    #[serde(default)]
    pub script: Option<PathBuf>,
}
