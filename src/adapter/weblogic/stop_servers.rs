//! `weblogic.stop-servers` and `weblogic.check-stopped`.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Deserialize;

use super::application::ten_minutes;
use super::connection::{Connection, of_connection};
use super::domain::{Domain, ServerProcess, list};
use super::script::{Literal, Script};
use super::session::Session;
use super::start_servers::SERVERS;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, StepContext, Transient,
};
use crate::event::{FailureKind, Outcome};
use crate::site::SecretRef;

const STOP: &str = include_str!("scripts/stop_servers.py");

const SIGTERM: i32 = 15;

/// A server that was shut down has this long to end its process; one that was asked by SIGTERM too.
const ENDS: Duration = Duration::from_secs(60);

/// Processes of servers that were stopped already have this long to end.
const ON_THEIR_WAY: Duration = Duration::from_secs(5);

/// Stops the servers of a domain, the Admin Server last, and waits until their processes are gone.
/// Neither `stopWebLogic.sh` nor any exit code is relied on: the script prints `Done` whatever
/// happened.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopServers {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// The domain.
    pub domain: Domain,
    /// How long a server may take to complete its work before it ends it.
    #[serde(default = "ten_minutes")]
    pub timeout: HumanDuration,
    /// Stop without waiting for HTTP sessions.
    #[serde(default)]
    pub ignore_sessions: bool,
}

impl StopServers {
    fn script(&self) -> Script {
        let ignore = if self.ignore_sessions {
            "true"
        } else {
            "false"
        };
        Script::new(
            "stop-servers",
            &self.connection,
            &[
                ("ADMIN_SERVER", Literal::Text(&self.domain.admin_server)),
                ("TIMEOUT", Literal::Number(self.timeout.get().as_secs())),
                ("IGNORE_SESSIONS", Literal::Text(ignore)),
            ],
            &[SERVERS, STOP],
        )
    }

    /// Waits until no process is left; what is left after that time.
    fn wait(
        &self,
        context: &StepContext<'_>,
        patience: Duration,
    ) -> Result<Vec<ServerProcess>, Failure> {
        let start = Instant::now();
        loop {
            let left = self.domain.processes(context.host)?;
            if left.is_empty() || start.elapsed() >= patience {
                return Ok(left);
            }
            if !context.control.pause(Duration::from_millis(250)) {
                return Err(Failure::stopped());
            }
        }
    }
}

impl Action for StopServers {
    const NAME: &'static str = "weblogic.stop-servers";
    const SUMMARY: &'static str =
        "Stops the servers of a WebLogic domain and waits until they are gone";
    const EFFECT: Effect = Effect::Idempotent;
    const TRANSIENT: Option<Transient> = Some(Transient::Down);
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "was_running",
        kind: OutputKind::Boolean,
        about: "whether there was anything to stop",
    }];

    of_connection!();

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        problems.extend(self.domain.validate());
        if self.timeout.get().as_secs() == 0 {
            problems.push("timeout: must be at least 1s; 0 would wait for ever".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        let mut preview = self.script().preview(&self.connection);
        preview.push(PreviewLine::Checks(format!(
            "no process of a server of the domain in {} is left",
            self.domain.home.display()
        )));
        preview.push(PreviewLine::Note(
            "servers without an Admin Server, and those that stay a minute after they were shut down, \
             are asked by SIGTERM"
                .to_owned(),
        ));
        preview
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let running = self.domain.processes(context.host)?;
        if running.is_empty() {
            return Ok(outcome(false, "was not running".to_owned()));
        }
        let start = Instant::now();
        let mut warnings = Vec::new();
        let mut left = running;
        if left
            .iter()
            .any(|one| one.server == self.domain.admin_server)
        {
            let session = Session::of_step(&self.connection, context)?;
            let asked = session.run(&self.script(), self.timeout.get() * 3);
            let is_over = asked
                .as_ref()
                .is_err_and(|failure| failure.kind() == FailureKind::Stopped);
            if !is_over {
                // An Admin Server that an earlier attempt has stopped answers no more and is still there
                // for a while.
                let patience = if asked.is_ok() { ENDS } else { ON_THEIR_WAY };
                left = self.wait(context, patience)?;
            }
            match asked {
                Err(failure) if left.is_empty() => warnings.push(failure.to_string()),
                Err(failure) => return Err(failure),
                Ok(_) => {}
            }
        }
        if !left.is_empty() {
            warnings.push(format!("asked by SIGTERM: {}", list(&left)));
            for process in &left {
                context.host.signal(process.identity, SIGTERM)?;
            }
            left = self.wait(context, ENDS)?;
        }
        if !left.is_empty() {
            let text = format!("the domain has not stopped: {}", list(&left));
            return Err(Failure::new(FailureKind::Timeout, text).hint(
                "look at the logs of the servers, end their processes, then resume the run",
            ));
        }
        let mut outcome = outcome(
            true,
            format!("stopped after {} s", start.elapsed().as_secs()),
        );
        outcome.warnings = warnings;
        Ok(outcome)
    }
}

fn outcome(was_running: bool, summary: String) -> Outcome {
    let mut outcome = Outcome {
        summary,
        ..Outcome::default()
    };
    outcome
        .outputs
        .insert("was_running".to_owned(), was_running.into());
    outcome
}

/// Fails unless no server of a domain runs on this machine.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckDomainStopped {
    /// The domain.
    pub domain: Domain,
}

impl Action for CheckDomainStopped {
    const NAME: &'static str = "weblogic.check-stopped";
    const SUMMARY: &'static str = "Fails unless no server of a WebLogic domain runs";
    const EFFECT: Effect = Effect::Pure;

    fn validate(&self) -> Vec<String> {
        self.domain.validate()
    }

    fn preview(&self) -> Preview {
        vec![PreviewLine::Checks(format!(
            "no process of a server of the domain in {} is left",
            self.domain.home.display()
        ))]
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let running = self.domain.processes(context.host)?;
        if running.is_empty() {
            return Ok(Outcome {
                summary: "the domain does not run".to_owned(),
                ..Outcome::default()
            });
        }
        let message = format!("the domain is not stopped: {}", list(&running));
        Err(Failure::verification(message)
            .hint("somebody started it again, or Node Manager did; stop it, then resume the run"))
    }
}
