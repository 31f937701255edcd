//! `backup`, `upgrade`, `restore`: plan, look, ask, run, show.

use std::io::Write;

use super::arguments::{AfterFailure, PlanFormat, RunArguments, RunningArguments};
use super::check;
use super::exit::Exit;
use super::gates;
use super::half_done;
use super::load::{LoadedSite, load};
use super::plan;
use super::planning::{Prepared, Purpose, prepare};
use super::practice;
use super::services::services;
use super::show;
use super::stop::Stop;
use crate::event::{FailureKind, RunOutcome, RunState, StepStatus};
use crate::plan::Phase;
use crate::report::check_view;
use crate::run::{self, Limits, RunReport, RunRequest, StopSource};

/// Runs a phase, or shows its plan.
pub(super) fn phase(
    phase: Phase,
    arguments: &RunArguments,
    from: Option<&str>,
    after_failure: Option<AfterFailure>,
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    let loaded = load(&arguments.planning.site)?;
    if arguments.dry_run {
        let prepared = prepare(&loaded, phase, &arguments.planning, from, Purpose::Look)?;
        return plan::write(&prepared, PlanFormat::Tree, out);
    }
    let mut prepared = prepare(&loaded, phase, &arguments.planning, from, Purpose::Run)?;
    // Only documents without a fault lay anything out; what is found then is planned anew.
    if phase == Phase::Backup && practice::lay_out(&loaded)? {
        let message = format!(
            "laid out the practice installation of site {}\n",
            loaded.head.site
        );
        _ = std::io::stderr().write_all(message.as_bytes());
        prepared = prepare(&loaded, phase, &arguments.planning, from, Purpose::Run)?;
    }
    // Whoever says where to begin knows what is done.
    if arguments.planning.start_at.is_none() {
        half_done::before(phase, &loaded)?;
    }
    let findings = check::look(&prepared);
    if let Some(exit) = check::refusal(&prepared, &findings) {
        _ = anstream::stderr().write_all(check_view::text(&findings).as_bytes());
        let message = format!("{phase} was not started: nothing was changed");
        let stop = Stop::new(exit, message)
            .hint("mend what is refused above; `upgrade-kit check` looks again");
        let stop = match half_done::perhaps(&loaded) {
            Some(hint) => stop.hint(hint),
            None => stop,
        };
        let unsaved = check::without_refused_copies(&findings);
        return Err(if unsaved.is_empty() {
            stop
        } else {
            stop.hint(format!(
                "or go back without a copy of the present state of that:{unsaved}"
            ))
        });
    }
    if phase != Phase::Backup
        && !arguments.running.yes
        && gates::asked(&question(&prepared)) == Some(false)
    {
        return Err(Stop::refused(format!(
            "{phase} was not started: nothing was changed"
        )));
    }
    let scenario = arguments.planning.scenario.as_str();
    let report = execute(prepared, &loaded, scenario, &arguments.running)?;
    let exit = exit_of(&report.state, report.outcome);
    match (exit, after_failure, &report.state.uses) {
        (Exit::StepFailed, Some(AfterFailure::Restore), Some(set))
            if report.state.no_return_passed =>
        {
            let set = set.clone();
            let mut again = arguments.clone();
            again.planning.skip.clear();
            again.planning.start_at = None;
            again.running.yes = true;
            self::phase(Phase::Restore, &again, Some(&set), None, out)?;
            Ok(exit)
        }
        _ => Ok(exit),
    }
}

fn question(prepared: &Prepared) -> String {
    let plan = &prepared.plan;
    let set = plan.uses_set.as_deref().unwrap_or("none");
    match plan.phase {
        Phase::Restore => format!(
            "Restore site {} from backup set {set}? The present state is saved first, then replaced.",
            plan.site
        ),
        Phase::Backup | Phase::Upgrade => {
            format!(
                "Upgrade site {}? Backup set {set} is the way back.",
                plan.site
            )
        }
    }
}

fn execute(
    prepared: Prepared,
    loaded: &LoadedSite,
    scenario: &str,
    running: &RunningArguments,
) -> Result<RunReport, Stop> {
    let request = RunRequest {
        plan: prepared.plan,
        site_text: loaded.source.text().to_owned(),
        instances: loaded.document.instances(&loaded.directory),
        limits: limits(running),
        stops: StopSource::Signals,
    };
    let services = services(running.yes, loaded.options.clone(), scenario.to_owned());
    show::while_running(running.output, loaded, Vec::new(), |events| {
        run::execute(request, services, events)
    })
}

/// How much at once.
pub(super) fn limits(running: &RunningArguments) -> Limits {
    let jobs = usize::from(running.jobs);
    Limits {
        jobs,
        keep_going: running.keep_going,
        ..Limits::default()
    }
}

/// The exit code of a run that has ended.
pub(super) fn exit_of(state: &RunState, outcome: RunOutcome) -> Exit {
    match outcome {
        RunOutcome::Done => Exit::Done,
        RunOutcome::Waiting => Exit::Waiting,
        RunOutcome::Interrupted => Exit::Interrupted,
        RunOutcome::Failed | RunOutcome::Unknown => {
            let damaged = state.steps.iter().any(|step| {
                matches!(&step.status, StepStatus::Failed { failure, .. }
                    if failure.kind == FailureKind::DamagedSet)
            });
            if damaged {
                Exit::DamagedSet
            } else {
                Exit::StepFailed
            }
        }
    }
}
