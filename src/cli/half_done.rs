//! What one run has left half-way is nothing that another one builds on, unless somebody says so.

use super::gates;
use super::load::LoadedSite;
use super::stop::Stop;
use crate::event::RunOutcome;
use crate::journal::{Lock, RunSummary};
use crate::plan::Phase;
use crate::run;

/// Before a new run. A restore leads out of any state; what a backup leaves is the state before it, as
/// far as it counts here.
pub(super) fn before(phase: Phase, loaded: &LoadedSite, yes: bool) -> Result<(), Stop> {
    // A run that is at work will be named by its lock.
    if yes || phase == Phase::Restore || Lock::holder(&loaded.state).is_some() {
        return Ok(());
    }
    let left = run::unfinished(&loaded.state)
        .map_err(|error| Stop::of_run(error, &loaded.options))?
        .filter(|run| run.phase != Phase::Backup.as_str());
    let Some(left) = left else {
        return Ok(());
    };
    let fact = format!(
        "{} run {} is not finished, it {}",
        left.phase,
        left.run,
        how(&left)
    );
    if gates::asked(&format!("{fact}. Begin a new {phase} nevertheless?")) == Some(true) {
        return Ok(());
    }
    let options = &loaded.options;
    let stop = Stop::refused(format!(
        "{phase} was not started, nothing was changed: {fact}"
    ))
    .hint(format!(
        "`upgrade-kit resume {} {options}` goes on with it",
        left.run
    ));
    let stop = match &left.set {
        Some(set) if left.phase == Phase::Upgrade.as_str() => stop.hint(format!(
            "`upgrade-kit restore --scenario {} --from {set} {options}` leads back",
            left.scenario
        )),
        _ => stop,
    };
    Err(stop.hint(format!("`--yes` begins a new {phase} nevertheless")))
}

/// Before a run is resumed: nothing may have worked on the site since.
pub(super) fn since(run: &str, loaded: &LoadedSite, yes: bool) -> Result<(), Stop> {
    if yes || Lock::holder(&loaded.state).is_some() {
        return Ok(());
    }
    let later =
        run::later(&loaded.state, run).map_err(|error| Stop::of_run(error, &loaded.options))?;
    let Some(latest) = later.first() else {
        return Ok(());
    };
    let fact = format!(
        "{} run {} has worked on this site since, it {}",
        latest.phase,
        latest.run,
        how(latest)
    );
    if gates::asked(&format!("{fact}. Go on with run {run} nevertheless?")) == Some(true) {
        return Ok(());
    }
    let message = format!("run {run} was not resumed, nothing was changed: {fact}");
    Err(Stop::refused(message)
        .hint("what it did may be undone by now, and would not be done again: begin a new run")
        .hint("`--yes` goes on with it nevertheless"))
}

fn how(run: &RunSummary) -> &'static str {
    match run.outcome {
        None => "was cut off",
        Some(RunOutcome::Done) => "is done",
        Some(RunOutcome::Failed) => "failed",
        Some(RunOutcome::Interrupted) => "was interrupted",
        Some(RunOutcome::Waiting) => "waits for an answer",
        Some(RunOutcome::Unknown) => "ended in a way that this version does not know",
    }
}
