//! OX App Suite, through its command line tools: servers, schemata, update tasks, and settings in
//! property files.
//!
//! The tools are not believed (open-xchange/appsuite-middleware, 7.10.x): `runupdate` exits 0 when tasks
//! failed and when it did nothing, `checkdatabase` exits 0 always, `upgradeschemata` exits 0 when it was
//! aborted, does not know its own `-k`, and with `-f` enables schemata that it has half updated. So the
//! single tools are driven, what they print is read, and what `listUpdateTasks` says afterwards counts.
//!
//! Passwords: the admin tools take theirs from the environment (`ADMIN_PASSWORD`). The update tools
//! (`runupdate`, `listUpdateTasks`, `reloadconfiguration`) know only `-P`, an argument that every user of
//! the machine can read, so they are run without one, as the vendor's guide runs them.

mod csv;
mod lines;
mod properties;
mod property;
mod reload;
mod schema;
mod server;
mod survey;
mod tasks;
mod tools;
mod update;
mod words;

pub use property::{CheckProperty, RemoveProperty, SetProperty};
pub use reload::ReloadConfiguration;
pub use schema::{ChangeServer, DisableSchema, EnableSchema};
pub use server::{FindServer, RegisterServer};
pub use survey::CheckSchemata;
pub use tools::Tools;
pub use update::{CheckUpdated, RunUpdate};
