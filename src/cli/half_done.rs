//! What one run has left half-way is nothing that another one builds on, unless a person says so. An
//! answer that was given in advance (`--yes`) is none to these questions; where to begin is one.

use super::gates;
use super::load::LoadedSite;
use super::stop::Stop;
use crate::adapter::Finding;
use crate::event::RunOutcome;
use crate::journal::{JournalError, Lock, RunDirectory, RunSummary, UntoldRun};
use crate::plan::Phase;
use crate::run::{self, Left};

/// Before a new run.
pub(super) fn before(phase: Phase, loaded: &LoadedSite) -> Result<(), Stop> {
    let Some(left) = in_the_way(phase, loaded)? else {
        return Ok(());
    };
    let fact = not_finished(&left);
    if gates::asked(&format!("{fact}. Begin a new {phase} nevertheless?")) == Some(true) {
        return Ok(());
    }
    let options = &loaded.options;
    let message = format!("{phase} was not started, nothing was changed: {fact}");
    let stop = Stop::refused(message).hint(goes_on(&left, loaded));
    let stop = match &left {
        Left::Run(RunSummary {
            phase,
            scenario,
            set: Some(set),
            ..
        }) if phase == Phase::Upgrade.as_str() => stop.hint(format!(
            "`upgrade-kit restore --scenario {scenario} --from {set} {options}` leads back"
        )),
        _ => stop,
    };
    Err(stop.hint(format!(
        "if you know how far it came, `--start-at STEP` begins a new {phase} there"
    )))
}

/// The same for `check`, which asks nobody.
pub(super) fn finding(phase: Phase, loaded: &LoadedSite) -> Result<Option<Finding>, Stop> {
    let left = in_the_way(phase, loaded)?;
    Ok(left.map(|left| Finding::refuse(not_finished(&left)).hint(goes_on(&left, loaded))))
}

/// For whoever is told that something is missing: the run that has perhaps moved it, and can put it where
/// it belongs.
pub(super) fn perhaps(loaded: &LoadedSite) -> Option<String> {
    let left = unfinished(loaded).ok()??;
    let (fact, next) = (not_finished(&left), goes_on(&left, loaded));
    Some(format!("{fact}; {next}"))
}

/// What must be asked about before a new run. A restore leads out of any state.
fn in_the_way(phase: Phase, loaded: &LoadedSite) -> Result<Option<Left>, Stop> {
    if phase == Phase::Restore {
        return Ok(None);
    }
    unfinished(loaded)
}

/// The upgrade or restore that is neither done nor at work, or a run that may be one.
fn unfinished(loaded: &LoadedSite) -> Result<Option<Left>, Stop> {
    // A run that is at work will be named by its lock.
    if Lock::holder(&loaded.state).is_some() {
        return Ok(None);
    }
    run::unfinished(&loaded.state).map_err(|error| Stop::of_run(error, &loaded.options))
}

fn not_finished(left: &Left) -> String {
    match left {
        Left::Run(left) => format!(
            "{} run {} is not finished, it {}",
            left.phase,
            left.run,
            how(left)
        ),
        Left::Untold(left) => not_known(left),
    }
}

fn not_known(left: &UntoldRun) -> String {
    let UntoldRun { run, error } = left;
    let cause = std::error::Error::source(error);
    let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
    format!("what run {run} has done is not known: {error}{cause}")
}

fn goes_on(left: &Left, loaded: &LoadedSite) -> String {
    match left {
        Left::Run(left) => format!(
            "`upgrade-kit resume {} {}` goes on with it",
            left.run, loaded.options
        ),
        Left::Untold(left) => comes_to_terms(left, loaded),
    }
}

/// What can be done about a run that cannot be told.
fn comes_to_terms(left: &UntoldRun, loaded: &LoadedSite) -> String {
    let told = match &left.error {
        JournalError::Damaged { .. } => None,
        other => other.hint(),
    };
    told.unwrap_or_else(|| {
        format!(
            "look at the installation; once it is as it should be, move {} away",
            RunDirectory::place(&loaded.state, &left.run).display()
        )
    })
}

/// Before a run is resumed: nothing may have worked on the site since.
pub(super) fn since(run: &str, loaded: &LoadedSite) -> Result<(), Stop> {
    if Lock::holder(&loaded.state).is_some() {
        return Ok(());
    }
    let later =
        run::later(&loaded.state, run).map_err(|error| Stop::of_run(error, &loaded.options))?;
    let Some(latest) = later else {
        return Ok(());
    };
    let fact = match &latest {
        Left::Run(latest) => format!(
            "{} run {} has worked on this site since, it {}",
            latest.phase,
            latest.run,
            how(latest)
        ),
        Left::Untold(other) => not_known(other),
    };
    if gates::asked(&format!("{fact}. Go on with run {run} nevertheless?")) == Some(true) {
        return Ok(());
    }
    let message = format!("run {run} was not resumed, nothing was changed: {fact}");
    let hint = match &latest {
        Left::Run(_) => {
            "what it did may be undone by now, and would not be done again: begin a new run"
                .to_owned()
        }
        Left::Untold(other) => comes_to_terms(other, loaded),
    };
    Err(Stop::refused(message).hint(hint))
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
