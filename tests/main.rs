//! The one integration test binary.

mod arrows;
mod executor;
mod host_files;
mod host_network;
mod host_run;
mod mysql;
mod server;
mod small_actions;
mod stage;
mod tree_roundtrip;
mod tree_world;
