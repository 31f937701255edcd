//! From the site document and what is installed to the resolved site, one file for each section.

mod broker;
mod database;
mod folders;
mod next;
mod server;
mod site;
mod upgrade;
mod weblogic;

pub use next::same_address;
pub use site::{After, Basis, FindProgram, Surroundings, absolute, resolve};
use site::{Given, Installation, config, installation};
