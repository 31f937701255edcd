//! The site of an OX App Suite cluster that is upgraded node by node and schema by schema.
//!
//! Nothing is discovered: which schemata there are only the cluster's own tools know, and a plan is made
//! without starting any. A check of the plan holds the site against what the cluster lists.

mod document;
mod names;
mod resolve;
mod resolved;

pub use document::{
    AdminDocument, AlreadyRegistered, BalancerDocument, HazelcastDocument, NodeDocument,
    OxDatabaseDocument, OxDocument, OxSiteDocument, Procedure, RestoreDocument,
};
pub use names::{PLAIN_NAME, is_plain_name};
pub use resolve::{ReadText, resolve};
pub use resolved::{Balancer, Hazelcast, Node, NodeFile, Ox, OxSchema, OxSite, OxTools, PutBack};
