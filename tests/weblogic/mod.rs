//! WebLogic's actions against real Jython, both versions, with stand-ins for WebLogic's own beans
//! (`tests/rig/weblogic`).

mod application;
mod export;
mod import;
mod jms_state;
mod rig;
mod survey;
