//! What all that watches a workflow of the domain has in common: its script, its journal, its end.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Map;

use super::progress::while_watching;
use crate::adapter::weblogic::connection::Connection;
use crate::adapter::weblogic::result::ResultLines;
use crate::adapter::weblogic::script::{Literal, Script};
use crate::adapter::weblogic::session::{Session, lines};
use crate::adapter::weblogic::start_servers::SERVERS;
use crate::adapter::{Failure, HumanDuration, StepContext};
use crate::event::Outcome;

const WORKFLOW: &str = include_str!("../scripts/workflow.py");
const JOURNAL: &str = "rollout.journal";
const PROGRESS: &str = "rollout.progress";

/// A journal has a few lines for each attempt.
const JOURNAL_LIMIT: u64 = 1024 * 1024;

/// How long the Admin Server may be away while the rollout restarts it.
const RECONNECT: u64 = 1800;

/// Milliseconds between two looks at a workflow.
const POLL: u64 = 2000;

/// What a script says of the workflow at its end.
#[derive(Debug, Deserialize)]
struct Workflow {
    id: String,
    status: String,
    commands: u64,
}

/// A script that watches a workflow; `servers` must run afterwards.
pub(super) fn script(
    name: &str,
    connection: &Connection,
    servers: &[String],
    timeout: HumanDuration,
    own: &[(&str, Literal<'_>)],
    body: &str,
) -> Script {
    let mut parameters = own.to_vec();
    parameters.extend([
        ("SERVERS", Literal::Texts(servers)),
        ("JOURNAL", Literal::Text(JOURNAL)),
        ("PROGRESS", Literal::Text(PROGRESS)),
        ("TIMEOUT", Literal::Number(timeout.get().as_secs())),
        ("RECONNECT", Literal::Number(RECONNECT)),
        ("POLL", Literal::Number(POLL)),
    ]);
    Script::new(name, connection, &parameters, &[SERVERS, WORKFLOW, body])
}

/// Runs it, and passes on how far the workflow is.
pub(super) fn run(
    script: &Script,
    connection: &Connection,
    timeout: HumanDuration,
    context: &StepContext<'_>,
) -> Result<ResultLines, Failure> {
    let session = Session::of_step(connection, context)?;
    let progress = context.scratch.join(PROGRESS);
    let limit = timeout.get() + Duration::from_secs(RECONNECT);
    while_watching(context, &progress, || session.run(script, limit))
}

/// What earlier attempts of the step wrote down; `None` before the first.
pub(super) fn journal(context: &StepContext<'_>) -> Result<Option<String>, Failure> {
    let path = context.scratch.join(JOURNAL);
    if context.host.stat(&path)?.is_none() {
        return Ok(None);
    }
    let content = context.host.read(&path, JOURNAL_LIMIT)?;
    Ok(Some(String::from_utf8_lossy(&content).into_owned()))
}

/// The workflow that the script watched to its end; `None` if there was none.
pub(super) fn outcome(result: &ResultLines) -> Result<Option<Outcome>, Failure> {
    let found: Vec<Workflow> = lines(result, "workflow")?;
    Ok(found.into_iter().next().map(|workflow| Outcome {
        summary: format!(
            "{} ended with {}, {} commands",
            workflow.id, workflow.status, workflow.commands
        ),
        outputs: outputs(&workflow.id),
        ..Outcome::default()
    }))
}

/// No workflow was needed.
pub(super) fn left_alone(why: &str) -> Outcome {
    Outcome {
        summary: why.to_owned(),
        outputs: outputs("none"),
        ..Outcome::default()
    }
}

fn outputs(workflow: &str) -> Map<String, serde_json::Value> {
    Map::from_iter([("workflow".to_owned(), workflow.into())])
}
