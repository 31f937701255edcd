//! `runs`: the runs of a site.

use std::io::Write;

use super::arguments::{ListArguments, ListFormat};
use super::exit::Exit;
use super::load::load;
use super::stop::Stop;
use crate::journal::{Lock, RunDirectory};
use crate::report::runs_view;

/// Lists the runs of a site, newest first.
pub(super) fn runs(arguments: &ListArguments, out: &mut dyn Write) -> Result<Exit, Stop> {
    let loaded = load(&arguments.site)?;
    let (runs, untold) = RunDirectory::list(&loaded.state)?;
    let holder = Lock::holder(&loaded.state);
    let rows = runs
        .into_iter()
        .map(|run| runs_view::Row {
            at_work: holder.as_ref().is_some_and(|holder| holder.run == run.run),
            run: run.run,
            phase: run.phase,
            scenario: run.scenario,
            set: run.set,
            started: run.started,
            latest: run.latest,
            steps: run.steps,
            outcome: run.outcome,
        })
        .collect::<Vec<_>>();
    let text = match arguments.format {
        ListFormat::Text if rows.is_empty() && !untold.is_empty() => String::new(),
        ListFormat::Text => runs_view::text(&rows),
        ListFormat::Json => runs_view::json(&rows),
    };
    out.write_all(text.as_bytes())?;
    for run in untold {
        Stop::from(run.error).print();
    }
    Ok(Exit::Done)
}
