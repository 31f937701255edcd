//! The one integration test binary.

mod host_run;
mod tree_roundtrip;
mod tree_world;
