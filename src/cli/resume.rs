//! `resume`: goes on with an interrupted, failed or waiting run.

use super::arguments::{PlanningArguments, ResumeArguments};
use super::exit::Exit;
use super::load::{LoadedSite, load};
use super::phase::{exit_of, limits};
use super::planning::{Purpose, prepare};
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
    let plan = directory.plan()?;
    let mut past = Vec::new();
    directory.replay(|event| past.push(event))?;
    let request = ResumeRequest {
        state: loaded.state.clone(),
        run,
        present_plan: present_digest(&loaded, &plan, arguments),
        limits: limits(&arguments.running),
        stops: StopSource::Signals,
    };
    let running = &arguments.running;
    let services = services(running.yes, loaded.options.clone(), plan.scenario.clone());
    let report = show::while_running(running.output, &loaded.backups, past, |events| {
        run::resume(request, services, events)
    })?;
    Ok(exit_of(&report.state, report.outcome))
}

fn newest_unfinished(loaded: &LoadedSite) -> Result<String, Stop> {
    let runs = RunDirectory::list(&loaded.state)?;
    match runs.first() {
        Some(run) if run.outcome != Some(RunOutcome::Done) => Ok(run.run.clone()),
        Some(run) => Err(Stop::refused(format!(
            "the newest run, {}, is done: nothing to resume",
            run.run
        ))
        .hint("`upgrade-kit runs` lists all; name the one to resume")),
        None => Err(Stop::refused(format!(
            "site `{}` has no runs",
            loaded.document.site
        ))),
    }
}

/// The digest of the plan as it would be made now, to tell whether the documents have changed since.
/// A plan that cannot be made any more tells nothing; neither does one of an installation that the
/// run itself has changed.
fn present_digest(loaded: &LoadedSite, plan: &Plan, arguments: &ResumeArguments) -> Option<String> {
    let planning = PlanningArguments {
        scenario: plan.scenario.clone(),
        site: arguments.site.clone(),
        skip: Vec::new(),
        start_at: None,
    };
    let from = plan.uses_set.as_deref();
    let present = prepare(loaded, plan.phase, &planning, from, Purpose::Look).ok()?;
    let same = present.plan.documents == plan.documents;
    Some(if same {
        plan.digest()
    } else {
        present.plan.digest()
    })
}
