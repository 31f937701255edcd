//! `command.run` and `command.check`: a program that the runbook names. For steps that no adapter
//! knows; what the program does is the runbook author's to say.

mod check;
mod program;
mod run;

pub use check::CommandCheck;
pub use run::CommandRun;
