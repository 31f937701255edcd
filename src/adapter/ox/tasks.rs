//! The update tasks of a schema, as a node of the new version lists them.

use super::tools::Tools;
use super::words::few;
use crate::adapter::{Failure, Preview, PreviewLine, StepContext};
use crate::host::Invocation;

/// So many tasks are named in a message.
const NAMED: usize = 6;

/// What is left to do and what went wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tasks {
    /// Tasks that are due.
    pub(super) pending: Vec<String>,
    /// Tasks whose last run failed. Some versions list those as pending, others do not.
    pub(super) failed: Vec<String>,
}

fn listing(tools: &Tools, schema: &str, which: &str) -> Invocation {
    tools.plain("listUpdateTasks").args([which, "-n", schema])
}

/// How the state of a schema is looked at.
pub(super) fn preview(tools: &Tools, schema: &str) -> Preview {
    vec![
        PreviewLine::Command(listing(tools, schema, "-g").to_string()),
        PreviewLine::Command(listing(tools, schema, "-e").to_string()),
        PreviewLine::Checks("no update task is pending, none has failed".to_owned()),
    ]
}

impl Tasks {
    /// Asks the node. Failed tasks named in `ignored` do not count.
    pub(super) fn read(
        tools: &Tools,
        schema: &str,
        ignored: &[String],
        context: &StepContext<'_>,
    ) -> Result<Self, Failure> {
        let counts = |task: &str| !ignored.iter().any(|known| known == task);
        let mut tasks = Self::default();
        rows(tools, schema, "-g", context, &mut |task, _| {
            if counts(task) {
                tasks.pending.push(task.to_owned());
            }
        })?;
        rows(tools, schema, "-e", context, &mut |task, successful| {
            if successful == "false" && counts(task) {
                tasks.failed.push(task.to_owned());
            }
        })?;
        Ok(tasks)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.failed.is_empty()
    }

    /// Fails unless nothing is left and nothing went wrong.
    pub(super) fn demand_none(&self, schema: &str) -> Result<(), Failure> {
        if self.is_empty() {
            return Ok(());
        }
        let mut found = Vec::new();
        if !self.failed.is_empty() {
            found.push(format!("failed: {}", few(&self.failed, NAMED)));
        }
        let waiting: Vec<String> = self
            .pending
            .iter()
            .filter(|task| !self.failed.contains(task))
            .cloned()
            .collect();
        if !waiting.is_empty() {
            found.push(format!("pending: {}", few(&waiting, NAMED)));
        }
        let message = format!("schema {schema} is not updated; {}", found.join("; "));
        Err(Failure::verification(message).hint(format!(
            "{schema} stays disabled, so that nobody works on a half-updated schema: mend the cause that \
             the log of the new node tells (`forceupdatetask` runs a failed task again), then resume"
        )))
    }
}

/// Hands over the first two columns of each row. The columns are as wide as their longest value, and no
/// task's name holds a blank.
fn rows(
    tools: &Tools,
    schema: &str,
    which: &str,
    context: &StepContext<'_>,
    each: &mut (dyn FnMut(&str, &str) + Send),
) -> Result<(), Failure> {
    let mut header = false;
    let mut nothing = false;
    let mut misfit = false;
    let listed = tools.list(context, listing(tools, schema, which), &mut |line| {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("taskName"), _) if !header => header = true,
            (Some("No"), Some("entries")) if !header => nothing = true,
            (Some(task), Some(second)) if header => each(task, second),
            _ => misfit = true,
        }
    })?;
    if misfit || header == nothing {
        return Err(listed.unreadable("a list of update tasks"));
    }
    Ok(())
}
