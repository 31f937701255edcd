//! The one integration test binary.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "what stands around the test functions is test code as well; it prints and starts processes"
)]

mod arrows;
mod host_files;
mod host_network;
mod host_run;
mod host_streams;
mod run;
mod server;
mod small_actions;
mod stage;
