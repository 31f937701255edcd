//! An existing Domibus installation, read as Domibus and its application server read it.
//!
//! Reading only `domibus.properties` finds the wrong folder or the wrong database as soon as somebody has
//! set a `-D` in `setenv.sh`, and container images always do. So [`discover()`] goes the way of the
//! application: start script and the server's own configuration → configuration folder → property files in
//! load order → placeholders → built-in defaults, and only then asks what each property means.
//!
//! "BG" in comments is the public mirror of the Domibus sources, at 5.2-SNAPSHOT; "BG42" the same at 4.2.
//!
//! Paths are compared by their letters: a folder that is reached over a symbolic link inside the
//! configuration folder counts as being outside of it.
//!
//! `notes` ← `sources` (properties by precedence) ← `tomcat`, `wildfly`, `weblogic` ← `server`, `domains`, `broker`, `database`,
//! `folders`, `queues` ← `discover`.

mod activemq_xml;
mod broker;
mod config_location;
mod data_sources;
mod database;
mod defaults;
mod discover;
mod domains;
mod encryption;
mod exclusions;
mod folders;
mod installation;
mod jdbc;
mod notes;
mod property_files;
mod queues;
mod server;
mod sources;
mod tomcat;
mod weblogic;
mod wildfly;
mod xml;

#[cfg(test)]
mod tests;

pub use discover::discover;
pub use installation::{
    ArtemisStores, Broker, BrokerPorts, Database, DatabaseKind, Domain, DomibusInstallation,
    EncryptionKeyDir, FsLocation, Plugin, Queue, VersionLayout, WeblogicDeployment, WeblogicLayout,
    WeblogicModule, WeblogicServer, WildflyLayout,
};
pub use notes::{DiscoveryError, Note, Place, Problem, Severity};
pub use server::ServerPlace;
