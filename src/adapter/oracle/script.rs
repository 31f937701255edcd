//! `oracle.script`

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::connection::{Connection, Program, is_name};
use super::inventory::{self, digest};
use super::quiet::wait_until_quiet;
use super::quoting::name;
use super::server::Server;
use super::session::Session;
use crate::adapter::database::{
    RunScript, Scripted, Scripts, default_wait, refuse_changed, statements_stay,
};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, Probe,
    StepContext,
};
use crate::backup::hex;
use crate::event::{FailureKind, Outcome};
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
    fn scripts(&self) -> Scripts<'_> {
        Scripts {
            paths: &self.scripts,
            schema: &self.schema,
            hash: usable,
        }
    }

    fn place<'a>(&'a self, context: &'a StepContext<'a>) -> Result<Place<'a>, Failure> {
        let session = Session::of_step(&self.connection, "", context)?;
        let server = Server::look(&session, &self.schema)?;
        Ok(Place {
            script: self,
            session,
            server,
            context,
            unseen: RefCell::default(),
        })
    }

    /// The script is named, not fed: `@@` finds its neighbours beside it.
    fn statements(&self, path: &Path) -> String {
        format!(
            "ALTER SESSION SET CURRENT_SCHEMA = {};\n@\"{}\"\nCOMMIT;",
            name(&self.schema),
            path.display()
        )
    }
}

/// The schema with a session to it.
struct Place<'a> {
    script: &'a Script,
    session: Session<'a>,
    server: Server,
    context: &'a StepContext<'a>,
    /// What to say of sessions that the account cannot see.
    unseen: RefCell<Vec<String>>,
}

impl Scripted for Place<'_> {
    fn wait_until_quiet(&self) -> Result<(), Failure> {
        let patience = Duration::from_secs(self.script.wait_seconds);
        *self.unseen.borrow_mut() = wait_until_quiet(&self.session, &self.script.schema, patience)?;
        Ok(())
    }

    fn digest(&self) -> Result<String, Failure> {
        let schema = &self.script.schema;
        Ok(digest(&inventory::look(
            &self.session,
            &self.server,
            schema,
        )?))
    }

    fn run(&self, script: &RunScript) -> Result<Vec<String>, Failure> {
        let schema = &self.script.schema;
        let session = &self.session;
        let statements = self.script.statements(&script.path);
        let (invocation, exit, text, well) = session.script(&statements)?;
        log(self.context, &text);
        if !well {
            let how = if exit.success() {
                "did not come to its end, although sqlplus ended well"
            } else {
                "failed"
            };
            let message = format!("the script {} {how} in `{schema}`", script.path.display());
            let mut failure = session.tool_failure(message, &invocation, &exit, &text, "");
            if failure.kind() == FailureKind::Refused {
                failure.0.kind = FailureKind::Tool;
            }
            return Err(failure.hint_before(&statements_stay()));
        }
        refuse_changed(&usable(self.context.host, &script.path)?, script)?;
        let compiled_badly = text.contains("with compilation errors");
        let note = "something was created with compilation errors; see the step's log";
        Ok(compiled_badly
            .then(|| note.to_owned())
            .into_iter()
            .collect())
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
    const OUTPUTS: &'static [OutputSpec] = Scripts::OUTPUTS;

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
        self.scripts().probe(context, || self.place(context))
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let place = self.place(context)?;
        let mut outcome = self.scripts().perform(context, &place)?;
        outcome.warnings.splice(0..0, place.unseen.take());
        Ok(outcome)
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
