//! A WebLogic domain and a rollout over it, as the site file says them. Nothing is discovered: the
//! domain itself is compared with the file by `zdt.survey`.

mod check;
mod deliveries;
mod document;
mod json_files;
mod json_syntax;
mod read_files;
mod resolve;
mod resolved;
mod services;
mod topology;

pub use document::{
    BuildDocument, ClusterDocument, ConnectionDocument, DomainDocument, HomeDocument, NodeDocument,
    OnRolloutFailure, RolloutDocument, ServerPlaceDocument, WeblogicSection, WeblogicSiteDocument,
};
pub use resolve::{Reading, resolve};
pub use resolved::WeblogicSite;
pub use services::{Application, Migration, MigrationType, Staging};
pub use topology::{
    Cluster, Home, MigrationPolicy, Node, Platform, Server, Singletons, Topology, Wlst,
};
