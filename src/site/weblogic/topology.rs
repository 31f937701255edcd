//! What the restrictions of a rollout are judged by: nodes, servers, clusters, homes.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::services::{Application, Migration};

/// What the nodes run on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// Linux or another Unix.
    #[default]
    Unix,
    /// Windows: open files lock what is to be replaced.
    Windows,
}

/// A domain and what is rolled out over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// Installed version of WebLogic.
    pub version: String,
    /// What the nodes run on.
    pub platform: Platform,
    /// Name of the domain.
    pub domain: String,
    /// `DOMAIN_HOME`.
    pub domain_home: PathBuf,
    /// Name of the Admin Server.
    pub admin_server: String,
    /// All nodes.
    pub nodes: Vec<Node>,
    /// All servers, the Admin Server too.
    pub servers: Vec<Server>,
    /// All clusters.
    pub clusters: Vec<Cluster>,
    /// What is targeted: the domain, or clusters, or servers.
    pub targets: Vec<String>,
    /// Where WLST runs.
    pub wlst: Wlst,
    /// A patched Oracle home.
    pub home: Option<Home>,
    /// A new Java home.
    pub java_home: Option<PathBuf>,
    /// The present Java home.
    pub present_java_home: PathBuf,
    /// New versions of applications.
    pub applications: Vec<Application>,
    /// What becomes of singleton services.
    pub migrations: Vec<Migration>,
    /// Whether sessions of the present version work in the new one.
    pub session_compatible: bool,
    /// Seconds that a server may take to stop.
    pub shutdown_timeout: Option<u64>,
    /// The folder of the files that the Admin Server reads.
    pub files: PathBuf,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Name of the machine in WebLogic.
    pub name: String,
    /// Its Oracle home.
    pub oracle_home: PathBuf,
    /// How a shell command is run there; `None` here.
    pub run: Option<Vec<String>>,
    /// How something is copied there; `None` here.
    pub copy: Option<Vec<String>>,
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Name.
    pub name: String,
    /// Its node.
    pub node: String,
    /// Its cluster.
    pub cluster: Option<String>,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// Name.
    pub name: String,
    /// Its singleton services.
    pub singletons: Option<Singletons>,
}

/// The singleton services (JMS, JTA) of a cluster and how they are migrated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Singletons {
    /// When they migrate by themselves: `exactly-once`, `failure-recovery` or `manual` with migratable
    /// targets; `always`, `on-failure` or `off` with a JMS cluster configuration.
    pub policy: MigrationPolicy,
    /// Whether the members of the cluster share the store of the JMS servers.
    pub shared_store: bool,
    /// `ServiceActivationRequestResponseTimeout` of the cluster, in seconds; migratable targets only.
    #[serde(default)]
    pub activation_timeout: Option<u64>,
    /// Whether restart in place is on; JMS cluster configuration only.
    #[serde(default)]
    pub restart_in_place: Option<bool>,
}

/// When singleton services migrate by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MigrationPolicy {
    /// Migratable target: at a graceful shutdown too.
    ExactlyOnce,
    /// Migratable target: after a failure only.
    FailureRecovery,
    /// Migratable target: never.
    Manual,
    /// JMS cluster configuration: at a graceful shutdown too.
    Always,
    /// JMS cluster configuration: after a failure only.
    OnFailure,
    /// JMS cluster configuration: never.
    Off,
}

impl MigrationPolicy {
    /// The word of the documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::ExactlyOnce => "exactly-once",
            Self::FailureRecovery => "failure-recovery",
            Self::Manual => "manual",
            Self::Always => "always",
            Self::OnFailure => "on-failure",
            Self::Off => "off",
        }
    }

    /// Whether services move at a graceful shutdown.
    pub fn is_automatic(self) -> bool {
        matches!(self, Self::ExactlyOnce | Self::Always)
    }

    /// Whether they are configured with migratable targets.
    pub fn has_migratable_targets(self) -> bool {
        matches!(
            self,
            Self::ExactlyOnce | Self::FailureRecovery | Self::Manual
        )
    }
}

/// Where WLST runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wlst {
    /// The Oracle home that it belongs to, as far as it is known.
    pub oracle_home: Option<PathBuf>,
    /// The node of the domain that it runs on.
    pub node: Option<String>,
}

/// A patched Oracle home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Home {
    /// What is rolled out: the archive; with `rollback`, the backup directory of the rollout before.
    pub rolled_out: PathBuf,
    /// Where the rollout moves the home that is there.
    pub backup: PathBuf,
    /// Whether an earlier rollout is taken back.
    #[serde(default)]
    pub rollback: bool,
}

impl Topology {
    /// Whether the whole domain is targeted, the Admin Server with it.
    pub fn targets_domain(&self) -> bool {
        self.targets.contains(&self.domain)
    }

    /// The servers that a rollout restarts.
    pub fn updated(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().filter(|server| {
            self.targets_domain()
                || self.targets.contains(&server.name)
                || server
                    .cluster
                    .as_ref()
                    .is_some_and(|cluster| self.targets.contains(cluster))
        })
    }

    /// The server of that name.
    pub fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.name == name)
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }
}
