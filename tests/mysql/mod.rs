//! The MySQL adapter against a real MariaDB server, and against scripted tools of the other family.

mod dump;
mod families;
mod previews;
mod restore;
mod rig;
mod script;
mod secrets;
mod stage;
mod tools;
