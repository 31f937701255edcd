//! WSO2 products from backup to restore: real databases, a simulated Carbon.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers end the test where it cannot go on"
)]

mod databases;
mod killed;
mod refused;
mod refused_databases;
mod refused_files;
mod round_trip;
mod world;
