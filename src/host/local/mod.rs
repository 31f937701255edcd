//! This machine: [`LocalHost`].
//!
//! `run` supervises one tool: `spawn` starts it (with the unsafe part in `session`),
//! `outputs` drains and masks, `input` feeds, `group` ends what is left. The other files each hold
//! one kind of file, process or network operation. The only folder that starts processes.

mod atomic;
mod attributes;
mod files;
mod folder;
mod group;
mod held;
mod input;
mod local_host;
mod locks;
mod network;
mod outputs;
mod process;
mod run;
mod secret_pipe;
mod session;
mod spawn;
mod supervision;
mod tool;
mod tree;
mod writer;

pub use local_host::LocalHost;
