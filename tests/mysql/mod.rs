//! The MySQL adapter against a real MariaDB server, and against scripted tools of the other family.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers end the test where it cannot go on"
)]

mod dump;
mod families;
mod interrupted;
mod oracle_mysql;
mod previews;
mod restore;
pub(crate) mod rig;
mod script;
mod secrets;
mod stage;
