//! The one integration test binary.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::pedantic,
    clippy::type_complexity,
    reason = "what stands around the test functions is test code as well; it prints and starts processes"
)]

mod arrows;
mod artemis_broker;
mod artemis_portable;
mod artemis_portable_errors;
mod artemis_stores;
mod broker_rig;
mod broker_stores;
mod cli;
mod coverage;
mod database_stage;
mod domibus_artemis_queues;
mod domibus_queues;
mod dying_host;
mod executor;
mod fake_tools;
mod faults;
mod fuzz;
mod h2_file;
mod h2_page_store;
mod host_files;
mod host_network;
mod host_run;
mod host_streams;
mod hostile;
mod kahadb_broker;
mod kahadb_crashes;
mod kahadb_stores;
mod moving;
mod mysql;
mod new_place;
mod oracle;
mod ox;
mod plans;
mod planted;
mod postgres;
mod proof;
mod rig_server;
mod secret_sampler;
mod server;
mod server_wildfly;
mod server_wildfly_real;
mod set_whole;
mod small_actions;
mod stage;
mod tree_actions;
mod tree_roundtrip;
mod tree_world;
mod weblogic;
mod wildfly_rig;
mod wso2;
mod xml_edit;
mod zdt;
