//! `mysql.script`

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::connection::Connection;
use super::dump::{default_wait, validate_schema};
use super::fingerprint::{contents, digest};
use super::inventory;
use super::preflight::finding_of;
use super::quiet::wait_until_quiet;
use super::script_journal::{Begun, RunScript, ScriptJournal};
use super::server::Server;
use super::session::Session;
use super::tool_messages::{Source, sort_lines, tool_failure};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    Probe, StepContext,
};
use crate::event::{FailureKind, Outcome, Progress, ProgressUnit};
use crate::host::{Exit, FileKind, Host, HostError, Invocation, Stdin, Stdout, Streams};
use crate::site::SecretRef;

/// Runs migration scripts in a schema, in order, each to its end or not at all a second time: a
/// script that was cut off is begun again only if the schema is proven unchanged.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The server and the account.
    pub connection: Connection,
    /// The schema.
    pub schema: String,
    /// The scripts, in the order in which they are run.
    pub scripts: Vec<PathBuf>,
    /// Seconds that other sessions on the schema have to end before the step refuses.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
}

/// What is known of the scripts before one is run.
struct Standing {
    journal: ScriptJournal,
    scripts: Vec<RunScript>,
}

impl Script {
    /// Reads every script and the journal; what was run must still be what it was.
    fn standing(&self, context: &StepContext<'_>) -> Result<Standing, Failure> {
        let scripts = self
            .scripts
            .iter()
            .map(|path| {
                Ok(RunScript {
                    path: path.clone(),
                    sha256: hash_of(context.host, path)?,
                })
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let journal = ScriptJournal::read(context.host, context.scratch)?;
        let begun = journal.begun.iter().map(|begun| &begun.script);
        for (was, is) in journal.finished.iter().chain(begun).zip(&scripts) {
            if was != is {
                return Err(Failure::refused(format!(
                    "{} is not the script that this step has run before",
                    is.path.display()
                ))
                .hint("put the earlier script back, or restore the schema and begin a new run"));
            }
        }
        Ok(Standing { journal, scripts })
    }

    fn digest(&self, session: &Session<'_>) -> Result<String, Failure> {
        let found = inventory::look(session, &self.schema)?;
        let contents = contents(session, &self.schema, &found)?;
        Ok(digest(&found.inventory, &contents))
    }

    /// Whether a script that was begun left no trace. The server ends the statement of a killed
    /// client first, so the schema must be quiet before it is looked at.
    fn left_no_trace(&self, session: &Session<'_>, begun: &Begun) -> Result<bool, Failure> {
        wait_until_quiet(
            session,
            &[&self.schema],
            Duration::from_secs(self.wait_seconds),
        )?;
        Ok(self.digest(session)? == begun.before)
    }

    fn cut_off(&self, begun: &Begun) -> String {
        format!(
            "{} was cut off in the middle, and `{}` has changed since it began",
            begun.script.path.display(),
            self.schema
        )
    }

    fn run(
        &self,
        session: &Session<'_>,
        script: &RunScript,
        context: &StepContext<'_>,
    ) -> Result<Vec<String>, Failure> {
        let invocation = session.load(Some(&self.schema));
        let mut input = HashedReader {
            inner: context.host.open(&script.path)?,
            hash: Sha256::new(),
        };
        let streams = Streams {
            stdin: Stdin::Reader(&mut input),
            stdout: Stdout::Captured,
        };
        let exit = session.start(&invocation, streams)?;
        let said = sort_lines(&invocation.program, &exit, Source::Own);
        let name = script.path.display();
        if !exit.success() || !said.failures.is_empty() {
            return Err(self.failed(session, script, &invocation, &exit));
        }
        if hex(input.hash) != script.sha256 {
            return Err(
                Failure::verification(format!("{name} was changed while it was run"))
                    .hint("restore the schema from the backup set, then run the right script"),
            );
        }
        Ok(said
            .notes
            .iter()
            .map(|note| format!("{name}: {note}"))
            .collect())
    }

    fn failed(
        &self,
        session: &Session<'_>,
        script: &RunScript,
        invocation: &Invocation,
        exit: &Exit,
    ) -> Failure {
        let name = script.path.display();
        let message = format!("the script {name} failed in `{}`", self.schema);
        let mut failure = tool_failure(&message, session.connection, invocation, exit, Source::Own);
        if failure.0.message != message {
            let cause = std::mem::replace(&mut failure.0.message, message);
            failure.0.causes.insert(0, cause);
        }
        if failure.kind() == FailureKind::Refused {
            failure.0.kind = FailureKind::Tool;
        }
        let undo = "statements before the failing one stay in effect: restore the schema from the \
                    backup set before the next attempt";
        failure.0.hint = Some(match failure.0.hint.take() {
            Some(hint) => format!("{undo}; {hint}"),
            None => undo.to_owned(),
        });
        failure
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

struct HashedReader {
    inner: Box<dyn Read + Send>,
    hash: Sha256,
}

impl Read for HashedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

fn hex(hash: Sha256) -> String {
    use std::fmt::Write;
    hash.finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn hash_of(host: &dyn Host, path: &Path) -> Result<String, Failure> {
    usable(host, path)?;
    let mut reader = HashedReader {
        inner: host.open(path)?,
        hash: Sha256::new(),
    };
    io::copy(&mut reader, &mut io::sink()).map_err(|error| HostError::file("read", path, error))?;
    Ok(hex(reader.hash))
}

/// A regular file that holds something.
fn usable(host: &dyn Host, path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let hint = "check the path of the script in the site or the runbook";
    match host.stat(path)? {
        None => Err(Failure::refused(format!("there is no script {shown}")).hint(hint)),
        Some(stat) if stat.kind != FileKind::File => {
            Err(Failure::refused(format!("{shown} is no regular file")).hint(hint))
        }
        Some(stat) if stat.bytes == 0 => {
            Err(Failure::refused(format!("the script {shown} is empty")).hint(hint))
        }
        Some(_) => {
            host.open(path)?;
            Ok(())
        }
    }
}

impl Action for Script {
    const NAME: &'static str = "mysql.script";
    const SUMMARY: &'static str = "Runs migration scripts in a MySQL or MariaDB schema, in order";
    const EFFECT: Effect = Effect::Once;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "scripts",
        kind: OutputKind::Structure,
        about: "the scripts that were run: `path` and `sha256` of each",
    }];

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        problems.extend(validate_schema(&self.schema));
        if self.scripts.is_empty() {
            problems.push("scripts: is empty".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        let mut preview = vec![
            PreviewLine::Command(self.connection.read(None, None).to_string()),
            PreviewLine::Checks(format!(
                "no other session uses `{}` (waits up to {} s); its state before each script is recorded",
                self.schema, self.wait_seconds
            )),
        ];
        for script in &self.scripts {
            preview.push(PreviewLine::Reads(script.display().to_string()));
            let command = self.connection.load(Some(&self.schema), None);
            preview.push(PreviewLine::Command(command.to_string()));
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
        let mut findings: Vec<Finding> = self
            .scripts
            .iter()
            .filter_map(|path| usable(context.host, path).err())
            .map(|failure| finding_of(&failure))
            .collect();
        let look = || -> Result<Option<Finding>, Failure> {
            let session = Session::of_check(&self.connection, context)?;
            let server = Server::look(&session)?;
            inventory::list(&session, &self.schema)?;
            Ok(server.read_only.then(|| {
                Finding::refuse("the server is read-only")
                    .hint("name the primary server in the site")
            }))
        };
        match look() {
            Ok(finding) => findings.extend(finding),
            Err(failure) => findings.push(finding_of(&failure)),
        }
        findings
    }

    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        let Standing { journal, scripts } = self.standing(context)?;
        let done = journal.finished.len();
        let Some(begun) = &journal.begun else {
            return Ok(match done {
                0 => Probe::Absent,
                _ if done >= scripts.len() => Probe::Present(self.outcome(&scripts, Vec::new())),
                _ => Probe::Partial(format!("{done} of {} scripts were run", scripts.len())),
            });
        };
        let session = Session::of_step(&self.connection, context)?;
        match self.left_no_trace(&session, begun) {
            Ok(true) if done == 0 => Ok(Probe::Absent),
            Ok(true) => Ok(Probe::Partial(format!(
                "{done} of {} scripts were run, the next one had changed nothing",
                scripts.len()
            ))),
            Ok(false) => Ok(Probe::Unknown(format!(
                "{}; restore the schema from the backup set and run the upgrade again",
                self.cut_off(begun)
            ))),
            Err(failure) if failure.kind() == FailureKind::Refused => Ok(Probe::Unknown(format!(
                "{} was cut off in the middle, and it cannot be seen what it did: {failure}",
                begun.script.path.display()
            ))),
            Err(failure) => Err(failure),
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let Standing {
            mut journal,
            scripts,
        } = self.standing(context)?;
        let session = Session::of_step(&self.connection, context)?;
        if let Some(begun) = &journal.begun
            && !self.left_no_trace(&session, begun)?
        {
            return Err(
                Failure::new(FailureKind::NeedsOperator, self.cut_off(begun))
                    .hint("restore the schema from the backup set and run the upgrade again"),
            );
        }
        let patience = Duration::from_secs(self.wait_seconds);
        let mut warnings = Vec::new();
        for (at, script) in scripts.iter().enumerate().skip(journal.finished.len()) {
            wait_until_quiet(&session, &[&self.schema], patience)?;
            journal.begun = Some(Begun {
                script: script.clone(),
                before: self.digest(&session)?,
            });
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
