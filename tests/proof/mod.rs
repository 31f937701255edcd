//! The acceptance proof: the built program takes installations through backup, upgrade and restore,
//! is killed on the way, and what comes out is compared with what was there.
//!
//! Random moments come from a seed that is printed; `UPGRADE_KIT_SEED` plays one again.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers end the test where it cannot go on"
)]

mod anew;
pub(crate) mod calls;
mod elsewhere;
mod kill;
pub(crate) mod kit;
mod on_weblogic;
mod phases;
mod place;
mod power;
pub(crate) mod random;
mod real;
mod real_kill;
mod round_trip;
mod secrets;
pub(crate) mod sets;
pub(crate) mod tree;
mod weblogic;
mod wildfly;
