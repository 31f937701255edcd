//! The one integration test binary.

mod host_run;
mod run;
