//! The PostgreSQL adapter against a real server, and against tools that lie.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers end the test where it cannot go on"
)]

mod dump;
mod interrupted;
mod restore;
pub(crate) mod rig;
mod script;
mod secrets;
