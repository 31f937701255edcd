//! `site.yaml` of a WebLogic domain, as it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::services::{Application, Migration};
use super::topology::{Platform, Singletons};
use crate::diagnostic::unique;
use crate::site::SecretRef;
use crate::site::head::site_document;

site_document! {
    /// One WebLogic domain, written down once, with what is to be rolled out over it. Relative paths
    /// are relative to this file; paths on nodes are absolute.
    pub struct WeblogicSiteDocument {
        /// The domain and the rollout.
        pub weblogic: WeblogicSection,
    }
}

/// The domain and the rollout.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeblogicSection {
    /// Installed version of WebLogic: `12.2.1.4.0`.
    pub version: String,
    /// What the nodes run on. Default `unix`.
    #[serde(default)]
    pub platform: Platform,
    /// WLST, the Admin Server and the account.
    pub connection: ConnectionDocument,
    /// The domain.
    pub domain: DomainDocument,
    /// The present Oracle home, on every node that does not say another.
    pub oracle_home: PathBuf,
    /// The present Java home.
    pub java_home: PathBuf,
    /// The nodes (WebLogic calls them machines), by name.
    #[serde(deserialize_with = "unique::map")]
    #[schemars(with = "BTreeMap<String, NodeDocument>")]
    pub nodes: IndexMap<String, NodeDocument>,
    /// Clusters that have something to say of themselves, by name.
    #[serde(default, deserialize_with = "unique::map")]
    #[schemars(with = "BTreeMap<String, ClusterDocument>")]
    pub clusters: IndexMap<String, ClusterDocument>,
    /// All servers, the Admin Server too, by name.
    #[serde(deserialize_with = "unique::map")]
    #[schemars(with = "BTreeMap<String, ServerPlaceDocument>")]
    pub servers: IndexMap<String, ServerPlaceDocument>,
    /// What is rolled out, and how.
    pub rollout: RolloutDocument,
}

/// WLST, the Admin Server and the account: the two files of `storeUserConfig`, or user and password.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionDocument {
    /// The WLST program. Default `ORACLE_HOME/oracle_common/common/bin/wlst.sh`.
    #[serde(default)]
    pub wlst: Option<PathBuf>,
    /// Address of the Admin Server: `t3://host:7001`.
    pub url: String,
    /// The file of the account that `storeUserConfig` made.
    #[serde(default)]
    pub user_config_file: Option<PathBuf>,
    /// The key file that belongs to it.
    #[serde(default)]
    pub user_key_file: Option<PathBuf>,
    /// Account with the role Admin.
    #[serde(default)]
    pub user: Option<String>,
    /// Where its password is.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// Additional environment of WLST, for example `WLST_PROPERTIES`.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// The Oracle home that this WLST belongs to. Default: two folders above `oracle_common`.
    #[serde(default)]
    pub oracle_home: Option<PathBuf>,
    /// The node that WLST runs on; not given if it is none of the domain's.
    #[serde(default)]
    pub node: Option<String>,
}

/// The domain.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainDocument {
    /// Name.
    pub name: String,
    /// `DOMAIN_HOME`, on every node.
    pub home: PathBuf,
    /// Name of the Admin Server. Default `AdminServer`.
    #[serde(default = "admin_server")]
    pub admin_server: String,
}

fn admin_server() -> String {
    "AdminServer".to_owned()
}

/// A node.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeDocument {
    /// Its Oracle home, if it is at another place than the others'.
    #[serde(default)]
    pub oracle_home: Option<PathBuf>,
    /// Program and arguments that run a shell command there; the command is appended as one word:
    /// `[ssh, -oBatchMode=yes, node1]`. Not given for this machine.
    #[serde(default)]
    pub run: Option<Vec<String>>,
    /// Program and arguments that copy a file or directory there, with `{from}` and `{to}`:
    /// `[scp, -rp, "{from}", "node1:{to}"]`.
    #[serde(default)]
    pub copy: Option<Vec<String>>,
}

/// A cluster.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterDocument {
    /// Its singleton services (JMS, JTA), if it has some.
    #[serde(default)]
    pub singletons: Option<Singletons>,
}

/// Where a server belongs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerPlaceDocument {
    /// Its node.
    pub node: String,
    /// Its cluster.
    #[serde(default)]
    pub cluster: Option<String>,
}

/// What is rolled out, and how. Nothing to roll out means a rolling restart.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutDocument {
    /// The domain, or clusters, or servers, by name.
    pub targets: Vec<String>,
    /// A patched Oracle home.
    #[serde(default)]
    pub oracle_home: Option<HomeDocument>,
    /// Another Java.
    #[serde(default)]
    pub java_home: Option<PathBuf>,
    /// New versions of applications.
    #[serde(default)]
    pub applications: Vec<Application>,
    /// The same in a file of its own: JSON, comments allowed.
    #[serde(default)]
    pub applications_file: Option<PathBuf>,
    /// What becomes of singleton services while their server is down.
    #[serde(default)]
    pub migrations: Vec<Migration>,
    /// The same in a file of its own: JSON, comments allowed.
    #[serde(default)]
    pub migrations_file: Option<PathBuf>,
    /// The folder of the files that the Admin Server reads. Default `DOMAIN_HOME/upgrade-kit`.
    #[serde(default)]
    pub files: Option<PathBuf>,
    /// Whether sessions of the present version work in the new one. Default `true`.
    #[serde(default = "yes")]
    pub session_compatible: bool,
    /// How long a server may take to stop before it is forced to. Default: as long as it takes.
    /// Needed if sessions are not compatible.
    #[serde(default)]
    pub shutdown_timeout: Option<String>,
    /// Pause between two nodes. Default `60s`.
    #[serde(default = "sixty_seconds")]
    pub delay_between_nodes: String,
    /// What a failed rollout means. Default `stop`.
    #[serde(default)]
    pub on_failure: OnRolloutFailure,
    /// How long a rollout may take. Default `6h`.
    #[serde(default = "six_hours")]
    pub timeout: String,
}

/// What a failed rollout means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnRolloutFailure {
    /// It stays as it is; `upgrade-kit resume` continues it, a restore rolls it back.
    #[default]
    Stop,
    /// It is continued once by itself.
    Resume,
    /// WebLogic takes it back.
    Revert,
}

/// A patched Oracle home.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HomeDocument {
    /// The archive of it: a `.jar`, at this path here and then on every node.
    pub archive: PathBuf,
    /// Where the rollout moves the present Oracle home, on every node.
    pub backup: PathBuf,
    /// Where a rollback moves the patched one. Default `BACKUP.patched`.
    #[serde(default)]
    pub patched_backup: Option<PathBuf>,
    /// How the archive is made here. Not given if it exists.
    #[serde(default)]
    pub build: Option<BuildDocument>,
    /// Ids of the patches that the new home must have.
    #[serde(default)]
    pub patch_ids: Vec<String>,
    /// Other Fusion Middleware products in the home (SOA Suite, WebCenter). A person is asked whether
    /// their patches let sessions live on.
    #[serde(default)]
    pub other_products: Vec<String>,
}

/// How the archive of a patched Oracle home is made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildDocument {
    /// Where the second Oracle home is made. It must not exist.
    pub second_home: PathBuf,
    /// Where the archive of the present home is kept.
    pub base_archive: PathBuf,
    /// Directories of unpacked patches, in the order in which they are applied.
    #[serde(default)]
    pub patches: Vec<PathBuf>,
}

fn yes() -> bool {
    true
}

fn sixty_seconds() -> String {
    "60s".to_owned()
}

fn six_hours() -> String {
    "6h".to_owned()
}
