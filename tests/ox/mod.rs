//! The rolling upgrade of OX App Suite, against a simulated cluster (`sim/`). No cluster can be had: what
//! is proven here is proven against what the sources and documentation of its tools say.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers end the test where it cannot go on"
)]

mod bad_input;
mod bad_tools;
mod database;
mod failures;
mod interrupted;
mod order;
mod properties;
pub(crate) mod rig;
mod secrets;
