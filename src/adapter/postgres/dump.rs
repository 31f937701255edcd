//! `postgres.dump`

use std::io::{self, Write};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compare;
use super::connection::Connection;
use super::contents::{AllContents, contents};
use super::inventory::{self, Inventory};
use super::properties::Properties;
use super::quiet::wait_until_quiet;
use super::record::{DumpRecord, FORMAT, KIND};
use super::scanner::{DumpScanner, DumpText};
use super::server::Server;
use super::session::Session;
use super::snapshot::with_snapshot;
use crate::adapter::database::{
    DUMP_OUTPUTS, Dumped, artifact_name, artifact_problem, default_wait, finding_of,
    refuse_or_warn, space, used_meanwhile,
};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::backup::{CompressedArtifact, CompressedWriter};
use crate::event::{FailureKind, Outcome, Progress, ProgressUnit};
use crate::host::shell_word;
use crate::site::SecretRef;

/// Dumps one database into the backup set and proves the dump complete: quiet, exit code, messages,
/// trailer, every object of the catalogue, exactly the rows of the snapshot, nothing changed meanwhile.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dump {
    /// The server and the account.
    pub connection: Connection,
    /// The database.
    pub database: String,
    /// Name of the artifact; `database/DATABASE` if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// Seconds that other sessions in the database have to end before the step refuses.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
}

/// Rules for a database's name.
pub(super) fn validate_database(database: &str) -> Option<String> {
    if database.is_empty() {
        Some("database: is empty".to_owned())
    } else if database.contains(['\0', '\n', '\r']) || database.len() > 63 {
        Some("database: no server has one of that name (1 to 63 bytes, one line)".to_owned())
    } else {
        None
    }
}

struct Watched<'a> {
    writer: CompressedWriter,
    scanner: DumpScanner,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl Write for Watched<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let writer = &mut self.writer;
        self.scanner.feed(buffer, |bytes| writer.write_all(bytes))?;
        (self.progress)(Progress {
            done: self.writer.content_bytes(),
            total: None,
            unit: ProgressUnit::Bytes,
        });
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// A dump that was written.
struct Written {
    artifact: CompressedArtifact,
    text: DumpText,
    notes: Vec<String>,
}

impl Dump {
    fn artifact(&self) -> String {
        artifact_name(self.artifact.as_deref(), &self.database)
    }

    fn file(&self) -> String {
        format!("{}.sql.zst", self.artifact())
    }

    fn write(
        &self,
        session: &Session<'_>,
        snapshot: &str,
        writer: CompressedWriter,
        context: &StepContext<'_>,
    ) -> Result<Written, Failure> {
        let mut watched = Watched {
            writer,
            scanner: DumpScanner::default(),
            progress: context.progress,
        };
        let invocation = session.dump(&self.database, snapshot);
        let notes = session.write_dump(&self.database, &invocation, &mut watched)?;
        let text = watched.scanner.finish();
        let program = &invocation.program;
        let lacks = match (&text.tool, text.complete) {
            (None, _) => "does not begin as a dump does",
            (_, false) => "has no `-- PostgreSQL database dump complete` at its end",
            _ => {
                return Ok(Written {
                    artifact: watched.writer.finish()?,
                    text,
                    notes,
                });
            }
        };
        let database = &self.database;
        let message = format!("the dump of `{database}` {lacks}, although {program} ended well");
        Err(Failure::verification(message).hint(format!(
            "look what `{program}` is on this machine: its output was cut or changed on the way"
        )))
    }

    /// Every object and row of the snapshot is in the text, and no client command is.
    fn prove_complete(
        &self,
        found: &Inventory,
        contents: &AllContents,
        text: &DumpText,
    ) -> Result<(), Failure> {
        if let Some(line) = text.client_command {
            return Err(Failure::verification(format!(
                "line {line} of the dump of `{}` holds a command of the client's own",
                self.database
            ))
            .hint("look for names with line ends in the database, and rename what has them"));
        }
        let mut missing = found.missing_in(&text.definitions);
        missing.extend(compare::rows_in_text(contents, &text.rows));
        let Some(first) = missing.first() else {
            return Ok(());
        };
        let mut failure = Failure::verification(format!(
            "the dump of `{}` is not complete, although {} ended well: {first}",
            self.database,
            self.connection.dump_program()
        ));
        failure.0.causes = missing.iter().skip(1).take(8).cloned().collect();
        Err(failure.hint("look what the dump program is on this machine"))
    }

    /// Nothing may have changed since the snapshot.
    fn prove_unchanged(
        &self,
        session: &Session<'_>,
        before: &AllContents,
        text: &DumpText,
    ) -> Result<(), Failure> {
        let found = inventory::look(session, &self.database)?;
        let now = inventory::definitions(session, &self.database)?;
        let mut changes = compare::definitions(&text.definitions, &now.definitions);
        let after = contents(session, &self.database, &found)?;
        changes.extend(compare::contents(before, &after));
        match wait_until_quiet(session, &[&self.database], Duration::ZERO) {
            Err(failure) if failure.kind() == FailureKind::Refused => {
                changes.push(failure.to_string());
            }
            answered => answered?,
        }
        if changes.is_empty() {
            return Ok(());
        }
        Err(used_meanwhile(&self.database, &changes))
    }

    fn by_hand(&self, properties: &Properties, path: &str) -> Vec<String> {
        let maintenance = shell_word(self.connection.maintenance());
        let mut lines = vec![
            "# The database is made anew: loaded over the present one, what the upgrade added would stay."
                .to_owned(),
            "# Dump the present database first.".to_owned(),
        ];
        let recreate = properties.recreate(&self.database);
        lines.extend(
            recreate
                .lines()
                .map(|line| format!("psql -X -U USER -d {maintenance} -c {}", shell_word(line))),
        );
        lines.push(format!(
            "zstd -dc {} | psql -X -q -v ON_ERROR_STOP=1 -U USER -d {} -f -",
            shell_word(path),
            shell_word(&self.database)
        ));
        lines
    }

    fn outcome(
        &self,
        record: &DumpRecord,
        written: Written,
        warnings: Vec<String>,
    ) -> Result<Outcome, Failure> {
        let dumped = Dumped {
            name: self.artifact(),
            kind: KIND,
            files: vec![written.artifact.file],
            source: format!("{} `{}`", self.connection.address(), self.database),
            bytes: written.artifact.content_bytes,
            tool: record.tool.clone(),
            counts: record.counts(),
            record,
        };
        dumped.outcome(warnings)
    }
}

/// What of a database the account may not read.
fn dump_limits(database: &str, found: &Inventory) -> Vec<Finding> {
    if found.hidden.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = found.hidden.iter().take(5).cloned().collect();
    let finding = Finding::refuse(format!(
        "the account may not read {} tables, views and sequences of `{database}`: {}",
        found.hidden.len(),
        names.join(", ")
    ));
    vec![finding.hint("use the account that owns the database, or GRANT SELECT on them")]
}

impl Action for Dump {
    const NAME: &'static str = "postgres.dump";
    const SUMMARY: &'static str = "Dumps a PostgreSQL database and proves the dump complete";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = DUMP_OUTPUTS;

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        problems.extend(validate_database(&self.database));
        problems.extend(artifact_problem(self.artifact.as_deref()));
        problems
    }

    fn preview(&self) -> Preview {
        let database = &self.database;
        let connection = &self.connection;
        vec![
            PreviewLine::Command(connection.client(connection.maintenance(), None).to_string()),
            PreviewLine::Checks(format!(
                "no other session uses `{database}` (waits up to {} s)",
                self.wait_seconds
            )),
            PreviewLine::Command(connection.client(database, None).to_string()),
            PreviewLine::Note(
                "that session exports a snapshot, counts in it, and stays open meanwhile".to_owned(),
            ),
            PreviewLine::Command(connection.dump(database, "SNAPSHOT", None).to_string()),
            PreviewLine::Writes(format!("{} (zstd, SHA-256)", self.file())),
            PreviewLine::Command(connection.definitions(database, None).to_string()),
            PreviewLine::Checks(
                "the dump has its trailer, every object and every row of the snapshot; definitions, \
                 checksums and sessions are the same afterwards"
                    .to_owned(),
            ),
        ]
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
            let found = inventory::look(&session, &self.database)?;
            let mut findings = dump_limits(&self.database, &found);
            findings.extend(space(context, &self.database, found.bytes));
            Ok(findings)
        };
        look().unwrap_or_else(|failure| vec![finding_of(&failure)])
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.writing()?;
        let session = Session::of_step(&self.connection, context)?;
        let server = Server::look(&session)?;
        let patience = Duration::from_secs(self.wait_seconds);
        let found = inventory::look(&session, &self.database)?;
        let mut warnings = refuse_or_warn(dump_limits(&self.database, &found))?;
        wait_until_quiet(&session, &[&self.database], patience)?;
        let properties = Properties::look(&session, &self.database)?.unwrap_or_default();
        let writer = set.compressed(&self.file())?;
        let (mut written, contents) =
            with_snapshot(&session, &self.database, &found, |snapshot| {
                self.write(&session, snapshot, writer, context)
            })?;
        self.prove_complete(&found, &contents, &written.text)?;
        self.prove_unchanged(&session, &contents, &written.text)?;
        warnings.append(&mut written.notes);
        let record = DumpRecord {
            format: FORMAT,
            database: self.database.clone(),
            server_version: server.version,
            server_number: server.number,
            tool: written.text.tool.clone().unwrap_or_default(),
            by_hand: self.by_hand(&properties, &written.artifact.file.path),
            properties,
            definitions: written.text.definitions.clone(),
            contents,
            owners: written.text.owners.clone(),
            extensions: found.extensions,
        };
        self.outcome(&record, written, warnings)
    }
}
