//! The executor, its journal and its resumption, against actions that live in memory.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that panics is a failed test"
)]

mod crash;
mod execute;
mod fake;
mod killed;
mod orphans;
mod resume;
mod stops;
pub(crate) mod world;
