//! `postgres.query`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connection::Connection;
use super::dump::validate_database;
use super::inventory;
use super::lexer::client_command;
use super::server::Server;
use super::session::{Session, copied};
use crate::adapter::database::{Expect, answer, finding_of};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;

/// The server itself refuses every change after this.
const READ_ONLY: &str = "SET default_transaction_read_only = on; RESET search_path;\n";

/// Asks a question and compares the answer. Changes nothing: the session is read-only.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The server and the account.
    pub connection: Connection,
    /// The database.
    pub database: String,
    /// An earlier step of the run makes it: a check does not look for it.
    #[serde(default)]
    pub made_by_run: bool,
    /// One `SELECT`.
    pub sql: String,
    /// What the answer must be. Without it any answer will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
}

impl Query {
    fn script(&self) -> String {
        let sql = self.sql.trim().trim_end_matches(';');
        format!("{READ_ONLY}{}", copied(sql))
    }
}

impl Action for Query {
    const NAME: &'static str = "postgres.query";
    const SUMMARY: &'static str = "Asks a PostgreSQL database a question and compares the answer";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = Expect::OUTPUTS;

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        problems.extend(validate_database(&self.database));
        if self.sql.trim().trim_end_matches(';').is_empty() {
            problems.push("sql: is empty".to_owned());
        }
        if client_command(self.sql.as_bytes()).is_some() {
            problems.push("sql: holds a command of the client's own (a backslash)".to_owned());
        }
        problems.extend(self.expect.as_ref().and_then(Expect::validate));
        problems
    }

    fn preview(&self) -> Preview {
        let command = self.connection.client(&self.database, None);
        let mut preview = vec![
            PreviewLine::Command(command.to_string()),
            PreviewLine::Note(format!("SQL: {}", self.script().trim().replace('\n', " "))),
        ];
        if let Some(expect) = &self.expect {
            let words = expect.words();
            preview.push(PreviewLine::Checks(format!("the answer is {words}")));
        }
        preview
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.connection.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![self.connection.client_program().to_owned()]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let look = || -> Result<(), Failure> {
            let session = Session::of_check(&self.connection, context)?;
            Server::look(&session)?;
            if !self.made_by_run {
                inventory::look(&session, &self.database)?;
            }
            Ok(())
        };
        match look() {
            Ok(()) => Vec::new(),
            Err(failure) => vec![finding_of(&failure)],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let session = Session::of_step(&self.connection, context)?;
        let rows = session.ask(&self.database, &self.script())?;
        answer(&self.database, &rows, self.expect.as_ref())
    }
}
