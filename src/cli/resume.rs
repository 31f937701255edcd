//! `resume`: goes on with an interrupted, failed or waiting run.

use super::arguments::ResumeArguments;
use super::exit::Exit;
use super::half_done;
use super::load::{LoadedSite, load};
use super::phase::{exit_of, limits};
use super::planning::documents;
use super::services::services;
use super::show;
use super::stop::Stop;
use crate::event::RunOutcome;
use crate::journal::RunDirectory;
use crate::plan::Plan;
use crate::run::{self, ResumeRequest, StopSource};

/// Goes on with a run.
pub(super) fn resume(arguments: &ResumeArguments) -> Result<Exit, Stop> {
    let loaded = load(&arguments.site)?;
    let run = match &arguments.run {
        Some(run) => run.clone(),
        None => newest_unfinished(&loaded)?,
    };
    let directory = RunDirectory::open(&loaded.state, &run)?;
    half_done::since(&run, &loaded)?;
    let plan = directory.plan()?;
    let mut past = Vec::new();
    directory.replay(|event| past.push(event))?;
    let request = ResumeRequest {
        state: loaded.state.clone(),
        run,
        instances: loaded.document.instances(&loaded.directory),
        documents_changed: documents_changed(&loaded, &plan),
        limits: limits(&arguments.running),
        stops: StopSource::Signals,
    };
    let running = &arguments.running;
    let services = services(running.yes, loaded.options.clone(), plan.scenario.clone());
    let report = show::while_running(running.output, &loaded, past, |events| {
        run::resume(request, services, events)
    })?;
    Ok(exit_of(&report.state, report.outcome))
}

fn newest_unfinished(loaded: &LoadedSite) -> Result<String, Stop> {
    let (runs, untold) = RunDirectory::list(&loaded.state)?;
    // It may be the newest.
    if let Some(one) = untold.into_iter().next() {
        return Err(
            Stop::from(one.error).hint("name the run to resume: `upgrade-kit runs` lists them")
        );
    }
    match runs.first() {
        Some(run) if run.outcome != Some(RunOutcome::Done) => Ok(run.run.clone()),
        Some(run) => Err(Stop::refused(format!(
            "the newest run, {}, is done: nothing to resume",
            run.run
        ))
        .hint("`upgrade-kit runs` lists all; name the one to resume")),
        None => Err(
            Stop::refused(format!("site `{}` has no runs", loaded.head.site))
                .hint("begin one with `upgrade-kit backup`, `upgrade` or `restore`"),
        ),
    }
}

/// Whether the documents that the plan was made from have changed, or are gone or invalid now. Plans
/// are not compared: the run itself may have changed what a plan is made from.
fn documents_changed(loaded: &LoadedSite, plan: &Plan) -> bool {
    !documents(loaded, &plan.scenario).is_ok_and(|present| present == plan.documents)
}
