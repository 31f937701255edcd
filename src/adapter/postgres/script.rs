//! `postgres.script`

use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::connection::Connection;
use super::contents::contents;
use super::dump::validate_database;
use super::inventory;
use super::lexer::client_command;
use super::quiet::wait_until_quiet;
use super::server::Server;
use super::session::{Session, end_mark};
use super::tool_messages::{sort_lines, tool_failure};
use crate::adapter::database::{
    HashedReader, RunScript, Scripted, Scripts, Source, UNDO, came_to_its_end, default_wait,
    finding_of, hash_of, no_end, refuse_changed, usable,
};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, Probe,
    StepContext,
};
use crate::backup::hex;
use crate::event::{FailureKind, Outcome};
use crate::host::{Host, Stdin, Stdout, Streams};
use crate::site::SecretRef;

/// A migration script is far smaller.
const LIMIT: u64 = 256 * 1024 * 1024;

/// Runs migration scripts in a database, in order, each in one transaction. A script that was cut off
/// is begun again only if the database is proven unchanged (a script may commit by itself).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The server and the account.
    pub connection: Connection,
    /// The database.
    pub database: String,
    /// An earlier step of the run makes it: a check does not look for it.
    #[serde(default)]
    pub made_by_run: bool,
    /// The scripts, in the order in which they are run.
    pub scripts: Vec<PathBuf>,
    /// Seconds that other sessions in the database have to end before the step refuses.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
}

/// What to do about a script that failed.
fn undo() -> String {
    format!("nothing of it stays unless the script commits by itself; if so, {UNDO}")
}

/// The database with a session to it.
struct Place<'a> {
    script: &'a Script,
    session: Session<'a>,
    host: &'a dyn Host,
}

impl Scripted for Place<'_> {
    fn wait_until_quiet(&self) -> Result<(), Failure> {
        let patience = Duration::from_secs(self.script.wait_seconds);
        wait_until_quiet(&self.session, &[&self.script.database], patience)
    }

    fn digest(&self) -> Result<String, Failure> {
        let database = &self.script.database;
        let found = inventory::look(&self.session, database)?;
        let text = inventory::definitions(&self.session, database)?;
        let contents = contents(&self.session, database, &found)?;
        let mut all = String::new();
        for (name, definition) in &text.definitions {
            let _ = write!(all, "{name}\0{definition}\0");
        }
        for (name, contents) in &contents {
            let _ = write!(all, "{name}\0{}\0{}\0", contents.rows, contents.checksum);
        }
        Ok(hex(&Sha256::digest(all)))
    }

    fn run(&self, script: &RunScript) -> Result<Vec<String>, Failure> {
        refuse_commands(self.host, &script.path)?;
        let invocation = self.session.migrate(&self.script.database);
        let mut input = HashedReader::open(self.host, &script.path)?;
        // The last statement may have no semicolon.
        let ending = format!("\n;\n{}", end_mark());
        let mut with_end = Read::by_ref(&mut input).chain(ending.as_bytes());
        let streams = Streams {
            stdin: Stdin::Reader(&mut with_end),
            stdout: Stdout::Captured,
        };
        let exit = self.session.start(&invocation, streams)?;
        let said = sort_lines(&exit, Source::Own);
        if exit.success() && said.failures.is_empty() {
            refuse_changed(&input.finish(), script)?;
            if !came_to_its_end(&exit.stdout) {
                let what = script.path.display().to_string();
                return Err(no_end(&what, &invocation, &exit).hint_after(&undo()));
            }
            return Ok(said.notes);
        }
        let message = format!(
            "the script {} failed in `{}`",
            script.path.display(),
            self.script.database
        );
        let connection = self.session.connection;
        let mut failure = tool_failure(&message, connection, &invocation, &exit, Source::Own);
        if failure.kind() == FailureKind::Refused {
            failure.0.kind = FailureKind::Tool;
        }
        Err(failure.hint_before(&undo()))
    }
}

/// Refuses a script with commands of the client's own: they could run any program, and what they do
/// is not in the plan.
fn refuse_commands(host: &dyn Host, path: &Path) -> Result<(), Failure> {
    match client_command(&host.read(path, LIMIT)?) {
        None => Ok(()),
        Some(line) => Err(Failure::refused(format!(
            "line {line} of {} holds a command of the client's own or sets \
             `standard_conforming_strings`",
            path.display()
        ))
        .hint("write it without backslash commands: only SQL is run")),
    }
}

impl Script {
    fn scripts(&self) -> Scripts<'_> {
        Scripts {
            paths: &self.scripts,
            schema: &self.database,
            hash: hash_of,
        }
    }

    fn place<'a>(&'a self, context: &StepContext<'a>) -> Result<Place<'a>, Failure> {
        Ok(Place {
            script: self,
            session: Session::of_step(&self.connection, context)?,
            host: context.host,
        })
    }
}

impl Action for Script {
    const NAME: &'static str = "postgres.script";
    const SUMMARY: &'static str = "Runs migration scripts in a PostgreSQL database, in order";
    const EFFECT: Effect = Effect::Once;
    const OUTPUTS: &'static [OutputSpec] = Scripts::OUTPUTS;

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        problems.extend(validate_database(&self.database));
        if self.scripts.is_empty() {
            problems.push("scripts: is empty".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        let connection = &self.connection;
        let mut preview = vec![
            PreviewLine::Command(connection.client(&self.database, None).to_string()),
            PreviewLine::Command(connection.definitions(&self.database, None).to_string()),
            PreviewLine::Checks(format!(
                "no other session uses `{}` (waits up to {} s); its state before each script is recorded",
                self.database, self.wait_seconds
            )),
        ];
        for script in &self.scripts {
            preview.push(PreviewLine::Reads(script.display().to_string()));
            let command = connection.migrate(&self.database, None);
            preview.push(PreviewLine::Command(command.to_string()));
        }
        preview
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.connection.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![
            self.connection.client_program().to_owned(),
            self.connection.dump_program().to_owned(),
        ]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let script = |path: &PathBuf| {
            usable(context.host, path).and_then(|()| refuse_commands(context.host, path))
        };
        let mut findings: Vec<Finding> = self
            .scripts
            .iter()
            .filter_map(|path| script(path).err())
            .map(|failure| finding_of(&failure))
            .collect();
        let look = || -> Result<Option<Finding>, Failure> {
            let session = Session::of_check(&self.connection, context)?;
            let server = Server::look(&session)?;
            if !self.made_by_run {
                inventory::look(&session, &self.database)?;
            }
            Ok(server.standby.then(|| {
                Finding::refuse("the server is a standby: nothing can be changed on it")
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
        self.scripts().probe(context, || self.place(context))
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        self.scripts().perform(context, &self.place(context)?)
    }
}
