//! A run's events, to the eye.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};

use indicatif::ProgressDrawTarget;

use super::arguments::Output;
use super::load::LoadedSite;
use super::stop::Stop;
use crate::event::Event;
use crate::report::{JsonReporter, LinesReporter, Look, Reporter, TerminalReporter};
use crate::run::{RunError, RunReport};

/// Runs, and shows the events on a thread of their own, so that a slow terminal never holds up a
/// step. `past` are the events of earlier stretches of the run.
pub(super) fn while_running(
    output: Output,
    loaded: &LoadedSite,
    past: Vec<Event>,
    run: impl FnOnce(Sender<Event>) -> Result<RunReport, RunError>,
) -> Result<RunReport, Stop> {
    let (sender, events) = channel::<Event>();
    let mut reporter = reporter(output, &loaded.backups);
    let shower = std::thread::spawn(move || {
        for event in &past {
            reporter.past(event);
        }
        // A reader that went away stops the showing, never the run.
        let mut seen = true;
        for event in events {
            tracing::debug!(seq = event.seq, step = event.kind.step(), kind = ?event.kind);
            seen = seen && reporter.event(&event).is_ok();
        }
    });
    let report = run(sender);
    _ = shower.join();
    report.map_err(|error| Stop::of_run(error, &loaded.options))
}

fn reporter(output: Output, backups: &Path) -> Box<dyn Reporter + Send> {
    let is_terminal = std::io::stderr().is_terminal();
    let terminal = match output {
        // Bars for nobody, or where they cannot be drawn (`TERM=dumb`), would be nothing at all, not even
        // what failed.
        Output::Auto | Output::Terminal => is_terminal && !ProgressDrawTarget::stderr().is_hidden(),
        Output::Lines => false,
        Output::Json => return Box::new(JsonReporter::new(std::io::stdout())),
    };
    let backups = Some(backups.to_owned());
    if !terminal {
        return Box::new(LinesReporter::new(std::io::stdout(), backups));
    }
    let width = rustix::termios::tcgetwinsize(std::io::stderr()).ok();
    let width = width.map(|size| usize::from(size.ws_col));
    let look = Look::of(|name| std::env::var(name).ok(), is_terminal, width);
    Box::new(TerminalReporter::new(
        ProgressDrawTarget::stderr(),
        look,
        true,
        backups,
    ))
}
