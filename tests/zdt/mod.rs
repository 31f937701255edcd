//! Zero downtime patching: rollouts under real Jython with stand-ins for WebLogic's workflows, Oracle's
//! tools on homes simulated, nodes as directories.

mod prepare;
mod rollout;
pub(crate) mod way_back;
pub(crate) mod world;
