//! `ox.run-update` and `ox.check-updated`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::csv::Columns;
use super::tasks::{self, Tasks};
use super::tools::{Tools, name_problem};
use super::words::few;
use crate::adapter::{
    Action, Effect, Failure, HumanDuration, Preview, PreviewLine, Probe, StepContext,
};
use crate::event::{Outcome, StopLevel};
use crate::host::Invocation;
use crate::site::SecretRef;

/// Runs the update tasks of a schema on a node of the new version. What counts is not what the tool
/// answers but that no task is pending afterwards and none has failed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunUpdate {
    /// The node of the new version.
    pub tools: Tools,
    /// The schema.
    pub schema: String,
    /// Tasks that may have failed: of an earlier upgrade, and known to be harmless.
    #[serde(default)]
    pub ignore_tasks: Vec<String>,
    /// Pause between two looks at updates that run in the server: of a client that was killed, or of
    /// somebody else.
    #[serde(default = "five_seconds")]
    pub interval: HumanDuration,
}

fn five_seconds() -> HumanDuration {
    HumanDuration::seconds(5)
}

impl RunUpdate {
    fn call(&self) -> Invocation {
        self.tools
            .plain("runupdate")
            .args(["-n", self.schema.as_str()])
    }

    fn tasks(&self, context: &StepContext<'_>) -> Result<Tasks, Failure> {
        Tasks::read(&self.tools, &self.schema, &self.ignore_tasks, context)
    }

    /// Waits while the server says that updates of the schema are running.
    fn wait_for_others(&self, context: &StepContext<'_>) -> Result<bool, Failure> {
        let mut waited = false;
        while self.is_blocked(context)? {
            if !waited {
                (context.say)(format!(
                    "update tasks of {} run already; waiting",
                    self.schema
                ));
            }
            waited = true;
            let stop = &context.control.stop;
            if stop.wait(StopLevel::Ask, self.interval.get()) >= StopLevel::Ask {
                return Err(Failure::stopped());
            }
        }
        Ok(waited)
    }

    fn is_blocked(&self, context: &StepContext<'_>) -> Result<bool, Failure> {
        let mut blocked = false;
        let mut stale = false;
        unfinished(&self.tools, context, |schema, status| {
            if schema == self.schema {
                blocked |= status.starts_with("Blocking updates running");
                stale |= status.contains("too long");
            }
        })?;
        if stale {
            let message = format!(
                "update tasks of schema {} have been running for too long",
                self.schema
            );
            return Err(Failure::verification(message).hint(
                "if none runs any more (the node was restarted), `unblockdatabase` removes the lock; then \
                 resume",
            ));
        }
        Ok(blocked)
    }

    fn done(&self, summary: String) -> Outcome {
        Outcome {
            summary: format!("{}: {summary}", self.schema),
            ..Outcome::default()
        }
    }
}

impl Action for RunUpdate {
    const NAME: &'static str = "ox.run-update";
    const SUMMARY: &'static str =
        "Runs the update tasks of an OX schema and checks that all succeeded";
    const EFFECT: Effect = Effect::External;

    fn validate(&self) -> Vec<String> {
        let mut wrong = self.tools.validate();
        wrong.extend(name_problem("schema", &self.schema));
        wrong
    }

    fn preview(&self) -> Preview {
        let mut preview = vec![PreviewLine::Command(self.call().to_string())];
        preview.extend(tasks::preview(&self.tools, &self.schema));
        preview
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.tools.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        ["runupdate", "listUpdateTasks", "checkdatabase"]
            .map(|tool| self.tools.program(tool))
            .into()
    }

    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        self.wait_for_others(context)?;
        let tasks = self.tasks(context)?;
        Ok(if tasks.is_empty() {
            Probe::Present(self.done("no update task is pending".to_owned()))
        } else {
            Probe::Partial(format!("update tasks of {} are left", self.schema))
        })
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let before = self.tasks(context)?;
        if before.is_empty() {
            let mut outcome = self.done("no update task was pending".to_owned());
            outcome.warnings.push(format!(
                "schema {} had nothing to update: it was updated before, or the node that was asked does \
                 not run the new version",
                self.schema
            ));
            return Ok(outcome);
        }
        self.tools.run(context, self.call())?;
        let mut after = self.tasks(context)?;
        // A schema that somebody else is updating is left alone by the tool, with exit code 0.
        if !after.is_empty() && self.wait_for_others(context)? {
            after = self.tasks(context)?;
            if !after.pending.is_empty() {
                self.tools.run(context, self.call())?;
                after = self.tasks(context)?;
            }
        }
        after.demand_none(&self.schema)?;
        let count = before.pending.len().max(before.failed.len());
        Ok(self.done(format!("{count} update tasks done")))
    }
}

/// Lists the schemata whose updates are not finished.
fn listing(tools: &Tools) -> Invocation {
    tools.admin("checkdatabase").arg("--csv")
}

/// Hands the schemata whose updates are not finished, with their status, to `each`.
fn unfinished(
    tools: &Tools,
    context: &StepContext<'_>,
    mut each: impl FnMut(String, String) + Send,
) -> Result<(), Failure> {
    let mut columns = Columns::new(["scheme", "status"]);
    let mut nothing = false;
    let listed = tools.list(context, listing(tools), &mut |line| {
        nothing |= line.starts_with("Neither pending");
        if let Some([schema, status]) = columns.row(line) {
            each(schema, status);
        }
    })?;
    if columns.misfit || columns.has_header() == nothing {
        return Err(listed.unreadable("the state of the schemata"));
    }
    Ok(())
}

/// Checks that no schema has update tasks left.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckUpdated {
    /// The node of the new version.
    pub tools: Tools,
    /// The schemata.
    pub schemata: Vec<String>,
}

impl Action for CheckUpdated {
    const NAME: &'static str = "ox.check-updated";
    const SUMMARY: &'static str = "Checks that no OX schema has update tasks left";
    const EFFECT: Effect = Effect::Pure;

    fn validate(&self) -> Vec<String> {
        self.tools.validate()
    }

    fn preview(&self) -> Preview {
        vec![
            PreviewLine::Command(listing(&self.tools).to_string()),
            PreviewLine::Checks("no schema is listed".to_owned()),
        ]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.tools.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![self.tools.program("checkdatabase")]
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let mut left = Vec::new();
        unfinished(&self.tools, context, |schema, status| {
            if self.schemata.contains(&schema) {
                left.push(format!("{schema} ({status})"));
            }
        })?;
        if left.is_empty() {
            return Ok(Outcome {
                summary: format!("all of {} schemata are updated", self.schemata.len()),
                ..Outcome::default()
            });
        }
        let shown = few(&left, 20);
        let message = format!("{} schemata are not updated: {shown}", left.len());
        Err(Failure::verification(message).hint(
            "the last nodes of the old version stay in service for them; update those schemata, then resume",
        ))
    }
}
