//! Takes up a run that was stopped, failed, waits or was killed.
//!
//! The journal tells what is finished; the world tells the rest. First nobody else may hold the
//! site, and what the killed run left at work is ended. Then every step that was started and has no
//! end is taken up as its effect demands: `pure` and `idempotent` ones run again, for `once` and
//! `external` ones the action looks how far it came, and if it cannot tell, a person does. That
//! happens when the step's turn comes, on its thread, like any other work.
//!
//! A failed step is tried again. If it must not happen twice, the action looks first there as well;
//! where the failure itself leaves open what was done (a time limit, a fault), a person is asked
//! rather than trusting that nothing was.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use super::decide::Limits;
use super::dispatch::{Stretch, boot_id, check, started};
use super::earlier::{Earlier, settle};
use super::error::RunError;
use super::orders::{History, Look};
use super::orphans::end_orphans;
use super::request::{RunReport, Services};
use super::sets::Sets;
use super::stop::StopSource;
use crate::adapter::Effect;
use crate::event::{
    Event, EventKind, FailureKind, RunOutcome, RunPhase, RunState, StepState, StepStatus,
};
use crate::journal::{Holder, Instances, JournalError, Lock, RunDirectory};
use crate::plan::{Plan, PlannedStep};

/// A run to go on with.
pub struct ResumeRequest {
    /// Where runs of the site are: `state` of its plans.
    pub state: PathBuf,
    /// Id of the run.
    pub run: String,
    /// See [`super::RunRequest::instances`].
    pub instances: Vec<PathBuf>,
    /// Whether runbook or site have changed since the plan was made; that is said.
    pub documents_changed: bool,
    /// How much at once.
    pub limits: Limits,
    /// Where requests to stop come from.
    pub stops: StopSource,
}

/// Goes on with a run, from its frozen plan. Returns as [`super::execute`] does.
pub fn resume(
    request: ResumeRequest,
    services: Services,
    events: Sender<Event>,
) -> Result<RunReport, RunError> {
    let directory = RunDirectory::open(&request.state, &request.run)?;
    let plan = Arc::new(directory.plan()?);
    check(&plan)?;
    let holder = Holder::this_process(&request.run, plan.phase.as_str());
    let lock = Lock::take(&request.state, &holder)?;
    let instances = Instances::take(&request.instances)?;
    let (journal, state, replay) = directory.reopen()?;
    if state.status == RunPhase::Finished(RunOutcome::Done) {
        return Err(RunError::AlreadyDone { run: request.run });
    }
    let digest = plan.digest();
    // Nothing of the run may have reached its journal; then it begins here.
    let is_new = state.status == RunPhase::New;
    if !is_new && state.plan != digest {
        return Err(changed_plan(&directory));
    }
    let boot = boot_id();
    let mut earlier = settle(&request.state, &request.run, &services, boot.as_deref())?;
    let sets = Sets::used_by(&plan)?.begin(&plan, &request.run)?;
    let same_boot = boot.is_some() && boot == state.boot;
    let mut notes: Vec<String> = replay.torn.into_iter().collect();
    notes.append(&mut earlier.notes);
    if request.documents_changed {
        notes.push(
            "the runbook or the site has changed since the run started; the plan from then is used"
                .to_owned(),
        );
    }
    notes.extend(end_orphans(&plan, &state, &services.hosts, same_boot)?);
    let rebooted = !is_new && !same_boot;
    if rebooted && sets.writing.is_some() {
        notes.push(
            "the machine was restarted; what finished steps wrote into the set is read again"
                .to_owned(),
        );
    }
    let history = histories(&plan, &state, &mut notes);
    let notes = notes.iter().map(|note| services.masker.mask(note));
    let notes = notes.collect();
    let opening = if is_new {
        started(&plan, &request.run, &sets, Earlier { notes, ..earlier })
    } else {
        EventKind::RunResumed {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            boot,
            notes,
        }
    };
    Stretch {
        plan,
        directory,
        journal,
        sets,
        state,
        opening: vec![opening],
        rebooted,
        history,
        limits: request.limits,
        stops: request.stops,
        lock,
        instances,
    }
    .run(services, events)
}

fn changed_plan(directory: &RunDirectory) -> RunError {
    RunError::Journal(JournalError::Damaged {
        path: directory.path().join("plan.json"),
        line: 1,
        reason: "it is not the plan that the run started with".to_owned(),
    })
}

/// What is known of every step that was started before, with a note for each that is taken up.
fn histories(plan: &Plan, state: &RunState, notes: &mut Vec<String>) -> HashMap<usize, History> {
    let mut histories = HashMap::new();
    for (at, (planned, step)) in plan.steps.iter().zip(&state.steps).enumerate() {
        if step.attempts == 0 {
            continue;
        }
        let (look, note) = taking_up(planned, step);
        notes.extend(note.map(|note| format!("step `{}` {note}", step.card.id)));
        let attempts = step.attempts;
        histories.insert(at, History { attempts, look });
    }
    histories
}

/// Whether the world is asked first, and what the operator is told.
fn taking_up(planned: &PlannedStep, step: &StepState) -> (Look, Option<&'static str>) {
    let repeatable = matches!(planned.effect, Effect::Pure | Effect::Idempotent);
    match &step.status {
        // A done step runs again only if what it left behind is lost.
        StepStatus::Done { .. } | StepStatus::Pending | StepStatus::NotRun { .. } => {
            let look = if repeatable { Look::No } else { Look::OrAsk };
            (look, None)
        }
        StepStatus::Failed { .. } if planned.optional => (Look::No, None),
        StepStatus::Failed { .. } if repeatable => (Look::No, Some("failed and runs again")),
        StepStatus::Failed { failure, .. } => {
            let look = if tells_what_happened(failure.kind) {
                Look::OrRepeat
            } else {
                Look::OrAsk
            };
            (
                look,
                Some("failed; how far it came is looked at before it runs again"),
            )
        }
        StepStatus::Waiting { .. } if planned.action == "gate" => {
            (Look::No, Some("waits for an answer and is asked again"))
        }
        StepStatus::Running { .. } | StepStatus::Waiting { .. } | StepStatus::Interrupted => {
            if repeatable {
                (Look::No, Some("was cut off and runs again"))
            } else {
                let note = "was cut off; how far it came is looked at before it runs again";
                (Look::OrAsk, Some(note))
            }
        }
    }
}

/// Whether a failed step knew what it did when it failed.
fn tells_what_happened(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Tool
        | FailureKind::Verification
        | FailureKind::Refused
        | FailureKind::System
        | FailureKind::DamagedSet => true,
        FailureKind::Timeout
        | FailureKind::Stopped
        | FailureKind::NeedsOperator
        | FailureKind::Internal
        | FailureKind::Unknown => false,
    }
}
