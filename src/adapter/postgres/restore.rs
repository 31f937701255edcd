//! `postgres.restore`

use std::convert::Infallible;
use std::io::Read;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compare;
use super::connection::Connection;
use super::contents::contents;
use super::dump::validate_database;
use super::inventory;
use super::properties::Properties;
use super::quiet::wait_until_quiet;
use super::record::DumpRecord;
use super::scanner::DumpScanner;
use super::server::Server;
use super::session::Session;
use super::tool_messages::{shown_lines, sort_lines, tool_failure};
use crate::adapter::database::{
    ROWS, Reported, Source, TABLES, artifact_name, artifact_problem, begin_once, damaged,
    default_wait, finding_of, loaded_otherwise, log_lines, only_file, read_whole, refuse_or_warn,
    was_begun,
};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::backup::SealedSet;
use crate::event::{ArtifactFile, Outcome};
use crate::host::{Control, Exit, Stdin, Stdout, Streams};
use crate::site::SecretRef;

/// Brings a database back to the exact state of a dump: what was added since is gone afterwards. Reads
/// the whole dump before anything is dropped, and compares every definition and every table afterwards.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The server and the account.
    pub connection: Connection,
    /// The database that was dumped.
    pub database: String,
    /// The database that it is brought back as, if another: a clone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remap_database: Option<String>,
    /// Refuses, when the step begins, to replace a database that holds anything.
    #[serde(default)]
    pub into_empty: bool,
    /// Name of the artifact; `database/DATABASE` if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// Seconds that other sessions in the database have to end before the step refuses.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
}

impl Restore {
    fn artifact(&self) -> String {
        artifact_name(self.artifact.as_deref(), &self.database)
    }

    /// The database that is written.
    fn target(&self) -> &str {
        self.remap_database.as_deref().unwrap_or(&self.database)
    }

    fn record(&self, set: &SealedSet) -> Result<(DumpRecord, ArtifactFile), Failure> {
        let (artifact, file) = only_file(set, &self.artifact())?;
        let record = DumpRecord::of(artifact)?;
        if record.database == self.database {
            return Ok((record, file));
        }
        Err(Failure::refused(format!(
            "the artifact `{}` is a dump of `{}`, not of `{}`",
            artifact.name, record.database, self.database
        )))
    }

    fn load(
        &self,
        session: &Session<'_>,
        reader: &mut (dyn Read + Send),
    ) -> Result<Vec<String>, Failure> {
        let mut invocation = session.load(self.target());
        invocation.private = true;
        let streams = Streams {
            stdin: Stdin::Reader(reader),
            stdout: Stdout::Captured,
        };
        let exit = session.start(&invocation, streams)?;
        log(session.control, &exit);
        let said = sort_lines(&exit, Source::Dump);
        if exit.success() && said.failures.is_empty() {
            return Ok(said.notes);
        }
        let message = format!("the load of `{}` stopped half-way", self.target());
        let failure = tool_failure(
            &message,
            session.connection,
            &invocation,
            &exit,
            Source::Dump,
        );
        let again = "the database is incomplete now; resume the run or restore again, it begins with a drop";
        Err(failure.hint_after(again))
    }

    fn contents_in_the_way(
        &self,
        session: &Session<'_>,
        present: Option<&Properties>,
    ) -> Result<Option<Finding>, Failure> {
        if present.is_none() {
            return Ok(None);
        }
        let count = inventory::look(session, self.target())?.count();
        Ok((count > 0).then(|| {
            Finding::refuse(format!(
                "the database `{}` is not empty: it holds {count} objects",
                self.target()
            ))
            .hint("a clone replaces nothing: name an empty database, or drop this one yourself")
        }))
    }

    /// Refuses to replace what is somebody's.
    fn refuse_contents(
        &self,
        session: &Session<'_>,
        present: Option<&Properties>,
        context: &StepContext<'_>,
    ) -> Result<(), Failure> {
        if !self.into_empty || was_begun(context)? {
            return Ok(());
        }
        let finding = self.contents_in_the_way(session, present)?;
        refuse_or_warn(finding.into_iter().collect())?;
        begin_once(context)
    }

    /// Every definition, row count and checksum as it was recorded, or a failure.
    fn compare(
        &self,
        session: &Session<'_>,
        server: &Server,
        record: &DumpRecord,
    ) -> Result<Vec<String>, Failure> {
        let found = inventory::look(session, self.target())?;
        let now = inventory::definitions(session, self.target())?;
        let mut warnings = Vec::new();
        let mut failures = compare::definitions(&record.definitions, &now.definitions);
        // Another version words the same definition otherwise.
        if server.number / 100 != record.server_number / 100 {
            let (worded, others) = failures
                .into_iter()
                .partition(|text| text.ends_with("is defined otherwise"));
            (warnings, failures) = (worded, others);
        }
        let contents = contents(session, self.target(), &found)?;
        failures.extend(compare::contents(&record.contents, &contents));
        let present = Properties::look(session, self.target())?;
        if present.as_ref() != Some(&record.properties) {
            failures.push("the database's own settings are not the recorded ones".to_owned());
        }
        let Some(first) = failures.first() else {
            return Ok(warnings);
        };
        let mut failure = Failure::verification(format!(
            "`{}` is not what was dumped: {first}",
            self.target()
        ));
        failure.0.causes = failures.iter().skip(1).take(20).cloned().collect();
        Err(failure.hint(loaded_otherwise(self.connection.client_program())))
    }
}

/// Reads the whole dump as a restore would: hash, frames, first lines, trailer, every definition and
/// row, and no command of the client's own.
fn verify(
    set: &SealedSet,
    file: &ArtifactFile,
    record: &DumpRecord,
    control: &Control,
) -> Result<(), Failure> {
    let mut scanner = DumpScanner::default();
    read_whole(set, file, control, |chunk| {
        let Ok(()) = scanner.feed(chunk, |_| Ok::<(), Infallible>(()));
    })?;
    let text = scanner.finish();
    let problem = if text.tool.is_none() {
        "it does not begin as a dump does".to_owned()
    } else if !text.complete {
        "it has no `-- PostgreSQL database dump complete` at its end".to_owned()
    } else if let Some(line) = text.client_command {
        format!("its line {line} holds a command of the client's own, which could run a program")
    } else {
        let mut differences = compare::definitions(&record.definitions, &text.definitions);
        differences.extend(compare::rows_in_text(&record.contents, &text.rows));
        match differences.first() {
            Some(first) => format!("it is not what was recorded: {first}"),
            None => return Ok(()),
        }
    };
    Err(damaged(file, &problem))
}

/// The client's messages without the values that they quote.
fn log(control: &Control, exit: &Exit) {
    log_lines(control, shown_lines(exit, Source::Dump));
}

impl Action for Restore {
    const NAME: &'static str = "postgres.restore";
    const SUMMARY: &'static str = "Brings a PostgreSQL database back to the exact state of a dump";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[ROWS, TABLES];

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        let names = [Some(self.database.as_str()), self.remap_database.as_deref()];
        problems.extend(names.into_iter().flatten().filter_map(validate_database));
        problems.extend(artifact_problem(self.artifact.as_deref()));
        if self.target() == self.connection.maintenance() {
            problems.push(
                "connection.maintenance_database: is the database that is dropped and created"
                    .to_owned(),
            );
        }
        problems
    }

    fn preview(&self) -> Preview {
        let database = self.target();
        let connection = &self.connection;
        let mut preview = vec![
            PreviewLine::Command(
                connection
                    .client(connection.maintenance(), None)
                    .to_string(),
            ),
            PreviewLine::Checks(format!(
                "the server is not older than the dump's, has its roles and extensions, and the \
                 account may drop, create and load `{database}`"
            )),
            PreviewLine::Reads(format!(
                "{} (zstd, SHA-256, to its trailer, no client commands)",
                self.artifact()
            )),
            PreviewLine::Checks(format!(
                "no other session uses `{database}` (waits up to {} s)",
                self.wait_seconds
            )),
        ];
        let look = PreviewLine::Command(connection.client(database, None).to_string());
        if self.into_empty {
            preview.push(look.clone());
            preview.push(PreviewLine::Checks(format!(
                "nothing is in the database `{database}`"
            )));
        } else {
            preview.push(PreviewLine::Removes(format!(
                "the database `{database}` and all that is in it"
            )));
        }
        preview.extend([
            PreviewLine::Note(format!(
                "SQL: DROP DATABASE IF EXISTS, CREATE DATABASE `{database}` with the recorded owner, \
                 encoding, collation, settings and rights"
            )),
            PreviewLine::Command(connection.load(database, None).to_string()),
            look,
            PreviewLine::Command(connection.definitions(database, None).to_string()),
            PreviewLine::Checks(
                "every definition, row count and checksum is as recorded".to_owned(),
            ),
        ]);
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
        let look = || -> Result<Vec<Finding>, Failure> {
            let session = Session::of_check(&self.connection, context)?;
            let server = Server::look(&session)?;
            let Some(set) = context.using else {
                return Ok(Vec::new());
            };
            let (record, _) = self.record(set)?;
            let present = Properties::look(&session, self.target())?;
            let mut findings = server.restore_findings(self.target(), present.as_ref(), &record);
            if self.into_empty {
                findings.extend(self.contents_in_the_way(&session, present.as_ref())?);
            }
            Ok(findings)
        };
        look().unwrap_or_else(|failure| vec![finding_of(&failure)])
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.using()?;
        let (record, file) = self.record(set)?;
        let session = Session::of_step(&self.connection, context)?;
        let server = Server::look(&session)?;
        let present = Properties::look(&session, self.target())?;
        let findings = server.restore_findings(self.target(), present.as_ref(), &record);
        let mut warnings = refuse_or_warn(findings)?;
        verify(set, &file, &record, context.control)?;
        let patience = Duration::from_secs(self.wait_seconds);
        wait_until_quiet(&session, &[self.target()], patience)?;
        self.refuse_contents(&session, present.as_ref(), context)?;
        let recreate = record.properties.recreate(self.target());
        session.ask(self.connection.maintenance(), &recreate)?;
        let reader = set.decompressed(&file)?;
        let mut reader = Reported::new(reader, file.bytes, context.progress);
        warnings.extend(self.load(&session, &mut reader)?);
        warnings.extend(self.compare(&session, &server, &record)?);
        Ok(record.counts().restored(warnings))
    }
}
