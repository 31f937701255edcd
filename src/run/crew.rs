//! What every working step of a run shares.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use tokio::sync::mpsc::UnboundedSender;

use super::orders::Notice;
use super::request::Services;
use super::sets::Sets;
use crate::adapter::Failure;
use crate::event::{RunState, StepStatus};
use crate::host::Secret;
use crate::journal::RunDirectory;
use crate::plan::{Plan, PlannedStep};
use crate::site::SecretRef;

/// What every working step of a run shares.
pub(super) struct Crew {
    pub(super) plan: Arc<Plan>,
    pub(super) directory: RunDirectory,
    pub(super) services: Services,
    pub(super) sets: Sets,
    pub(super) state: Arc<Mutex<RunState>>,
    pub(super) notices: UnboundedSender<Notice>,
    /// Secrets that were resolved in this stretch. Held while one is resolved, so that a command
    /// that asks for it runs once.
    pub(super) secrets: Mutex<Vec<(SecretRef, Secret)>>,
}

impl Crew {
    /// The step at that position.
    pub(super) fn planned(&self, step: usize) -> &PlannedStep {
        &self.plan.steps[step]
    }

    /// Tells the director. It may have left already.
    pub(super) fn notify(&self, notice: Notice) {
        _ = self.notices.send(notice);
    }

    /// A secret, resolved once and masked from then on.
    pub(super) fn secret(&self, reference: &SecretRef) -> Result<Secret, Failure> {
        let mut known = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, secret)) = known.iter().find(|(known, _)| known == reference) {
            return Ok(secret.clone());
        }
        let secret = (self.services.secrets)(reference)?;
        self.services.masker.add(&secret);
        known.push((reference.clone(), secret.clone()));
        Ok(secret)
    }

    /// Options of a step with the outputs of earlier steps filled in.
    pub(super) fn options(&self, step: usize) -> Result<Map<String, Value>, Failure> {
        let output = |id: &str, name: &str| -> Option<Value> {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            match &state.step(id)?.status {
                StepStatus::Done { outcome, .. } => outcome.outputs.get(name).cloned(),
                _ => None,
            }
        };
        (self.services.fill_outputs)(&self.planned(step).options, &output).map_err(Failure::refused)
    }

    /// The state of the run so far.
    pub(super) fn state(&self) -> RunState {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
