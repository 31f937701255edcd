//! Products on WSO2 Carbon: what the operator wrote down, resolved. Nothing is discovered: a product's
//! own configuration names its data source, and of the databases the kit needs more than that says.

mod databases;
mod document;
mod migration;
mod resolve;

pub use document::{
    DatabaseKind, Wso2DatabaseDocument, Wso2Document, Wso2MigrationDocument, Wso2NewDocument,
    Wso2ServerDocument, Wso2SiteDocument,
};
pub use resolve::{Around, Wso2, Wso2Database, Wso2Server, resolve};
