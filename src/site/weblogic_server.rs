//! A WebLogic domain: how it is reached, what of it runs Domibus, and what holds its messages.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretRef;

/// What is kept in `DOMAIN_HOME` while a deployment is held back from starting. Not below `config`: no backup
/// shall take it for configuration.
pub const HELD_FILE: &str = "config.xml.upgrade-kit-held";

/// What is kept while a deployment is held.
#[derive(Debug, Serialize, Deserialize)]
pub struct HeldDeployment {
    /// Its name.
    pub deployment: String,
    /// `config.xml` as it was.
    pub before: String,
    /// When it had been changed: seconds and nanoseconds since the epoch.
    pub modified: (i64, u32),
    /// As it was written.
    pub held: String,
    /// The element that was taken out.
    pub target: String,
}

/// The domain of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weblogic {
    /// How to reach it.
    pub connection: WeblogicConnection,
    /// Where it is, and its servers.
    pub domain: WeblogicDomain,
    /// Name of the deployment that is Domibus.
    pub deployment: String,
    /// Clusters and servers that it is deployed to.
    pub targets: Vec<String>,
    /// Directory with the scripts that start its servers.
    pub scripts: PathBuf,
}

/// What holds the messages of Domibus on WebLogic. It belongs to its domain, whatever configuration
/// Domibus has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeblogicJms {
    /// `DOMAIN_HOME`.
    pub domain: PathBuf,
    /// Name of the JMS module.
    pub module: String,
    /// Clusters and servers that hold its destinations.
    pub targets: Vec<String>,
}

/// How to reach a domain: WLST, the Admin Server, and who asks. Either `user_config_file` with
/// `user_key_file`, or `user` with `password`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeblogicConnection {
    /// The WLST program: `ORACLE_HOME/oracle_common/common/bin/wlst.sh`.
    pub wlst: String,
    /// Address of the Admin Server: `t3://host:7001`, `t3s://host:7002`.
    pub url: String,
    /// The file of the account that WLST's `storeUserConfig` made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_config_file: Option<PathBuf>,
    /// The key file that belongs to it. Whoever has both has the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_key_file: Option<PathBuf>,
    /// Account; it needs the role Admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Its password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretRef>,
    /// Additional environment of WLST, for example `WLST_PROPERTIES` with the trust store.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

/// A domain, its Admin Server on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeblogicDomain {
    /// `DOMAIN_HOME`.
    pub home: PathBuf,
    /// Its name.
    pub name: String,
    /// Name of the Admin Server.
    pub admin_server: String,
    /// Names of the other servers, in the order in which they are started.
    #[serde(default)]
    pub managed_servers: Vec<String>,
    /// The Node Manager of this machine, which starts the Admin Server, and by which that starts the
    /// others. Without it the domain's own scripts start all of them on this machine.
    #[serde(default)]
    pub node_manager: Option<NodeManager>,
}

/// A Node Manager. It knows the same account as the Admin Server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeManager {
    /// Host name or address that it listens on.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `ssl` or `plain`.
    #[serde(default = "ssl", rename = "type")]
    pub kind: String,
}

fn ssl() -> String {
    "ssl".to_owned()
}
