//! `mysql.restore`

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compare::{Differences, restored};
use super::connection::Connection;
use super::dump::validate_schema;
use super::fingerprint::contents;
use super::inventory;
use super::preflight::restore_rights;
use super::quiet::wait_until_quiet;
use super::quoting::{identifier, literal};
use super::record::DumpRecord;
use super::sandbox_line::SkipSandboxLine;
use super::server::Server;
use super::session::Session;
use super::tool_messages::{is_benign, shown_lines, sort_lines, tool_failure};
use super::whole_dump::verify;
use crate::adapter::database::{
    ROWS, Reported, Source, TABLES, artifact_name, artifact_problem, begin_once, default_wait,
    finding_of, loaded_otherwise, log_lines, only_file, refuse_or_warn, was_begun,
};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::backup::{DecompressedReader, SealedSet};
use crate::event::{ArtifactFile, FailureKind, Outcome};
use crate::host::{Control, Exit, Stdin, Stdout, Streams};
use crate::site::SecretRef;

/// Brings a schema back to the exact state of a dump: what was added since is gone afterwards. Reads
/// the whole dump before anything is dropped, and compares every table afterwards.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The server and the account.
    pub connection: Connection,
    /// The schema that was dumped.
    pub schema: String,
    /// The schema that it is brought back as, if another: a clone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remap_schema: Option<String>,
    /// Refuses, when the step begins, to replace a schema that holds anything.
    #[serde(default)]
    pub into_empty: bool,
    /// Name of the artifact; `database/SCHEMA` if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// Seconds that other sessions on the schema have to end before the step refuses.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
}

impl Restore {
    fn artifact(&self) -> String {
        artifact_name(self.artifact.as_deref(), &self.schema)
    }

    /// The schema that is written.
    fn target(&self) -> &str {
        self.remap_schema.as_deref().unwrap_or(&self.schema)
    }

    /// The record and the file of the artifact. The record tells how the target is to be.
    fn record(&self, set: &SealedSet) -> Result<(DumpRecord, ArtifactFile), Failure> {
        let (artifact, file) = only_file(set, &self.artifact())?;
        let name = &artifact.name;
        let mut record = DumpRecord::of(artifact)?;
        let expected = format!("CREATE DATABASE {} ", identifier(&record.schema));
        let Some(properties) = record.inventory.create.strip_prefix(&expected) else {
            let text = format!("the record of `{name}` does not say how to create the schema");
            return Err(Failure::new(FailureKind::DamagedSet, text));
        };
        record.inventory.create =
            format!("CREATE DATABASE {} {properties}", identifier(self.target()));
        if record.schema != self.schema {
            return Err(Failure::refused(format!(
                "the artifact `{name}` is a dump of `{}`, not of `{}`",
                record.schema, self.schema
            )));
        }
        Ok((record, file))
    }

    /// Drops the schema and creates it as it was.
    fn recreate(&self, create: &str) -> String {
        format!(
            "DROP DATABASE IF EXISTS {};\n{create};\n",
            identifier(self.target())
        )
    }

    fn load(
        &self,
        session: &Session<'_>,
        reader: DecompressedReader,
        total: u64,
        context: &StepContext<'_>,
    ) -> Result<Vec<String>, Failure> {
        let mut invocation = session.load(Some(self.target()));
        invocation.private = true;
        let mut input = SkipSandboxLine::new(Reported::new(reader, total, context.progress));
        let streams = Streams {
            stdin: Stdin::Reader(&mut input),
            stdout: Stdout::Captured,
        };
        let exit = session.start(&invocation, streams)?;
        log(session.control, &exit);
        let said = sort_lines(&invocation.program, &exit, Source::Dump);
        if exit.success() && said.failures.is_empty() {
            return Ok(said.notes);
        }
        let message = format!("the load of `{}` stopped half-way", self.target());
        let mut failure = tool_failure(
            &message,
            session.connection,
            &invocation,
            &exit,
            Source::Dump,
        );
        if failure.0.message != message {
            let cause = std::mem::replace(&mut failure.0.message, message);
            failure.0.causes.insert(0, cause);
        }
        let again =
            "the schema is incomplete now; resume the run or restore again, it begins with a drop";
        Err(failure.hint_after(again))
    }

    /// Refuses to replace what is somebody's. A mark in the scratch directory tells a later attempt that
    /// what is there now is its own.
    fn refuse_contents(
        &self,
        session: &Session<'_>,
        context: &StepContext<'_>,
    ) -> Result<(), Failure> {
        if !self.into_empty || was_begun(context)? {
            return Ok(());
        }
        let finding = self.contents_in_the_way(session)?;
        refuse_or_warn(finding.into_iter().collect())?;
        begin_once(context)
    }

    fn contents_in_the_way(&self, session: &Session<'_>) -> Result<Option<Finding>, Failure> {
        let schema = literal(self.target());
        let rows = session.ask(&format!(
            "SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = {schema}) + \
             (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {schema}) + \
             (SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {schema});\n"
        ))?;
        let count = rows.first().and_then(|row| row.first());
        Ok(count.filter(|count| *count != "0").map(|count| {
            Finding::refuse(format!(
                "the schema `{}` is not empty: it holds {count}",
                self.target()
            ))
            .hint("a clone replaces nothing: name an empty schema, or drop this one yourself")
        }))
    }

    /// Every table, object, row count and checksum as it was recorded, or a failure.
    fn compare(
        &self,
        session: &Session<'_>,
        server: &Server,
        record: &DumpRecord,
    ) -> Result<Vec<String>, Failure> {
        let found = inventory::look(session, self.target())?;
        let contents = contents(session, self.target(), &found)?;
        let same_version = server.version == record.server_version;
        let Differences { failures, warnings } =
            restored(record, &found.inventory, &contents, same_version);
        let Some(first) = failures.first() else {
            return Ok(warnings);
        };
        let mut failure = Failure::verification(format!(
            "`{}` is not what was dumped: {first}",
            self.target()
        ));
        failure.0.causes = failures.iter().skip(1).take(20).cloned().collect();
        if failures.len() > 21 {
            let more = format!("and {} differences more", failures.len() - 21);
            failure.0.causes.push(more);
        }
        Err(failure.hint(loaded_otherwise(self.connection.client_program())))
    }
}

/// The client's messages without the rows that they quote.
fn log(control: &Control, exit: &Exit) {
    let lines = shown_lines(exit, Source::Dump).into_iter();
    log_lines(control, lines.filter(|line| !is_benign(line)));
}

impl Action for Restore {
    const NAME: &'static str = "mysql.restore";
    const SUMMARY: &'static str =
        "Brings a MySQL or MariaDB schema back to the exact state of a dump";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[ROWS, TABLES];

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        problems.extend(validate_schema(&self.schema));
        problems.extend(artifact_problem(self.artifact.as_deref()));
        problems.extend(
            self.remap_schema
                .iter()
                .filter_map(|schema| validate_schema(schema)),
        );
        problems
    }

    fn preview(&self) -> Preview {
        let schema = self.target();
        let create = format!("CREATE DATABASE {} <as recorded>", identifier(schema));
        let statements = self.recreate(&create);
        vec![
            PreviewLine::Command(self.connection.read(None, None).to_string()),
            PreviewLine::Checks(format!(
                "the server is of the dump's family and the account may drop, create and load `{schema}`"
            )),
            PreviewLine::Reads(format!(
                "{} (zstd, SHA-256, to its trailer)",
                self.artifact()
            )),
            PreviewLine::Checks(format!(
                "no other session uses `{schema}` (waits up to {} s)",
                self.wait_seconds
            )),
            if self.into_empty {
                PreviewLine::Checks(format!("nothing is in the schema `{schema}`"))
            } else {
                PreviewLine::Removes(format!("the schema `{schema}` and all that is in it"))
            },
            PreviewLine::Note(format!("SQL: {}", statements.trim().replace('\n', " "))),
            PreviewLine::Command(self.connection.load(Some(schema), None).to_string()),
            PreviewLine::Checks(
                "every table, view, routine, trigger, event, row count and checksum is as recorded"
                    .to_owned(),
            ),
        ]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.connection.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![self.connection.client_program().to_owned()]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let look = || -> Result<Vec<Finding>, Failure> {
            let session = Session::of_check(&self.connection, context)?;
            let server = Server::look(&session)?;
            match context.using {
                Some(set) => {
                    let (record, _) = self.record(set)?;
                    let mut findings = restore_rights(&server, self.target(), &record);
                    if self.into_empty {
                        findings.extend(self.contents_in_the_way(&session)?);
                    }
                    Ok(findings)
                }
                None => Ok(Vec::new()),
            }
        };
        look().unwrap_or_else(|failure| vec![finding_of(&failure)])
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.using()?;
        let (record, file) = self.record(set)?;
        let session = Session::of_step(&self.connection, context)?;
        let server = Server::look(&session)?;
        let mut warnings = refuse_or_warn(restore_rights(&server, self.target(), &record))?;
        verify(set, &file, &record, context.control)?;
        let patience = Duration::from_secs(self.wait_seconds);
        wait_until_quiet(&session, &[self.target()], patience)?;
        self.refuse_contents(&session, context)?;
        let inventory = &record.inventory;
        session.ask(&self.recreate(&inventory.create))?;
        let reader = set.decompressed(&file)?;
        warnings.extend(self.load(&session, reader, file.bytes, context)?);
        warnings.extend(self.compare(&session, &server, &record)?);
        Ok(record.counts().restored(warnings))
    }
}
