//! `h2.check-tables`.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::Deserialize;

use super::tool::H2Connection;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;

/// Fails unless an embedded H2 database has these tables.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct H2CheckTables {
    /// The database and the account.
    pub connection: H2Connection,
    /// The tables, as the database has them: upper case unless they were created in quotes.
    pub tables: Vec<String>,
}

impl Action for H2CheckTables {
    const NAME: &'static str = "h2.check-tables";
    const SUMMARY: &'static str = "Fails unless an embedded H2 database has certain tables";
    const EFFECT: Effect = Effect::Pure;

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        if self.tables.is_empty() {
            problems.push("tables: is empty".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        vec![PreviewLine::Checks(format!(
            "{} has the tables {}",
            self.connection.file.display(),
            self.tables.join(", ")
        ))]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.connection.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![self.connection.java().to_owned()]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        self.connection.check(context)
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let mut text = String::new();
        for table in &self.tables {
            let name = table.replace('"', "\"\"");
            let _ = writeln!(text, "SELECT COUNT(*) FROM \"{name}\";");
        }
        let script = context.make_scratch()?.join("tables.sql");
        context.host.write_atomic(&script, text.as_bytes(), 0o600)?;
        self.connection.run(context, &script).map_err(|failure| {
            failure.hint("look at what the migration script made; it may be another version's")
        })?;
        Ok(Outcome {
            summary: format!("{} tables are there", self.tables.len()),
            ..Outcome::default()
        })
    }
}
