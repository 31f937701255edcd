//! The way from the command line to a command and back to an exit code; and a run's events to the eye.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};

use clap::Parser;

use super::arguments::{Arguments, Command, Output};
use super::exit::Exit;
use super::stop::Stop;
use super::{actions, backups, check, phase, plan, resume, runbooks, runs, schema};
use crate::event::Event;
use crate::plan::Phase;
use crate::run::{RunError, RunReport};

/// The program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = std::io::stdout().lock();
    let result = run(&arguments, &mut out);
    drop(out);
    match result {
        Ok(exit) => exit.into(),
        Err(stop) if stop.is_broken_pipe() => Exit::Done.into(),
        Err(stop) => {
            stop.print();
            stop.exit().into()
        }
    }
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
        Command::Schema { document } => schema::schema(*document, out),
        Command::Completions { shell } => Ok(schema::completions(*shell, out)),
        Command::Man => schema::man(out),
    }
}

/// Runs, and shows the events on a thread of their own, so that a slow terminal never holds up a
/// step.
pub fn while_running(
    _output: Output,
    _backups: &Path,
    run: impl FnOnce(Sender<Event>) -> Result<RunReport, RunError>,
) -> Result<RunReport, Stop> {
    let (sender, events) = channel();
    let shower = std::thread::spawn(move || {
        let mut out = std::io::stdout();
        for event in events {
            if let Ok(line) = serde_json::to_string(&event) {
                _ = writeln!(out, "{line}");
            }
        }
    });
    let report = run(sender);
    _ = shower.join();
    Ok(report?)
}
