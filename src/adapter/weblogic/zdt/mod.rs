//! Zero downtime patching: rollouts of an Oracle home, a Java home and applications over a domain, and
//! what has to be prepared for them (document weblogic-zdt).
//!
//! A rollout is a workflow of the Admin Server. It lives on when WLST or the kit is gone and when the
//! Admin Server itself is restarted by it, so its id is on disk before it is first asked for its state,
//! and whoever comes back asks for that id. What the workflow says is not enough: nodes and servers are
//! read back.
//!
//! May import: what `weblogic` may, and the site's topology, which the restrictions judge.

mod archive_home;
mod arrived;
mod check;
mod check_node;
mod deliver;
mod find;
mod home;
mod node;
mod patch_home;
mod progress;
mod rollout;
mod rules;
mod rules_homes;
mod rules_services;
mod survey;
mod take_back;
mod workflow;
mod write_file;

pub use archive_home::{ArchiveHome, UnpackHome};
pub use check::CheckRestrictions;
pub use check_node::CheckNode;
pub use deliver::Deliver;
pub use find::{Expected, FindRolledOut};
pub use patch_home::PatchHome;
pub use rollout::{Rollout, RolloutOptions};
pub use survey::SurveyDomain;
pub use take_back::TakeBack;
pub use write_file::{WriteApplications, WriteMigrations};
