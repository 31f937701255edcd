//! The one integration test binary.

mod arrows;
mod cli;
mod host_files;
mod host_network;
mod host_run;
mod run;
mod tree_roundtrip;
mod tree_world;
