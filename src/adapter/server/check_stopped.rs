//! `server.check-stopped`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::state::State;
use super::stop::gone;
use super::target::{Kind, Target, instance, pid_file};
use crate::adapter::{Action, Effect, Failure, Preview, StepContext};
use crate::event::Outcome;

/// Fails unless nothing of the server is there: no process, no open port, no store lock.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckStopped {
    /// Kind of server.
    pub kind: Kind,
    /// Its home directory (`CATALINA_HOME`, `JBOSS_HOME`).
    pub home: PathBuf,
    /// Its instance directory, if it is another one: `CATALINA_BASE`, which is else the home, or
    /// `JBOSS_BASE_DIR`, which is else `standalone` in the home.
    #[serde(default)]
    pub base: Option<PathBuf>,
    /// File that holds its process id. For Carbon `HOME/wso2carbon.pid` unless given.
    #[serde(default)]
    pub pid_file: Option<PathBuf>,
    /// Every port that it and its embedded broker listen on.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Locks of the broker's stores, which a running broker holds.
    #[serde(default)]
    pub locks: Vec<PathBuf>,
}

impl CheckStopped {
    fn target(&self) -> Target<'_> {
        Target {
            kind: self.kind,
            home: &self.home,
            base: instance(self.kind, &self.home, self.base.as_deref()),
            pid_file: pid_file(self.kind, &self.home, self.pid_file.as_ref()),
            ports: &self.ports,
            locks: &self.locks,
        }
    }
}

impl Action for CheckStopped {
    const NAME: &'static str = "server.check-stopped";
    const SUMMARY: &'static str = "Fails unless an application server is truly gone";
    const EFFECT: Effect = Effect::Pure;

    fn preview(&self) -> Preview {
        gone(&self.target())
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let state = State::of(&self.target(), context.host)?;
        if state.is_stopped() {
            return Ok(Outcome {
                summary: "the server does not run".to_owned(),
                ..Outcome::default()
            });
        }
        if state.processes.is_empty() {
            return Err(state.taken_by_others(&self.target(), context.host));
        }
        let message = format!("the server is not stopped: {}", state.describe());
        Err(Failure::verification(message)
            .hint("somebody started it again; stop it and whatever starts it, then resume"))
    }
}
