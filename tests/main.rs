//! The one integration test binary.

mod host_run;
mod set_whole;
mod tree_actions;
mod tree_roundtrip;
mod tree_world;
