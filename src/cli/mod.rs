//! The command line: one file per command; the only room that wires the others together.
//!
//! Exit codes are decided in `exit`, errors are put into words in `stop`. Standard output carries
//! what was asked for (a plan, a list, JSON events); everything else goes to standard error.

mod actions;
mod arguments;
mod backups;
mod check;
mod domibus;
mod exit;
mod gates;
mod half_done;
mod load;
mod ox;
mod phase;
mod plan;
mod planning;
mod practice;
mod program;
mod resume;
mod runbooks;
mod runs;
mod schema;
mod services;
mod show;
mod stop;
mod weblogic;
mod wso2;

pub use arguments::Arguments;
pub use exit::Exit;
pub use program::main;
