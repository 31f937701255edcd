//! `mysql.check-quiet`

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connection::Connection;
use super::dump::validate_schema;
use super::quiet::wait_until_quiet;
use super::server::Server;
use super::session::Session;
use crate::adapter::database::{default_wait, finding_of};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;

/// Refuses while somebody else has a session on one of the schemas.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckQuiet {
    /// The server and the account.
    pub connection: Connection,
    /// The schemas.
    pub schemas: Vec<String>,
    /// Seconds that other sessions have to end before the step refuses.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
}

impl Action for CheckQuiet {
    const NAME: &'static str = "mysql.check-quiet";
    const SUMMARY: &'static str = "Refuses while somebody else uses a MySQL or MariaDB schema";
    const EFFECT: Effect = Effect::Pure;

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        if self.schemas.is_empty() {
            problems.push("schemas: is empty".to_owned());
        }
        problems.extend(self.schemas.iter().filter_map(|name| validate_schema(name)));
        problems
    }

    fn preview(&self) -> Preview {
        vec![
            PreviewLine::Command(self.connection.read(None, None).to_string()),
            PreviewLine::Checks(format!(
                "no other session uses {} (waits up to {} s)",
                self.schemas.join(", "),
                self.wait_seconds
            )),
        ]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.connection.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![self.connection.client_program().to_owned()]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        // Who uses the schemas now says nothing of the time when the step runs: the application is
        // stopped before it.
        let look = || -> Result<(), Failure> {
            let session = Session::of_check(&self.connection, context)?;
            Server::look(&session).map(drop)
        };
        match look() {
            Ok(()) => Vec::new(),
            Err(failure) => vec![finding_of(&failure)],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let session = Session::of_step(&self.connection, context)?;
        let schemas: Vec<&str> = self.schemas.iter().map(String::as_str).collect();
        wait_until_quiet(&session, &schemas, Duration::from_secs(self.wait_seconds))?;
        Ok(Outcome {
            summary: "no other session".to_owned(),
            ..Outcome::default()
        })
    }
}
