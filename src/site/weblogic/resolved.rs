//! The resolved site: what expressions see as `site`.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::document::{BuildDocument, ConnectionDocument, OnRolloutFailure};
use super::topology::{Node, Topology};

/// The site of a WebLogic domain with every value that the document and the defaults give.
#[derive(Debug, Clone, Serialize)]
pub struct WeblogicSite {
    /// Name.
    pub name: String,
    /// Product.
    pub product: String,
    /// The domain and the rollout.
    pub weblogic: Weblogic,
    /// Free values of the site file.
    pub values: Value,
}

/// The domain and the rollout.
#[derive(Debug, Clone, Serialize)]
pub struct Weblogic {
    /// Installed version.
    pub version: String,
    /// As the actions take it.
    pub connection: Connection,
    /// The domain.
    pub domain: Domain,
    /// Whether the nodes run Windows.
    pub windows: bool,
    /// The present Oracle home where the kit works.
    pub oracle_home: PathBuf,
    /// The present Java home.
    pub java_home: PathBuf,
    /// What the restrictions are judged by.
    pub topology: Topology,
    /// The same for the way back.
    pub rollback: Topology,
    /// What is rolled out, and how.
    pub rollout: Rollout,
}

/// WLST, the Admin Server and the account.
#[derive(Debug, Clone, Serialize)]
pub struct Connection {
    /// The WLST program.
    pub wlst: PathBuf,
    /// The rest is as it is written.
    #[serde(flatten)]
    pub rest: Value,
}

/// The domain.
#[derive(Debug, Clone, Serialize)]
pub struct Domain {
    /// Name.
    pub name: String,
    /// `DOMAIN_HOME`.
    pub home: PathBuf,
    /// Its configuration.
    pub configuration: PathBuf,
    /// Name of the Admin Server.
    pub admin_server: String,
    /// Whether the Admin Server runs on this machine.
    pub here: bool,
}

/// What is rolled out, and how.
#[derive(Debug, Clone, Serialize)]
pub struct Rollout {
    /// A patched Oracle home.
    pub oracle_home: Option<OracleHome>,
    /// Another Java.
    pub java_home: Option<PathBuf>,
    /// The applications file that the Admin Server reads.
    pub applications_file: Option<PathBuf>,
    /// The one for the way back.
    pub rollback_applications_file: Option<PathBuf>,
    /// The migrations file that the Admin Server reads.
    pub migrations_file: Option<PathBuf>,
    /// How it is done, for the action.
    pub options: Options,
    /// What a failed rollout means.
    pub on_failure: OnRolloutFailure,
    /// How long a rollout may take.
    pub timeout: String,
    /// The servers that are updated.
    pub servers: Vec<String>,
    /// Whether there is a home or Java to roll back.
    pub rolls_back: bool,
    /// The nodes whose servers are updated and that can be asked.
    pub nodes: Vec<Node>,
    /// What goes to the nodes before the rollout.
    pub deliveries: Deliveries,
}

/// A patched Oracle home.
#[derive(Debug, Clone, Serialize)]
pub struct OracleHome {
    /// Its archive.
    pub archive: PathBuf,
    /// Where the rollout moves the present home.
    pub backup: PathBuf,
    /// Where a rollback moves the patched one.
    pub patched_backup: PathBuf,
    /// How the archive is made.
    pub build: Option<BuildDocument>,
    /// Ids of the patches that it must have.
    pub patch_ids: Vec<String>,
    /// Other products in it.
    pub other_products: Vec<String>,
}

/// How a rollout is done.
#[derive(Debug, Clone, Serialize)]
pub struct Options {
    /// Whether sessions of the present version work in the new one.
    pub session_compatible: bool,
    /// How long a server may take to stop.
    pub shutdown_timeout: Option<String>,
    /// Pause between two nodes.
    pub delay_between_nodes: String,
}

/// What goes to the nodes before the rollout, one item for each node.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Deliveries {
    /// The archive of the patched Oracle home.
    pub archive: Vec<Delivery>,
    /// The new Java.
    pub java: Vec<Delivery>,
    /// New versions of applications, by their staging.
    pub applications: Vec<Delivery>,
    /// The files that the Admin Server reads, if it runs elsewhere.
    pub files: Vec<Delivery>,
    /// The one that it reads for the way back.
    pub rollback_files: Vec<Delivery>,
}

/// Something that goes to a node.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// Names it in a plan: `MyApp-node2`.
    pub name: String,
    /// Where it is here, and then there.
    pub path: PathBuf,
    /// The node.
    pub node: Node,
}

/// A resolved connection, without what only the checks need.
pub(super) fn connection(given: &ConnectionDocument, wlst: PathBuf) -> Connection {
    let mut rest = serde_json::to_value(given).unwrap_or_default();
    if let Some(rest) = rest.as_object_mut() {
        rest.retain(|name, value| {
            !matches!(name.as_str(), "wlst" | "oracle_home" | "node") && !value.is_null()
        });
    }
    Connection { wlst, rest }
}
