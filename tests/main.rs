//! The one integration test binary.

mod arrows;
mod domibus_queues;
mod executor;
mod h2_file;
mod host_files;
mod host_network;
mod host_run;
mod kahadb_crashes;
mod kahadb_stores;
mod mysql;
mod proof;
mod server;
mod small_actions;
mod stage;
mod tree_roundtrip;
mod tree_world;
