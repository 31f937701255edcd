//! The Oracle adapter against simulated `expdp`, `impdp` and `sqlplus` (in `sim/`). No Oracle database can
//! be had: what is proven here is proven against their documented behaviour, not against Oracle.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers end the test where it cannot go on"
)]

mod export;
mod interrupted;
mod restore;
pub(crate) mod rig;
mod script;
mod secrets;
