//! WebLogic's actions against real Jython, both versions, with stand-ins for WebLogic's own beans
//! (`tests/rig/weblogic`).

mod application;
mod empty;
mod export;
pub(crate) mod home;
mod import;
mod jms_state;
pub(crate) mod rig;
mod servers;
mod survey;
