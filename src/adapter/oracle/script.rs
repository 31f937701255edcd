//! `oracle.script`

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::connection::{Connection, Program, is_name};
use super::export::default_wait;
use super::inventory::{self, digest};
use super::quiet::wait_until_quiet;
use super::quoting::name;
use super::script_journal::{RunScript, ScriptJournal};
use super::server::Server;
use super::session::Session;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    Probe, StepContext,
};
use crate::backup::hex;
use crate::event::{FailureKind, Outcome, Progress, ProgressUnit};
use crate::host::{FileKind, Host};
use crate::site::SecretRef;

/// A migration script is far smaller.
const LIMIT: u64 = 256 * 1024 * 1024;

/// Runs migration scripts in a schema with `sqlplus`, in order, each to its end or not at all a second
/// time: a script that was cut off is begun again only if the schema is proven unchanged.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The database and the account.
    pub connection: Connection,
    /// The schema. If it is not the account's own, names without a schema mean this one's.
    pub schema: String,
    /// The scripts, in the order in which they are run.
    pub scripts: Vec<PathBuf>,
    /// Seconds that other sessions on the schema have to end before the step refuses.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
}

impl Script {
    /// Reads every script and the journal; what was run must still be what it was.
    fn standing(
        &self,
        context: &StepContext<'_>,
    ) -> Result<(ScriptJournal, Vec<RunScript>), Failure> {
        let scripts = self.scripts.iter().map(|path| {
            Ok(RunScript {
                path: path.clone(),
                sha256: usable(context.host, path)?,
            })
        });
        let scripts = scripts.collect::<Result<Vec<_>, Failure>>()?;
        let journal = ScriptJournal::read(context.host, context.scratch)?;
        let begun = journal.begun.iter().map(|(script, _)| script);
        for (was, is) in journal.finished.iter().chain(begun).zip(&scripts) {
            if was != is {
                let message = format!(
                    "{} is not the script that this step has run before",
                    is.path.display()
                );
                return Err(Failure::refused(message).hint(
                    "put the earlier script back, or restore the schema and begin a new run",
                ));
            }
        }
        Ok((journal, scripts))
    }

    fn digest(&self, session: &Session<'_>, server: &Server) -> Result<String, Failure> {
        Ok(digest(&inventory::look(session, server, &self.schema)?))
    }

    /// Whether a script that was begun left no trace. The database ends what a killed client began first,
    /// so the schema must be quiet before it is looked at.
    fn left_no_trace(
        &self,
        session: &Session<'_>,
        server: &Server,
        before: &str,
    ) -> Result<bool, Failure> {
        wait_until_quiet(
            session,
            &self.schema,
            Duration::from_secs(self.wait_seconds),
        )?;
        Ok(self.digest(session, server)? == before)
    }

    fn cut_off(&self, script: &RunScript) -> String {
        format!(
            "{} was cut off in the middle, and `{}` has changed since it began",
            script.path.display(),
            self.schema
        )
    }

    /// The script is named, not fed: `@@` finds its neighbours beside it.
    fn statements(&self, path: &Path) -> String {
        format!(
            "ALTER SESSION SET CURRENT_SCHEMA = {};\n@\"{}\"\nCOMMIT;",
            name(&self.schema),
            path.display()
        )
    }

    fn run(
        &self,
        session: &Session<'_>,
        script: &RunScript,
        context: &StepContext<'_>,
    ) -> Result<Option<String>, Failure> {
        let shown = script.path.display();
        let (invocation, exit, text, well) = session.script(&self.statements(&script.path))?;
        log(context, &text);
        if !well {
            let how = if exit.success() {
                "did not come to its end, although sqlplus ended well"
            } else {
                "failed"
            };
            let message = format!("the script {shown} {how} in `{}`", self.schema);
            let mut failure = session.tool_failure(message, &invocation, &exit, &text, "");
            if failure.kind() == FailureKind::Refused {
                failure.0.kind = FailureKind::Tool;
            }
            let undo = "statements before the failing one stay in effect: restore the schema from the backup \
                        set before the next attempt";
            failure.0.hint = Some(match failure.0.hint.take() {
                Some(hint) => format!("{undo}; {hint}"),
                None => undo.to_owned(),
            });
            return Err(failure);
        }
        if usable(context.host, &script.path)? != script.sha256 {
            let message = format!("{shown} was changed while it was run");
            return Err(Failure::verification(message)
                .hint("restore the schema from the backup set, then run the right script"));
        }
        let compiled_badly = text.contains("with compilation errors");
        Ok(compiled_badly.then(|| {
            format!("{shown}: something was created with compilation errors; see the step's log")
        }))
    }

    fn outcome(&self, scripts: &[RunScript], warnings: Vec<String>) -> Outcome {
        let list: Vec<Value> = scripts
            .iter()
            .map(|script| json!({ "path": script.path, "sha256": script.sha256 }))
            .collect();
        let mut outputs = Map::new();
        outputs.insert("scripts".to_owned(), list.into());
        Outcome {
            outputs,
            warnings,
            summary: match scripts.len() {
                1 => format!("1 script run in `{}`", self.schema),
                count => format!("{count} scripts run in `{}`", self.schema),
            },
            ..Outcome::default()
        }
    }
}

/// What the client printed. A log that cannot be written is not worth breaking a migration for.
fn log(context: &StepContext<'_>, text: &str) {
    let Some(log) = &context.control.log else {
        return;
    };
    let mut log = log
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let _ = writeln!(log, "{}", context.control.masker.mask(text).trim_end());
}

/// The hash of a script that can be run: a file that holds something, whose last statement is ended.
/// `sqlplus` drops a statement without its end at the end of a file, and says nothing.
fn usable(host: &dyn Host, path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let hint = "check the path of the script in the site or the runbook";
    let stat = host.stat(path)?;
    let Some(stat) = stat else {
        return Err(Failure::refused(format!("there is no script {shown}")).hint(hint));
    };
    if stat.kind != FileKind::File {
        return Err(Failure::refused(format!("{shown} is no regular file")).hint(hint));
    }
    let bytes = host.read(path, LIMIT)?;
    let text = String::from_utf8_lossy(&bytes);
    let Some(last) = last_line(&text) else {
        return Err(Failure::refused(format!("the script {shown} is empty")).hint(hint));
    };
    if !is_ended(last) {
        let message =
            format!("the last statement of {shown} has no end: `sqlplus` would leave it out");
        return Err(Failure::refused(message).hint("end it with `;`, or PL/SQL with a line `/`"));
    }
    Ok(hex(&Sha256::digest(&bytes)))
}

fn last_line(text: &str) -> Option<&str> {
    let comment = |line: &str| line.starts_with("--") || line.ends_with("*/");
    let mut lines = text.lines().rev().map(str::trim);
    lines.find(|line| !line.is_empty() && !comment(line))
}

fn is_ended(line: &str) -> bool {
    let code = line.split("--").next().unwrap_or_default().trim_end();
    let word = line.split_whitespace().next().unwrap_or_default();
    let commands = [
        "SET", "PROMPT", "PRO", "REM", "SPOOL", "WHENEVER", "SHOW", "EXIT", "QUIT",
    ];
    line == "/"
        || code.ends_with(';')
        || line.starts_with('@')
        || commands.contains(&word.to_uppercase().as_str())
}

impl Action for Script {
    const NAME: &'static str = "oracle.script";
    const SUMMARY: &'static str = "Runs migration scripts in an Oracle schema, in order";
    const EFFECT: Effect = Effect::Once;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "scripts",
        kind: OutputKind::Structure,
        about: "the scripts that were run: `path` and `sha256` of each",
    }];

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        if !is_name(&self.schema) {
            problems.push("schema: no schema has such a name".to_owned());
        }
        if self.scripts.is_empty() {
            problems.push("scripts: is empty".to_owned());
        }
        let unfit = |path: &&PathBuf| path.to_string_lossy().contains(['"', '\n', '\r']);
        if self.scripts.iter().any(|path| unfit(&path)) {
            problems.push("scripts: a path holds a quote or a line end".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        let command = self.connection.client().to_string();
        let mut preview = vec![
            PreviewLine::Command(command.clone()),
            PreviewLine::Checks(format!(
                "no other session uses `{}` (waits up to {} s); its state before each script is recorded",
                self.schema, self.wait_seconds
            )),
        ];
        for script in &self.scripts {
            preview.push(PreviewLine::Reads(script.display().to_string()));
            preview.push(PreviewLine::Command(command.clone()));
            let statements = self.statements(script).replace('\n', " ");
            preview.push(PreviewLine::Note(format!(
                "SQL*Plus: WHENEVER SQLERROR EXIT 1 ROLLBACK {statements}"
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
        let unusable = self
            .scripts
            .iter()
            .filter_map(|path| usable(context.host, path).err());
        let mut findings: Vec<Finding> = unusable.map(|failure| Finding::of(&failure)).collect();
        let look = || -> Result<(), Failure> {
            let session = Session::of_check(&self.connection, "", context)?;
            Server::look(&session, &self.schema).map(drop)
        };
        findings.extend(look().err().map(|failure| Finding::of(&failure)));
        findings
    }

    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        let (journal, scripts) = self.standing(context)?;
        let done = journal.finished.len();
        let partly = || format!("{done} of {} scripts were run", scripts.len());
        let Some((script, before)) = &journal.begun else {
            return Ok(match done {
                0 => Probe::Absent,
                _ if done >= scripts.len() => Probe::Present(self.outcome(&scripts, Vec::new())),
                _ => Probe::Partial(partly()),
            });
        };
        let session = Session::of_step(&self.connection, "", context)?;
        let server = Server::look(&session, &self.schema)?;
        match self.left_no_trace(&session, &server, before) {
            Ok(true) if done == 0 => Ok(Probe::Absent),
            Ok(true) => Ok(Probe::Partial(partly())),
            Ok(false) => Ok(Probe::Unknown(format!(
                "{}; restore the schema from the backup set and run the upgrade again",
                self.cut_off(script)
            ))),
            Err(failure) if failure.kind() == FailureKind::Refused => Ok(Probe::Unknown(format!(
                "{} was cut off in the middle, and it cannot be seen what it did: {failure}",
                script.path.display()
            ))),
            Err(failure) => Err(failure),
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let (mut journal, scripts) = self.standing(context)?;
        let session = Session::of_step(&self.connection, "", context)?;
        let server = Server::look(&session, &self.schema)?;
        if let Some((script, before)) = &journal.begun
            && !self.left_no_trace(&session, &server, before)?
        {
            let message = self.cut_off(script);
            return Err(Failure::new(FailureKind::NeedsOperator, message)
                .hint("restore the schema from the backup set and run the upgrade again"));
        }
        let patience = Duration::from_secs(self.wait_seconds);
        let mut warnings = Vec::new();
        for (at, script) in scripts.iter().enumerate().skip(journal.finished.len()) {
            let unseen = wait_until_quiet(&session, &self.schema, patience)?;
            if at == journal.finished.len() && warnings.is_empty() {
                warnings.extend(unseen);
            }
            let before = self.digest(&session, &server)?;
            journal.begun = Some((script.clone(), before));
            journal.write(context.host, context.make_scratch()?)?;
            warnings.extend(self.run(&session, script, context)?);
            journal.begun = None;
            journal.finished.push(script.clone());
            journal.write(context.host, context.make_scratch()?)?;
            (context.progress)(Progress {
                done: at as u64 + 1,
                total: Some(scripts.len() as u64),
                unit: ProgressUnit::Items,
            });
        }
        Ok(self.outcome(&scripts, warnings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_without_an_end_is_seen() {
        let ended = |text: &str| last_line(text).is_some_and(is_ended);
        assert!(ended("CREATE TABLE A (B NUMBER);\n\n-- done\n"));
        assert!(ended("BEGIN NULL; END;\n/\n"));
        assert!(ended("COMMIT; -- done"));
        assert!(ended("exit"));
        assert!(!ended("CREATE TABLE A (\n B NUMBER)\n"));
        assert!(!ended("-- nothing\n"));
    }
}
