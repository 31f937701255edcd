//! The resolved site of product `ox`: what expressions see as `site`.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::document::{AlreadyRegistered, HazelcastDocument, Procedure};
use crate::site::{Connection, SecretRef};

/// The site. Values that are not known are `null`, so that every name exists in expressions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OxSite {
    /// Name.
    pub name: String,
    /// Product.
    pub product: String,
    /// The cluster.
    pub ox: Ox,
    /// Free values of the site file.
    pub values: Value,
}

/// The cluster.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ox {
    /// The version that runs now.
    pub version: String,
    /// The version to go to.
    pub to: Option<String>,
    /// Which way it goes.
    pub procedure: Procedure,
    /// Name of the new version's server.
    pub server_name: String,
    /// Name of the old version's server.
    pub old_server_name: Option<String>,
    /// What to do if the name is registered.
    pub already_registered: AlreadyRegistered,
    /// Address of the second balancer.
    pub migration_url: String,
    /// The tools of the node that stays longest with the old version.
    pub old: OxTools,
    /// The tools of the first node of the new version.
    pub new: OxTools,
    /// All nodes, in order.
    pub nodes: Vec<Node>,
    /// Name of the first node.
    pub first_node: String,
    /// Name of the first schema.
    pub first_schema: String,
    /// The schemata, in order.
    pub schemata: Vec<OxSchema>,
    /// Their names.
    pub schema_names: Vec<String>,
    /// Schemata that are left alone.
    pub leave_alone: Vec<String>,
    /// Update tasks that may have failed.
    pub ignore_tasks: Vec<String>,
    /// Where sessions are ended.
    pub end_sessions_on: Vec<String>,
    /// The Hazelcast clusters.
    pub hazelcast: Hazelcast,
    /// The main balancer.
    pub main_balancer: Balancer,
    /// The second balancer.
    pub second_balancer: Balancer,
    /// Command that retires the second balancer.
    pub retire_second_balancer: Option<Vec<String>>,
    /// Command that upgrades a node.
    pub upgrade_node: Option<Vec<String>>,
    /// Command that tells whether a node runs the new version.
    pub check_node: Option<Vec<String>>,
    /// Command that brings a node back.
    pub downgrade_node: Option<Vec<String>>,
    /// Files and folders of the nodes that can be saved.
    pub files: Vec<NodeFile>,
    /// The database server.
    pub database: Option<Connection>,
    /// What a restore puts back.
    pub restore: PutBack,
}

/// Command line tools and the node that they speak to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OxTools {
    /// Their folder.
    pub directory: PathBuf,
    /// The node's RMI address.
    pub rmi: Option<String>,
    /// The master administrator.
    pub user: String,
    /// Where the password is.
    pub password: Option<SecretRef>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// Name.
    pub name: String,
    /// Its tools.
    pub tools: OxTools,
    /// Whether it is upgraded first.
    pub first: bool,
    /// Whether it stays with the old version until every schema is updated.
    pub late: bool,
    /// Its `server.properties`.
    pub server_properties: Option<PathBuf>,
    /// Its `system.properties`.
    pub system_properties: Option<PathBuf>,
    /// Its `hazelcast.properties`.
    pub hazelcast_properties: Option<PathBuf>,
}

/// A schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OxSchema {
    /// Name.
    pub name: String,
    /// Whether it is updated before the first node joins the second balancer, as the manual procedure
    /// does with the first one.
    pub alone: bool,
}

/// The names of the Hazelcast clusters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hazelcast {
    /// The setting, if the site says how the clusters are separated.
    pub key: Option<String>,
    /// On old nodes.
    pub old: Option<String>,
    /// On new nodes.
    pub new: Option<String>,
}

impl From<Option<HazelcastDocument>> for Hazelcast {
    fn from(document: Option<HazelcastDocument>) -> Self {
        match document {
            Some(document) => Self {
                key: Some(document.key),
                old: Some(document.old),
                new: Some(document.new),
            },
            None => Self {
                key: None,
                old: None,
                new: None,
            },
        }
    }
}

/// Commands of a balancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Balancer {
    /// Adds a node.
    pub add: Option<Vec<String>>,
    /// Removes a node.
    pub remove: Option<Vec<String>>,
}

/// A file or folder of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeFile {
    /// Name of the step instance and of the artifact: `ox1-server.properties`.
    pub name: String,
    /// Its node.
    pub node: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether a restore puts it back.
    pub restored: bool,
}

/// What a restore puts back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PutBack {
    /// Nodes.
    pub nodes: Vec<Node>,
    /// Names of schemata.
    pub schemata: Vec<String>,
}
