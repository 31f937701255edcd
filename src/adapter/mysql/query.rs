//! `mysql.query`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connection::Connection;
use super::dump::validate_schema;
use super::inventory;
use super::server::Server;
use super::session::Session;
use crate::adapter::database::{Expect, answer, finding_of};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;

/// The server itself refuses every change after this (`ERROR 1792`), definitions included.
const READ_ONLY: &str = "SET SESSION TRANSACTION READ ONLY;\n";

/// Asks a question and compares the answer. Changes nothing: the session is read-only.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The server and the account.
    pub connection: Connection,
    /// The schema.
    pub schema: String,
    /// An earlier step of the run makes it: a check does not look for it.
    #[serde(default)]
    pub made_by_run: bool,
    /// One `SELECT` or `SHOW`.
    pub sql: String,
    /// What the answer must be. Without it any answer will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
}

impl Query {
    fn script(&self) -> String {
        let sql = self.sql.trim().trim_end_matches(';');
        // A comment at its end would hide the semicolon.
        let line = sql.lines().last().unwrap_or_default();
        let end = if line.contains("--") || line.contains('#') {
            "\n;"
        } else {
            ";"
        };
        format!("{READ_ONLY}{sql}{end}\n")
    }
}

impl Action for Query {
    const NAME: &'static str = "mysql.query";
    const SUMMARY: &'static str =
        "Asks a MySQL or MariaDB schema a question and compares the answer";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = Expect::OUTPUTS;

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        problems.extend(validate_schema(&self.schema));
        if self.sql.trim().trim_end_matches(';').is_empty() {
            problems.push("sql: is empty".to_owned());
        }
        problems.extend(self.expect.as_ref().and_then(Expect::validate));
        problems
    }

    fn preview(&self) -> Preview {
        let command = self.connection.read(Some(&self.schema), None);
        let mut preview = vec![
            PreviewLine::Command(command.to_string()),
            PreviewLine::Note(format!("SQL: {}", self.script().trim().replace('\n', " "))),
        ];
        if let Some(expect) = &self.expect {
            preview.push(PreviewLine::Checks(format!(
                "the answer is {}",
                expect.words()
            )));
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
                inventory::list(&session, &self.schema)?;
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
        let rows = session.query(Some(&self.schema), &self.script())?;
        answer(&self.schema, &rows, self.expect.as_ref())
    }
}
