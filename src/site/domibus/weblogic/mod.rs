//! What WebLogic tells Domibus, and what it configures in its place: start options, servers, deployments, data
//! sources and JMS modules of a domain.
//!
//! `config_xml` (the domain) and `descriptors` (files that it names), `start` (scripts) ← `read`.
//!
//! May import: what `site::domibus` may. Must never: read a password, or ask a server.

mod config_xml;
mod descriptors;
mod read;
mod start;

pub(super) use read::read;
