//! The way from the command line to a command, and back to an exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use tracing_subscriber::EnvFilter;

use super::arguments::{Arguments, Command};
use super::exit::Exit;
use super::stop::Stop;
use super::{actions, backups, check, phase, plan, resume, runbooks, runs, schema};
use crate::plan::Phase;

/// The program.
pub fn main() -> ExitCode {
    keep_memory_private();
    let arguments = Arguments::parse();
    let mut out = std::io::stdout();
    let result = log(&arguments).and_then(|()| run(&arguments, &mut out));
    match result {
        Ok(exit) => exit.into(),
        Err(stop) if stop.is_broken_pipe() => Exit::Done.into(),
        Err(stop) => {
            stop.print();
            stop.exit().into()
        }
    }
}

/// A core file of this process would hold secrets in plain, and so does its memory for whoever may
/// trace it: both are for nobody but root. Tools do not inherit it, and a server that is started keeps
/// the operator's limits. Where the system refuses, nothing else is lost.
fn keep_memory_private() {
    _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Sets up the developer's log. It never is the only trace of a fact: that is what events are for.
fn log(arguments: &Arguments) -> Result<(), Stop> {
    let Some(filter) = &arguments.log else {
        return Ok(());
    };
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Stop::because(Exit::Usage, &error).hint("write it as `debug` or `upgrade_kit=trace`")
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    Ok(())
}

fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, Stop> {
    match &arguments.command {
        Command::Backup(run) => phase::phase(Phase::Backup, run, None, None, out),
        Command::Upgrade(upgrade) => phase::phase(
            Phase::Upgrade,
            &upgrade.restore.run,
            upgrade.restore.from.as_deref(),
            upgrade.on_failure,
            out,
        ),
        Command::Restore(restore) => phase::phase(
            Phase::Restore,
            &restore.run,
            restore.from.as_deref(),
            None,
            out,
        ),
        Command::Plan(arguments) => plan::plan(arguments, out),
        Command::Check(arguments) => check::check(arguments, out),
        Command::Resume(arguments) => resume::resume(arguments),
        Command::Runs(arguments) => runs::runs(arguments, out),
        Command::Backups(command) => backups::backups(command, out),
        Command::Runbooks(command) => runbooks::runbooks(command, out),
        Command::Actions { name } => actions::actions(name.as_deref(), out),
        Command::Schema { document, product } => schema::schema(*document, *product, out),
        Command::Completions { shell } => Ok(schema::completions(*shell, out)),
        Command::Man => schema::man(out),
    }
}
