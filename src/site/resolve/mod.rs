//! From the site document and what is installed to the resolved site, one file for each section.

mod broker;
mod database;
mod folders;
mod server;
mod site;
mod upgrade;

pub use site::{Basis, FindProgram, Surroundings, absolute, resolve};
