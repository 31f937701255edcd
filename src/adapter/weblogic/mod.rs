//! WebLogic through WLST: stop and start a deployment, pause and resume JMS, export and import of
//! every message.
//!
//! Every operation is one generated script, the same text for Jython 2.2.1 (WebLogic 12.2.1) and 2.7
//! (14.1.1 and later): `lint` refuses what the older one cannot parse. The script stays in the
//! step's directory of the run beside what it wrote. What WLST says and its exit code prove nothing:
//! it prints errors and goes on, wrappers lose the code, and commands become printing stubs when the
//! connection drops. So a script writes lines of JSON of what it *read back*, and the line that
//! counts the others comes last; without that line the step has failed.
//!
//! # Credentials
//!
//! The pair of files that WLST's `storeUserConfig` makes, or a password in an environment variable of
//! the tool. Never an argument, never the text of a script.
//!
//! # Messages
//!
//! An export wants production and consumption paused and nothing in flight, or it would not be one
//! moment's state. Distributed members, durable subscribers and delayed messages each count: without
//! the state mask a cursor shows only visible messages, and the queue of a server that does not run
//! is simply absent, so every expected server and every configured destination must be seen.
//!
//! An import sends: it is no transaction and gives every message a new identity, so a second one
//! doubles. It is told from what is there: the contents (properties and body, not the id) of every
//! destination are read before and after, and a batch's beginning and end are on disk before the next.
//!
//! The layers: `script` (text) and `lint` · `result` (its lines) · `session` (one run of WLST) ·
//! `message` (what one message is) and `record` (what a set remembers) · the actions.
//!
//! May import: `host`, `backup`, `event`, `site` (secret references), the adapter contracts. Must
//! never: put a password into an argument or a script, trust an exit code, or import what may be
//! there already.

mod application;
mod browse;
mod compare;
mod config_xml;
mod connection;
mod domain;
mod empty;
mod export;
mod format_check;
mod hold;
mod import;
mod import_files;
mod import_plan;
mod jms_state;
mod lint;
mod message;
mod record;
mod result;
mod script;
mod session;
mod start_servers;
mod stop_servers;
mod survey;
mod verify;
pub mod zdt;

pub(crate) use compare::exported_messages;

pub use application::{StartApplication, StopApplication};
pub use connection::Connection;
pub use domain::{Domain, NodeManager};
pub use empty::EmptyJms;
pub use export::ExportJms;
pub use format_check::WeblogicJmsCheck;
pub use hold::{HoldApplication, ReleaseApplication};
pub use import::ImportJms;
pub use jms_state::{PauseJms, ResumeJms};
pub use lint::{Fault, lint};
pub use start_servers::StartServers;
pub use stop_servers::{CheckDomainStopped, StopServers};
pub use survey::Survey;
pub use verify::VerifyJms;
