//! What the executor uses: this machine, the secrets, the actions, the closing words.

use std::sync::Arc;

use super::gates::Gates;
use crate::adapter::{Failure, registry};
use crate::event::{FailureKind, RunOutcome, RunState, StepStatus};
use crate::host::{Control, Host, LocalHost, Masker, Secret};
use crate::plan::fill_outputs;
use crate::run::{Closing, Services};
use crate::site::{SecretRef, resolve_secret};

/// The services of a run.
pub(super) fn services(yes: bool, options: String, scenario: String) -> Services {
    let masker = Masker::default();
    let host: Arc<dyn Host> = Arc::new(LocalHost);
    let secret_host = Arc::clone(&host);
    let secret_masker = masker.clone();
    Services {
        hosts: Box::new(move |name| (name == "local").then(|| Arc::clone(&host))),
        secrets: Box::new(move |reference| secret(reference, secret_host.as_ref(), &secret_masker)),
        masker,
        gatekeeper: Arc::new(Gates::new(yes)),
        fill_outputs,
        actions: Box::new(registry::find),
        closing: Box::new(move |state, outcome| closing(state, outcome, &options, &scenario)),
    }
}

/// Resolves a secret on the machine that runs the program.
pub(super) fn secret(
    reference: &SecretRef,
    host: &dyn Host,
    masker: &Masker,
) -> Result<Secret, Failure> {
    let control = Control::unattended(masker.clone());
    let secret = resolve_secret(reference, host, &control).map_err(|error| {
        let failure = Failure::new(FailureKind::Refused, error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    masker.add(&secret);
    Ok(secret)
}

/// What the operator can do next, as complete commands.
fn closing(state: &RunState, outcome: RunOutcome, options: &str, scenario: &str) -> Closing {
    let resume = format!("upgrade-kit resume {} {options}", state.run);
    let with_set = |command: &str, set: &str| {
        format!("upgrade-kit {command} --scenario {scenario} --from {set} {options}")
    };
    let mut next = Vec::new();
    match (outcome, state.phase.as_str(), &state.set, &state.uses) {
        (RunOutcome::Done, "backup", Some(set), _) if everything_ran(state) => {
            next.push(with_set("upgrade", set));
        }
        (RunOutcome::Done, ..) => {}
        (_, "upgrade", _, Some(set)) => {
            next.push(resume);
            next.push(with_set("restore", set));
        }
        (RunOutcome::Waiting, ..) if gates_only(state) => next.push(format!("{resume} --yes")),
        (_, "restore", _, Some(set)) => {
            next.push(resume);
            let unsaved = failed_before_any_change(state);
            if !unsaved.is_empty() {
                next.push(format!("{}{unsaved}", with_set("restore", set)));
            }
        }
        _ => next.push(resume),
    }
    Closing {
        next,
        facts: serde_json::Value::Null,
    }
}

/// Whether `--yes` answers everything that waits.
fn gates_only(state: &RunState) -> bool {
    state
        .steps
        .iter()
        .filter(|step| matches!(step.status, StepStatus::Waiting { .. }))
        .all(|step| step.card.action == "gate")
}

/// The options that leave out what failed while the present state was saved: a present state that
/// cannot be saved must not bar the way back, but that is the operator's word.
fn failed_before_any_change(state: &RunState) -> String {
    if state.no_return_passed {
        return String::new();
    }
    let failed = (state.steps.iter())
        .filter(|step| matches!(step.status, StepStatus::Failed { .. }))
        .map(|step| step.card.id.as_str());
    without_copies(failed)
}

/// The options that leave out those of the steps that save the present state before a restore: by
/// convention of the shipped runbooks their names begin with `safety-`.
pub(super) fn without_copies<'a>(steps: impl Iterator<Item = &'a str>) -> String {
    let copies = steps.filter(|step| step.starts_with("safety-"));
    copies.fold(String::new(), |options, step| {
        options + " --skip " + &crate::host::shell_word(step)
    })
}

/// Whether the operator left nothing out.
fn everything_ran(state: &RunState) -> bool {
    use crate::event::Because;
    !state.steps.iter().any(|step| {
        matches!(
            step.status,
            StepStatus::NotRun {
                because: Because::SkippedByOperator | Because::BeforeStart(_)
            }
        )
    })
}
