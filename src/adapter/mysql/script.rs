//! `mysql.script`

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connection::Connection;
use super::dump::validate_schema;
use super::fingerprint::{contents, digest};
use super::inventory;
use super::quiet::wait_until_quiet;
use super::server::Server;
use super::session::Session;
use super::tool_messages::{sort_lines, tool_failure};
use crate::adapter::database::{
    END, HashedReader, RunScript, Scripted, Scripts, Source, came_to_its_end, default_wait,
    finding_of, hash_of, no_end, refuse_changed, statements_stay, usable,
};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, Probe,
    StepContext,
};
use crate::event::{FailureKind, Outcome};
use crate::host::{Exit, Host, Invocation, Stdin, Stdout, Streams};
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
    /// An earlier step of the run makes it: a check does not look for it.
    #[serde(default)]
    pub made_by_run: bool,
    /// The scripts, in the order in which they are run.
    pub scripts: Vec<PathBuf>,
    /// Seconds that other sessions on the schema have to end before the step refuses.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
}

/// The schema with a session to it.
struct Place<'a> {
    script: &'a Script,
    session: Session<'a>,
    host: &'a dyn Host,
}

impl Scripted for Place<'_> {
    fn wait_until_quiet(&self) -> Result<(), Failure> {
        let patience = Duration::from_secs(self.script.wait_seconds);
        wait_until_quiet(&self.session, &[&self.script.schema], patience)
    }

    fn digest(&self) -> Result<String, Failure> {
        let schema = &self.script.schema;
        let found = inventory::look(&self.session, schema)?;
        let contents = contents(&self.session, schema, &found)?;
        Ok(digest(&found.inventory, &contents))
    }

    fn run(&self, script: &RunScript) -> Result<Vec<String>, Failure> {
        let invocation = self.session.load(Some(&self.script.schema));
        let mut input = HashedReader::open(self.host, &script.path)?;
        // The client runs what still waits for its delimiter before it takes another one. It prints the
        // column's name first, which must not pass for the row.
        let ending = format!("\nDELIMITER ;\nSELECT '{END}' AS mark;\n");
        let mut with_end = Read::by_ref(&mut input).chain(ending.as_bytes());
        let streams = Streams {
            stdin: Stdin::Reader(&mut with_end),
            stdout: Stdout::Captured,
        };
        let exit = self.session.start(&invocation, streams)?;
        let said = sort_lines(&invocation.program, &exit, Source::Own);
        if !exit.success() || !said.failures.is_empty() {
            return Err(self
                .script
                .failed(&self.session, script, &invocation, &exit));
        }
        refuse_changed(&input.finish(), script)?;
        if !came_to_its_end(&exit.stdout) {
            let what = script.path.display().to_string();
            return Err(no_end(&what, &invocation, &exit).hint_after(&statements_stay()));
        }
        Ok(said.notes)
    }
}

impl Script {
    fn scripts(&self) -> Scripts<'_> {
        Scripts {
            paths: &self.scripts,
            schema: &self.schema,
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
        failure.hint_before(&statements_stay())
    }
}

impl Action for Script {
    const NAME: &'static str = "mysql.script";
    const SUMMARY: &'static str = "Runs migration scripts in a MySQL or MariaDB schema, in order";
    const EFFECT: Effect = Effect::Once;
    const OUTPUTS: &'static [OutputSpec] = Scripts::OUTPUTS;

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
            if !self.made_by_run {
                inventory::list(&session, &self.schema)?;
            }
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
        self.scripts().probe(context, || self.place(context))
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        self.scripts().perform(context, &self.place(context)?)
    }
}
