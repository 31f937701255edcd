//! `mysql.query`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::connection::Connection;
use super::dump::validate_schema;
use super::inventory;
use super::preflight::finding_of;
use super::rows::Row;
use super::server::Server;
use super::session::Session;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
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
    /// One `SELECT` or `SHOW`.
    pub sql: String,
    /// What the answer must be. Without it any answer will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
}

/// What an answer must be. All that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Number of rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The first column of the only row. NULL is the text `NULL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scalar: Option<String>,
    /// The first column of the only row is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<String>>,
    /// The first column of some row is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
}

impl Expect {
    /// Rules that types cannot say.
    pub(crate) fn validate(&self) -> Option<String> {
        if *self == Self::default() {
            return Some("expect: give `rows`, `scalar`, `one_of` or `contains`".to_owned());
        }
        let empty = self.one_of.as_ref().is_some_and(Vec::is_empty);
        empty.then(|| "expect.one_of: is empty".to_owned())
    }

    /// What is wanted, for a preview.
    pub(crate) fn words(&self) -> String {
        let mut wanted = Vec::new();
        wanted.extend(self.rows.map(|rows| format!("{rows} rows")));
        wanted.extend(self.scalar.as_ref().map(|value| format!("`{value}`")));
        wanted.extend(
            self.one_of
                .as_ref()
                .map(|values| format!("one of {}", values.join(", "))),
        );
        wanted.extend(
            self.contains
                .as_ref()
                .map(|value| format!("`{value}` among the rows")),
        );
        wanted.join(" and ")
    }

    /// What is wrong with the answer.
    pub(crate) fn problem(&self, rows: &[Row]) -> Option<String> {
        let first = |row: &Row| row.first().cloned().unwrap_or_default();
        if let Some(wanted) = self.rows
            && rows.len() as u64 != wanted
        {
            return Some(format!("{} rows instead of {wanted}", rows.len()));
        }
        if let Some(wanted) = &self.contains
            && !rows.iter().any(|row| row.first() == Some(wanted))
        {
            return Some(format!("none of {} rows is `{wanted}`", rows.len()));
        }
        let mut wanted: Vec<&String> = self.scalar.iter().collect();
        wanted.extend(self.one_of.iter().flatten());
        match rows {
            _ if wanted.is_empty() => None,
            [row] => {
                let value = first(row);
                let scalar = self.scalar.as_ref().is_none_or(|wanted| *wanted == value);
                let listed = self
                    .one_of
                    .as_ref()
                    .is_none_or(|list| list.contains(&value));
                let names: Vec<String> = wanted.iter().map(|name| format!("`{name}`")).collect();
                (!scalar || !listed).then(|| format!("`{value}` instead of {}", names.join(" or ")))
            }
            rows => Some(format!("{} rows instead of one value", rows.len())),
        }
    }
}

impl Query {
    fn script(&self) -> String {
        let sql = self.sql.trim().trim_end_matches(';');
        format!("{READ_ONLY}{sql};\n")
    }
}

impl Action for Query {
    const NAME: &'static str = "mysql.query";
    const SUMMARY: &'static str =
        "Asks a MySQL or MariaDB schema a question and compares the answer";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "rows",
            kind: OutputKind::Number,
            about: "number of rows",
        },
        OutputSpec {
            name: "value",
            kind: OutputKind::Text,
            about: "first column of the first row, empty without rows; NULL is the text `NULL`",
        },
    ];

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
            inventory::list(&session, &self.schema).map(drop)
        };
        match look() {
            Ok(()) => Vec::new(),
            Err(failure) => vec![finding_of(&failure)],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let session = Session::of_step(&self.connection, context)?;
        let rows = session.query(Some(&self.schema), &self.script())?;
        if let Some(problem) = self
            .expect
            .as_ref()
            .and_then(|expect| expect.problem(&rows))
        {
            return Err(Failure::verification(format!(
                "the answer of `{}` is {problem}",
                self.schema
            )));
        }
        let value = rows.first().and_then(|row| row.first()).cloned();
        let mut outputs = Map::new();
        outputs.insert("rows".to_owned(), rows.len().into());
        outputs.insert("value".to_owned(), value.clone().unwrap_or_default().into());
        let summary = match (rows.len(), value) {
            (1, Some(value)) if value.chars().count() <= 60 => value,
            (count, _) => format!("{count} rows"),
        };
        Ok(Outcome {
            outputs,
            summary,
            ..Outcome::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[&str]) -> Vec<Row> {
        values
            .iter()
            .map(|value| vec![(*value).to_owned()])
            .collect()
    }

    #[test]
    fn answers_are_compared() {
        let scalar = Expect {
            scalar: Some("5.1.1".to_owned()),
            ..Expect::default()
        };
        assert_eq!(scalar.problem(&rows(&["5.1.1"])), None);
        assert_eq!(
            scalar.problem(&rows(&["5.1"])).unwrap(),
            "`5.1` instead of `5.1.1`"
        );
        assert!(scalar.problem(&rows(&["5.1.1", "5.1.1"])).is_some());
        assert!(scalar.problem(&[]).is_some());
        let several = Expect {
            rows: Some(2),
            contains: Some("b".to_owned()),
            ..Expect::default()
        };
        assert_eq!(several.problem(&rows(&["a", "b"])), None);
        assert!(several.problem(&rows(&["a", "c"])).is_some());
        assert!(several.problem(&rows(&["b"])).is_some());
        let one_of = Expect {
            one_of: Some(vec!["a".to_owned(), "b".to_owned()]),
            ..Expect::default()
        };
        assert_eq!(one_of.problem(&rows(&["b"])), None);
        assert!(one_of.problem(&rows(&["c"])).is_some());
    }
}
