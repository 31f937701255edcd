//! The site: what the operator wrote down, and what an existing installation says of itself.
//!
//! Discovery is pure and synchronous: files are read through [`files::FileSource`] only, nothing is
//! started, and a value that cannot be known without running something is reported, never guessed.
//!
//! May import: `diagnostic`, `host` (to resolve a secret). Must never: change an installation.

mod document;
pub mod domibus;
pub mod files;
mod head;
pub mod ox;
pub mod placeholders;
pub mod properties;
mod resolve;
mod resolved;
mod secret_ref;
mod secret_resolve;
pub mod startup_args;
pub mod weblogic;
mod weblogic_server;
pub mod wso2;

pub use document::{
    Carriage, DatabaseDocument, DatabaseKind, HealthDocument, InstallationDocument,
    ScriptsDocument, ServerDocument, ServerKind, Shareable, SiteDocument, TargetDocument,
    UpgradeDocument, WeblogicDocument,
};
pub use head::{PracticeDocument, Product, ProductDocument, SiteHead};
pub use resolve::{After, Basis, FindProgram, Surroundings, absolute, resolve, same_address};
pub use resolved::{
    Broker, Config, Connection, Database, Folder, Migration, Next, Oracle, OracleConnection,
    Schema, SchemaClone, Server, Site, Upgrade,
};
pub use secret_ref::SecretRef;
pub use secret_resolve::{SecretError, resolve as resolve_secret};
pub use weblogic_server::{
    HELD_FILE, HeldDeployment, NodeManager, Weblogic, WeblogicConnection, WeblogicDomain,
    WeblogicJms,
};
