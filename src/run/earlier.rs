//! What earlier runs of a site have left: processes at work, and work that is half done.

use std::path::Path;

use super::error::RunError;
use super::orphans::{at_work, end_orphans};
use super::request::Services;
use crate::adapter::Effect;
use crate::event::{RunOutcome, RunState};
use crate::journal::{JournalError, RunDirectory, RunSummary, UntoldRun};
use crate::plan::{Phase, Plan};

/// An earlier run that another one has to know of.
#[derive(Debug)]
pub enum Left {
    /// What its journal tells.
    Run(RunSummary),
    /// It may have been the latest, and have changed anything.
    Untold(UntoldRun),
}

/// The upgrade or restore that has changed something, is not done, and was followed by no run that is done:
/// what it has left is neither the state before it nor the one that it was to reach. A backup that is not
/// done leaves the state before it, as far as it counts here.
pub fn unfinished(state: &Path) -> Result<Option<Left>, RunError> {
    let (runs, untold) = RunDirectory::list(state)?;
    let is_done = |run: &RunSummary| run.outcome == Some(RunOutcome::Done);
    let latest = runs
        .into_iter()
        .filter(|run| is_done(run) || run.phase != Phase::Backup.as_str())
        .find(|run| has_changed(state, &run.run));
    Ok(left(latest.filter(|run| !is_done(run)), untold))
}

/// The latest run that began after that one and has changed something: what it has done may be undone by
/// now, or done once more. None for a run that never began.
pub fn later(state: &Path, run: &str) -> Result<Option<Left>, RunError> {
    let (mut runs, mut untold) = RunDirectory::list(state)?;
    let at = runs.iter().position(|one| one.run == run);
    runs.truncate(at.unwrap_or(0));
    untold.retain(|one| one.run != run);
    let later = runs.into_iter().find(|one| has_changed(state, &one.run));
    Ok(left(later, untold))
}

fn left(known: Option<RunSummary>, untold: Vec<UntoldRun>) -> Option<Left> {
    let untold = untold.into_iter().next();
    known.map(Left::Run).or(untold.map(Left::Untold))
}

/// Whether a step that changes something was begun. A run that cannot be read may have changed
/// anything.
fn has_changed(state: &Path, run: &str) -> bool {
    read(state, run).map_or(true, |(plan, state)| {
        let mut steps = plan.steps.iter().zip(&state.steps);
        steps.any(|(planned, step)| step.attempts > 0 && planned.effect != Effect::Pure)
    })
}

fn read(state: &Path, run: &str) -> Result<(Plan, RunState), JournalError> {
    let directory = RunDirectory::open(state, run)?;
    Ok((directory.plan()?, directory.state()?))
}

/// What a run has to know of those before it.
pub(super) struct Earlier {
    /// See `order` of [`crate::event::EventKind::RunStarted`], of a run that begins now.
    pub(super) order: u64,
    /// What was found and done, for the operator.
    pub(super) notes: Vec<String>,
}

/// Ends what other runs that were killed have left at work. Called with the lock of the site, so that
/// none of them lives. A job that only its own run can take up again is an error.
pub(super) fn settle(
    state: &Path,
    own: &str,
    services: &Services,
    boot: Option<&str>,
) -> Result<Earlier, RunError> {
    let (runs, untold) = RunDirectory::list(state)?;
    let latest = runs.first().map_or(0, |run| run.order);
    let order = latest.saturating_add(1);
    let unseen = |error: &JournalError| format!("what it left at work was not looked for: {error}");
    let mut notes: Vec<_> = untold
        .iter()
        .filter(|one| one.run != own)
        .map(|one| format!("run {}: {}", one.run, unseen(&one.error)))
        .map(|note| services.masker.mask(&note))
        .collect();
    for run in runs {
        if run.run == own || run.outcome.is_some() {
            continue;
        }
        let note = |text: &str| {
            let text = format!("{} run {}: {text}", run.phase, run.run);
            services.masker.mask(&text)
        };
        let (plan, state) = match read(state, &run.run) {
            Ok(read) => read,
            Err(error) => {
                notes.push(note(&unseen(&error)));
                continue;
            }
        };
        let same_boot = boot.is_some() && boot == state.boot.as_deref();
        if !same_boot {
            continue;
        }
        let job = at_work(&plan, &state, &services.hosts)
            .into_iter()
            .find(|(step, ..)| step.effect == Effect::External);
        if let Some((step, tool, _)) = job {
            return Err(RunError::JobLeft {
                run: run.run.clone(),
                step: step.id.clone(),
                pid: tool.pid,
            });
        }
        let ended = end_orphans(&plan, &state, &services.hosts, same_boot)?;
        notes.extend(ended.iter().map(|text| note(text)));
    }
    Ok(Earlier { order, notes })
}
