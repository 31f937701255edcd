//! `ox.check-schemata`.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::csv::Columns;
use super::tools::Tools;
use super::words::few;
use crate::adapter::{Action, Effect, Failure, Preview, PreviewLine, StepContext};
use crate::event::Outcome;
use crate::host::Invocation;
use crate::site::SecretRef;

/// So many schemata are named in a message.
const NAMED: usize = 10;

/// Checks that the site names the schemata that there are: none is forgotten, none is made up.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckSchemata {
    /// The node to ask.
    pub tools: Tools,
    /// The schemata of the site.
    pub schemata: Vec<String>,
    /// Schemata that are left alone on purpose.
    #[serde(default)]
    pub leave_alone: Vec<String>,
}

impl CheckSchemata {
    fn call(&self) -> Invocation {
        self.tools.admin("listdatabaseschema").arg("--csv")
    }
}

impl Action for CheckSchemata {
    const NAME: &'static str = "ox.check-schemata";
    const SUMMARY: &'static str = "Checks that a site names the OX schemata that there are";
    const EFFECT: Effect = Effect::Pure;

    fn validate(&self) -> Vec<String> {
        self.tools.validate()
    }

    fn preview(&self) -> Preview {
        vec![
            PreviewLine::Command(self.call().to_string()),
            PreviewLine::Checks(format!(
                "it lists the {} schemata of the site",
                self.schemata.len()
            )),
        ]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.tools.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![self.tools.program("listdatabaseschema")]
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let mut columns = Columns::new(["id", "schema_name"]);
        let mut nothing = false;
        let mut there: BTreeSet<String> = BTreeSet::new();
        let listed = self.tools.list(context, self.call(), &mut |line| {
            nothing |= line.starts_with("No such database schemas found");
            if let Some([_, schema]) = columns.row(line) {
                there.insert(schema);
            }
        })?;
        if columns.misfit || columns.has_header() == nothing {
            return Err(listed.unreadable("a list of schemata"));
        }
        let named: BTreeSet<&str> = self.schemata.iter().map(String::as_str).collect();
        let alone: BTreeSet<&str> = self.leave_alone.iter().map(String::as_str).collect();
        let unknown: Vec<&str> = named
            .iter()
            .chain(&alone)
            .copied()
            .filter(|schema| !there.contains(*schema))
            .collect();
        let forgotten: Vec<&str> = there
            .iter()
            .map(String::as_str)
            .filter(|schema| !named.contains(schema) && !alone.contains(schema))
            .collect();
        let mut wrong = Vec::new();
        if !unknown.is_empty() {
            wrong.push(format!("there is no schema {}", few(&unknown, NAMED)));
        }
        if !forgotten.is_empty() {
            wrong.push(format!("the site does not name {}", few(&forgotten, NAMED)));
        }
        if wrong.is_empty() {
            return Ok(Outcome {
                summary: format!("{} schemata", there.len()),
                ..Outcome::default()
            });
        }
        Err(Failure::refused(wrong.join("; ")).hint(
            "correct `ox.schemata` in the site file (or `ox.leave_alone`); \
             `listdatabaseschema --csv` shows those that there are",
        ))
    }
}
