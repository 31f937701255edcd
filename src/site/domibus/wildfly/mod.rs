//! What WildFly tells Domibus, and what it configures in its place: start options, the directories and ports of
//! the server, system properties, data sources, the broker, the folder from which it deploys.
//!
//! `start` (script, environment, command) and `standalone_xml` (one configuration file) ← `broker`,
//! `data_sources` ← `read`.
//!
//! May import: what `site::domibus` may. Must never: read a password.

mod broker;
mod data_sources;
mod read;
mod standalone_xml;
mod start;

pub(super) use read::read;
