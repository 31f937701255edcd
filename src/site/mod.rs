//! The site: what the operator wrote down, and what an existing installation says of itself.
//!
//! May import: `diagnostic`, `host` (to resolve a secret). Must never: change an installation.

mod document;
mod resolved;
mod secret_ref;

pub use document::{
    DatabaseDocument, DatabaseKind, HealthDocument, InstallationDocument, PracticeDocument, ScriptsDocument,
    ServerDocument, ServerKind, SiteDocument, UpgradeDocument,
};
pub use resolved::{
    Broker, Config, Connection, Database, Folder, Migration, Schema, Server, Site, Upgrade,
};
pub use secret_ref::{LITERAL_SECRET, SecretRef};
