//! `weblogic.pause-jms` and `weblogic.resume-jms`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use super::application::ten_minutes;
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

pub(super) const JMS: &str = include_str!("scripts/jms.py");
const PAUSE: &str = include_str!("scripts/pause_jms.py");
const RESUME: &str = include_str!("scripts/resume_jms.py");

const OUTPUTS: &[OutputSpec] = &[
    OutputSpec {
        name: "destinations",
        kind: OutputKind::Number,
        about: "destinations of the module, members counted one by one",
    },
    OutputSpec {
        name: "messages",
        kind: OutputKind::Number,
        about: "messages on them, pending ones included",
    },
];

/// Pauses production and consumption of the JMS servers that hold a module's destinations, waits
/// until each is paused and no message is in flight. A pause is lost when a server restarts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseJms {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// Name of the JMS module.
    pub jms_module: String,
    /// Clusters and servers that hold its destinations; every server of them must run.
    pub targets: Vec<String>,
    /// How long each wait may take.
    #[serde(default = "ten_minutes")]
    pub timeout: HumanDuration,
}

/// Resumes production, insertion and consumption of the JMS servers that hold a module's
/// destinations, and reads their states back.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeJms {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// Name of the JMS module.
    pub jms_module: String,
    /// Clusters and servers that hold its destinations; every server of them must run.
    pub targets: Vec<String>,
    /// How long it may take.
    #[serde(default = "ten_minutes")]
    pub timeout: HumanDuration,
}

/// A destination as it was read back.
#[derive(Debug, Deserialize)]
pub(super) struct DestinationState {
    pub(super) server: String,
    pub(super) jms_server: String,
    pub(super) name: String,
    pub(super) production: String,
    pub(super) consumption: String,
    pub(super) messages: u64,
    pub(super) pending: u64,
    pub(super) delayed: u64,
}

fn judge(result: &ResultLines, state: &str) -> Result<Outcome, Failure> {
    let found: Vec<DestinationState> = lines(result, "destination")?;
    let wrong = found.iter().find(|one| {
        one.production != format!("Production-{state}")
            || one.consumption != format!("Consumption-{state}")
            || (state == "Paused" && one.pending != one.delayed)
    });
    if let Some(one) = wrong {
        return Err(Failure::verification(format!(
            "{} of {} on {} reads back as {}, {}, {} pending of which {} delayed",
            one.name,
            one.jms_server,
            one.server,
            one.production,
            one.consumption,
            one.pending,
            one.delayed
        ))
        .hint("look what else administers the domain, then resume the run"));
    }
    let messages: u64 = found.iter().map(|one| one.messages + one.pending).sum();
    let mut outputs = Map::new();
    outputs.insert("destinations".to_owned(), found.len().into());
    outputs.insert("messages".to_owned(), messages.into());
    Ok(Outcome {
        outputs,
        summary: format!(
            "{} destinations {}, {messages} messages on queues",
            found.len(),
            state.to_lowercase()
        ),
        ..Outcome::default()
    })
}

fn script(
    name: &str,
    connection: &Connection,
    module: &str,
    targets: &[String],
    timeout: HumanDuration,
    body: &str,
) -> Script {
    Script::new(
        name,
        connection,
        &[
            ("JMS_MODULE", Literal::Text(module)),
            ("TARGETS", Literal::Texts(targets)),
            ("TIMEOUT", Literal::Number(timeout.get().as_secs())),
        ],
        &[JMS, body],
    )
}

impl PauseJms {
    fn script(&self) -> Script {
        let (connection, module) = (&self.connection, &self.jms_module);
        script(
            "pause-jms",
            connection,
            module,
            &self.targets,
            self.timeout,
            PAUSE,
        )
    }
}

impl ResumeJms {
    fn script(&self) -> Script {
        let (connection, module) = (&self.connection, &self.jms_module);
        script(
            "resume-jms",
            connection,
            module,
            &self.targets,
            self.timeout,
            RESUME,
        )
    }
}

impl Action for PauseJms {
    const NAME: &'static str = "weblogic.pause-jms";
    const SUMMARY: &'static str = "Pauses production and consumption of a WebLogic JMS module";
    const EFFECT: Effect = Effect::Idempotent;
    const TRANSIENT: Option<Transient> = Some(Transient::Held);
    const OUTPUTS: &'static [OutputSpec] = OUTPUTS;

    of_connection!();

    fn validate(&self) -> Vec<String> {
        validate(
            &self.connection,
            "jms_module",
            &self.jms_module,
            &self.targets,
        )
    }

    fn preview(&self) -> Preview {
        let mut preview = self.script().preview(&self.connection);
        preview.push(PreviewLine::Checks(format!(
            "every destination of {} is paused, and nothing is pending but delayed messages (each \
             wait up to {})",
            self.jms_module, self.timeout
        )));
        preview
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let session = Session::of_step(&self.connection, context)?;
        judge(
            &session.run(&self.script(), self.timeout.get() * 2)?,
            "Paused",
        )
    }
}

impl Action for ResumeJms {
    const NAME: &'static str = "weblogic.resume-jms";
    const SUMMARY: &'static str = "Resumes production and consumption of a WebLogic JMS module";
    const EFFECT: Effect = Effect::Idempotent;
    const TRANSIENT: Option<Transient> = Some(Transient::Free);
    const OUTPUTS: &'static [OutputSpec] = OUTPUTS;

    of_connection!();

    fn validate(&self) -> Vec<String> {
        validate(
            &self.connection,
            "jms_module",
            &self.jms_module,
            &self.targets,
        )
    }

    fn preview(&self) -> Preview {
        let mut preview = self.script().preview(&self.connection);
        preview.push(PreviewLine::Checks(format!(
            "every destination of {} is enabled again (waits up to {})",
            self.jms_module, self.timeout
        )));
        preview
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let session = Session::of_step(&self.connection, context)?;
        judge(&session.run(&self.script(), self.timeout.get())?, "Enabled")
    }
}
