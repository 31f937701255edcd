//! `oracle.query`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connection::{Connection, Program, is_name};
use super::quoting::name;
use super::server::Server;
use super::session::Session;
use crate::adapter::database::{Expect, answer};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;

/// Asks a question and compares the answer. Changes nothing: the transaction is read-only, and the
/// statement must be a query.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The database and the account.
    pub connection: Connection,
    /// The schema. If it is not the account's own, names without a schema mean this one's.
    pub schema: String,
    /// One `SELECT`, on as many lines as needed.
    pub sql: String,
    /// What the answer must be. Without it any answer will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
}

impl Query {
    fn statements(&self) -> String {
        let sql = self.sql.trim().trim_end_matches(';').trim_end();
        format!(
            "ALTER SESSION SET CURRENT_SCHEMA = {};\nSET TRANSACTION READ ONLY;\n{sql};",
            name(&self.schema)
        )
    }
}

impl Action for Query {
    const NAME: &'static str = "oracle.query";
    const SUMMARY: &'static str = "Asks an Oracle schema a question and compares the answer";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "rows",
            kind: OutputKind::Number,
            about: "number of rows (one whose cells are all NULL does not count)",
        },
        OutputSpec {
            name: "value",
            kind: OutputKind::Text,
            about: "first column of the first row, empty without rows",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        if !is_name(&self.schema) {
            problems.push("schema: no schema has such a name".to_owned());
        }
        let sql = self.sql.trim().trim_end_matches(';');
        let first = sql.split_whitespace().next().unwrap_or_default();
        if !["SELECT", "WITH"].contains(&first.to_uppercase().as_str()) {
            problems.push("sql: begins with neither SELECT nor WITH".to_owned());
        }
        // A line that is a slash, or ends in a semicolon, would end the query and begin another statement.
        let mut lines = sql.lines().map(str::trim);
        if lines.any(|line| line == "/" || line.ends_with(';')) {
            problems.push("sql: holds more than one statement".to_owned());
        }
        problems.extend(self.expect.as_ref().and_then(Expect::validate));
        problems
    }

    fn preview(&self) -> Preview {
        let mut preview = vec![
            PreviewLine::Command(self.connection.client().to_string()),
            PreviewLine::Note(format!("SQL: {}", self.statements().replace('\n', " "))),
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
        Session::programs(&self.connection, &[Program::Client])
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let look = || -> Result<(), Failure> {
            let session = Session::of_check(&self.connection, "", context)?;
            Server::look(&session, &self.schema).map(drop)
        };
        look()
            .err()
            .map(|failure| Finding::of(&failure))
            .into_iter()
            .collect()
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let session = Session::of_step(&self.connection, "", context)?;
        let lines = session.ask(&self.statements())?;
        let cells = |line: &String| -> Vec<String> {
            let cells = line.split('\u{1f}');
            cells.map(|cell| cell.trim().to_owned()).collect()
        };
        let rows: Vec<Vec<String>> = lines.iter().map(cells).collect();
        answer(&self.schema, &rows, self.expect.as_ref())
    }
}
