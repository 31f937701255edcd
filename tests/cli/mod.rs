//! The program from outside: what an operator types, sees and finds afterwards.
//!
//! Every test runs the built program in a place of its own and holds its whole output, its exit code
//! and what it left behind.

mod after_another;
mod documents;
mod elsewhere;
mod gates;
pub(crate) mod harness;
mod interrupted;
mod machine;
mod oracle_site;
mod overlays;
pub(crate) mod picture;
mod purity;
mod queues;
mod round_trip;
mod running;
mod secrets;
mod selection;
mod sets;
mod site_file;
mod weblogic_site;
mod weblogic_zdt;
mod weblogic_zdt_files;
mod weblogic_zdt_site;
