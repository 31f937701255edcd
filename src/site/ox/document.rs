//! `site.yaml` of product `ox` as it is written.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::SecretRef;
use super::super::head::site_document;

site_document! {
    /// An OX App Suite cluster, written down once. Relative paths are relative to this file.
    pub struct OxSiteDocument {
        /// The cluster.
        pub ox: OxDocument,
    }
}

/// A cluster of OX App Suite nodes and the version that it goes to.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OxDocument {
    /// The version that all nodes run now; 7.10.0 or newer.
    pub version: String,
    /// The version to go to.
    #[serde(default)]
    pub to: Option<String>,
    /// `manual`: the first node and the first schema, then a person looks, then the rest. `automatic`: all
    /// schemata in one go, as `upgradeschemata` does. Default `manual`.
    #[serde(default)]
    pub procedure: Procedure,
    /// The name under which the new version's nodes are registered (`SERVER_NAME` of each).
    pub server_name: String,
    /// The name under which the old version's nodes are registered. Only a restore needs it.
    #[serde(default)]
    pub old_server_name: Option<String>,
    /// What to do if `server_name` is registered before the upgrade. Default `ask`.
    #[serde(default)]
    pub already_registered: AlreadyRegistered,
    /// Address of the second balancer: the old nodes redirect users there whose context has moved.
    pub migration_url: String,
    /// The master administrator.
    #[serde(default)]
    pub admin: AdminDocument,
    /// Folder of the command line tools, unless a node has its own. Default `/opt/open-xchange/sbin`.
    #[serde(default)]
    pub tools: Option<PathBuf>,
    /// The nodes, in the order in which they are upgraded. At least two.
    #[serde(default)]
    pub nodes: Vec<NodeDocument>,
    /// So many nodes, from the end of the list, stay with the old version until every schema is updated;
    /// the last one runs the tools. Default 1.
    #[serde(default)]
    pub keep_old: Option<usize>,
    /// Names of the two Hazelcast clusters. Without them a person is asked to see to it.
    #[serde(default)]
    pub hazelcast: Option<HazelcastDocument>,
    /// The schemata, in the order in which they are updated.
    #[serde(default)]
    pub schemata: Vec<String>,
    /// A file that names them instead, one a line; `#` begins a remark.
    #[serde(default)]
    pub schemata_file: Option<PathBuf>,
    /// Schemata that this upgrade has nothing to do with.
    #[serde(default)]
    pub leave_alone: Vec<String>,
    /// Update tasks that may have failed: known from earlier upgrades to be harmless.
    #[serde(default)]
    pub ignore_tasks: Vec<String>,
    /// RMI addresses of all nodes on which sessions of a disabled schema are ended. Each must answer.
    /// Default: only the one that runs the tool.
    #[serde(default)]
    pub end_sessions_on: Vec<String>,
    /// How nodes leave and join the main balancer. Without a command a person is asked.
    #[serde(default)]
    pub main_balancer: BalancerDocument,
    /// How nodes leave and join the second balancer. Without a command a person is asked.
    #[serde(default)]
    pub second_balancer: BalancerDocument,
    /// Program and arguments that retire the second balancer at the end. Without it a person is asked.
    #[serde(default)]
    pub retire_second_balancer: Option<Vec<String>>,
    /// Program and arguments that upgrade the packages of a node and start it; the node's name is added.
    /// Without it a person is asked.
    #[serde(default)]
    pub upgrade_node: Option<Vec<String>>,
    /// Program and arguments that tell by exit code 0 that a node runs the new version, by 1 that it does
    /// not; the node's name is added.
    #[serde(default)]
    pub check_node: Option<Vec<String>>,
    /// Program and arguments that bring a node back to the old version; the node's name is added.
    /// Without it a person is asked.
    #[serde(default)]
    pub downgrade_node: Option<Vec<String>>,
    /// The database server, if schemata are to be saved. Without it a backup holds configuration only.
    #[serde(default)]
    pub database: Option<OxDatabaseDocument>,
    /// What a restore puts back. Nothing unless given.
    #[serde(default)]
    pub restore: RestoreDocument,
}

/// The two ways through the upgrade.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Procedure {
    /// The first node and the first schema, then a person looks, then the rest.
    #[default]
    Manual,
    /// All schemata in one go.
    Automatic,
}

/// What to do if the new server's name is registered before the upgrade.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlreadyRegistered {
    /// A person is asked.
    #[default]
    Ask,
    /// The upgrade ends.
    Abort,
    /// The contexts are pointed to that server.
    Continue,
}

/// The master administrator.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdminDocument {
    /// Account. Default `oxadminmaster`.
    #[serde(default)]
    pub user: Option<String>,
    /// Where the password is. It reaches the admin tools as `ADMIN_PASSWORD`; the update tools take one
    /// only as an argument and get none.
    #[serde(default)]
    pub password: Option<SecretRef>,
}

/// A node.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeDocument {
    /// Name, as the balancer commands take it.
    pub name: String,
    /// Its RMI address, `HOST` or `HOST:PORT`. Default: this machine.
    #[serde(default)]
    pub rmi: Option<String>,
    /// Its command line tools, if they are others than the cluster's.
    #[serde(default)]
    pub tools: Option<PathBuf>,
    /// Its `server.properties` as seen from here. Without it a person changes the settings.
    #[serde(default)]
    pub server_properties: Option<PathBuf>,
    /// Its `system.properties` as seen from here.
    #[serde(default)]
    pub system_properties: Option<PathBuf>,
    /// Its `hazelcast.properties` as seen from here.
    #[serde(default)]
    pub hazelcast_properties: Option<PathBuf>,
    /// Its configuration folder as seen from here; only saved.
    #[serde(default)]
    pub configuration: Option<PathBuf>,
}

/// The two Hazelcast clusters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HazelcastDocument {
    /// The setting that separates them.
    #[serde(default = "group_name")]
    pub key: String,
    /// Its value on old nodes.
    pub old: String,
    /// Its value on new nodes; another one.
    pub new: String,
}

fn group_name() -> String {
    "com.openexchange.hazelcast.group.name".to_owned()
}

/// How nodes leave and join a balancer. Running a command twice must come to the same as once.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BalancerDocument {
    /// Program and arguments that add a node; the node's name is added.
    #[serde(default)]
    pub add: Option<Vec<String>>,
    /// Program and arguments that remove a node; the node's name is added.
    #[serde(default)]
    pub remove: Option<Vec<String>>,
}

/// The database server of the schemata.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OxDatabaseDocument {
    /// Host name.
    #[serde(default)]
    pub host: Option<String>,
    /// Port.
    #[serde(default)]
    pub port: Option<u16>,
    /// Unix socket instead of host and port.
    #[serde(default)]
    pub socket: Option<PathBuf>,
    /// The account that dumps and restores.
    pub user: String,
    /// Where its password is.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// Program that dumps. Default `mysqldump`.
    #[serde(default)]
    pub dump_program: Option<String>,
    /// Program that runs SQL. Default `mysql`.
    #[serde(default)]
    pub client_program: Option<String>,
}

/// What a restore puts back. Users lose what they wrote to a schema since its dump.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreDocument {
    /// Nodes that go back to the old version.
    #[serde(default)]
    pub nodes: Vec<String>,
    /// Schemata that go back to their dumps.
    #[serde(default)]
    pub schemata: Vec<String>,
}
