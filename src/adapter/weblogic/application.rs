//! `weblogic.stop-application` and `weblogic.start-application`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::connection::{Connection, of_connection, validate};
use super::result::ResultLines;
use super::script::{Literal, Script};
use super::session::{Session, lines};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, StepContext, Transient,
};
use crate::event::Outcome;
use crate::site::SecretRef;

const APPLICATION: &str = include_str!("scripts/application.py");
const STOP: &str = include_str!("scripts/stop_application.py");
const START: &str = include_str!("scripts/start_application.py");

const OUTPUTS: &[OutputSpec] = &[OutputSpec {
    name: "states",
    kind: OutputKind::Structure,
    about: "state of the deployment on each target, read back",
}];

/// Stops a deployment when its work completes, and reads its state back on every target. One that is
/// stopped already is left alone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopApplication {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// Name of the deployment.
    pub deployment: String,
    /// Clusters and servers that it is deployed to; its state is read for each.
    pub targets: Vec<String>,
    /// How long its work may take to complete. HTTP sessions alone may last an hour.
    #[serde(default = "ten_minutes")]
    pub timeout: HumanDuration,
    /// Stop without waiting for sessions.
    #[serde(default)]
    pub ignore_sessions: bool,
}

/// Starts a deployment and waits until it is active on every target. One that is active already is
/// left alone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartApplication {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// Name of the deployment.
    pub deployment: String,
    /// Clusters and servers that it is deployed to; its state is read for each.
    pub targets: Vec<String>,
    /// How long its start may take.
    #[serde(default = "ten_minutes")]
    pub timeout: HumanDuration,
}

/// As the script says it: the domain has the deployment, and no target of it is there.
const NOT_TARGETED: &str = "NOT_TARGETED";

pub(super) fn ten_minutes() -> HumanDuration {
    HumanDuration::seconds(600)
}

/// The state of a deployment on a target.
#[derive(Debug, Deserialize)]
pub(super) struct TargetState {
    pub(super) target: String,
    pub(super) state: Option<String>,
}

fn judge(
    result: &ResultLines,
    deployment: &str,
    wanted: &[&str],
    word: &str,
) -> Result<Outcome, Failure> {
    let states: Vec<TargetState> = lines(result, "state")?;
    let mut shown = Map::new();
    let mut wrong = Vec::new();
    for TargetState { target, state } in states {
        let state = state.unwrap_or_else(|| "unknown".to_owned());
        if !wanted.contains(&state.as_str()) {
            wrong.push(format!("{state} on {target}"));
        }
        shown.insert(target, Value::String(state));
    }
    if !wrong.is_empty() || shown.is_empty() {
        return Err(Failure::verification(format!(
            "{deployment} is not {word}, although WLST reported no failure: {}",
            wrong.join(", ")
        ))
        .hint("look at the logs of the servers, then resume the run"));
    }
    let summary = format!("{deployment} is {word} on {}", shown.len());
    let mut outputs = Map::new();
    outputs.insert("states".to_owned(), Value::Object(shown));
    Ok(Outcome {
        outputs,
        summary: format!("{summary} target(s)"),
        ..Outcome::default()
    })
}

impl StopApplication {
    fn script(&self) -> Script {
        let force = if self.ignore_sessions {
            "true"
        } else {
            "false"
        };
        Script::new(
            "stop-application",
            &self.connection,
            &[
                ("DEPLOYMENT", Literal::Text(&self.deployment)),
                ("TARGETS", Literal::Texts(&self.targets)),
                ("TIMEOUT", Literal::Number(self.timeout.get().as_secs())),
                ("FORCE", Literal::Text(force)),
            ],
            &[APPLICATION, STOP],
        )
    }
}

impl Action for StopApplication {
    const NAME: &'static str = "weblogic.stop-application";
    const SUMMARY: &'static str = "Stops a WebLogic deployment when its work completes";
    const EFFECT: Effect = Effect::Idempotent;
    const TRANSIENT: Option<Transient> = Some(Transient::Held);
    const OUTPUTS: &'static [OutputSpec] = OUTPUTS;

    of_connection!();

    fn validate(&self) -> Vec<String> {
        let mut problems = validate(
            &self.connection,
            "deployment",
            &self.deployment,
            &self.targets,
        );
        if self.timeout.get().as_secs() == 0 {
            problems.push("timeout: must be at least 1s; 0 would wait for ever".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        let mut preview = self.script().preview(&self.connection);
        preview.push(PreviewLine::Checks(format!(
            "{} is stopped on {} (waits up to {})",
            self.deployment,
            self.targets.join(", "),
            self.timeout
        )));
        preview
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let session = Session::of_step(&self.connection, context)?;
        // The graceful stop may use all of its time before the states are waited for.
        let result = session.run(&self.script(), self.timeout.get() * 2)?;
        let stopped = ["STATE_PREPARED", "STATE_NEW", "STATE_RETIRED", NOT_TARGETED];
        judge(&result, &self.deployment, &stopped, "stopped")
    }
}

impl StartApplication {
    fn script(&self) -> Script {
        Script::new(
            "start-application",
            &self.connection,
            &[
                ("DEPLOYMENT", Literal::Text(&self.deployment)),
                ("TARGETS", Literal::Texts(&self.targets)),
                ("TIMEOUT", Literal::Number(self.timeout.get().as_secs())),
            ],
            &[APPLICATION, START],
        )
    }
}

impl Action for StartApplication {
    const NAME: &'static str = "weblogic.start-application";
    const SUMMARY: &'static str = "Starts a WebLogic deployment and waits until it is active";
    const EFFECT: Effect = Effect::Idempotent;
    const TRANSIENT: Option<Transient> = Some(Transient::Free);
    const OUTPUTS: &'static [OutputSpec] = OUTPUTS;

    of_connection!();

    fn validate(&self) -> Vec<String> {
        validate(
            &self.connection,
            "deployment",
            &self.deployment,
            &self.targets,
        )
    }

    fn preview(&self) -> Preview {
        let mut preview = self.script().preview(&self.connection);
        preview.push(PreviewLine::Checks(format!(
            "{} is active on {} (waits up to {})",
            self.deployment,
            self.targets.join(", "),
            self.timeout
        )));
        preview
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let session = Session::of_step(&self.connection, context)?;
        let result = session.run(&self.script(), self.timeout.get() * 2)?;
        judge(&result, &self.deployment, &["STATE_ACTIVE"], "active")
    }
}
