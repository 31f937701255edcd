//! `postgres.check-quiet`

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connection::Connection;
use super::dump::validate_database;
use super::quiet::wait_until_quiet;
use super::server::Server;
use super::session::Session;
use crate::adapter::database::{default_wait, finding_of};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;

/// Refuses while somebody else has a session in one of the databases.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckQuiet {
    /// The server and the account.
    pub connection: Connection,
    /// The databases.
    pub databases: Vec<String>,
    /// Seconds that other sessions have to end before the step refuses.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
}

impl Action for CheckQuiet {
    const NAME: &'static str = "postgres.check-quiet";
    const SUMMARY: &'static str = "Refuses while somebody else uses a PostgreSQL database";
    const EFFECT: Effect = Effect::Pure;

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        if self.databases.is_empty() {
            problems.push("databases: is empty".to_owned());
        }
        let names = self.databases.iter();
        problems.extend(names.filter_map(|name| validate_database(name)));
        problems
    }

    fn preview(&self) -> Preview {
        let connection = &self.connection;
        vec![
            PreviewLine::Command(
                connection
                    .client(connection.maintenance(), None)
                    .to_string(),
            ),
            PreviewLine::Checks(format!(
                "no other session uses {} (waits up to {} s)",
                self.databases.join(", "),
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
        // Who uses the databases now says nothing of the time when the step runs: the application is
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
        let databases: Vec<&str> = self.databases.iter().map(String::as_str).collect();
        wait_until_quiet(&session, &databases, Duration::from_secs(self.wait_seconds))?;
        Ok(Outcome {
            summary: "no other session".to_owned(),
            ..Outcome::default()
        })
    }
}
