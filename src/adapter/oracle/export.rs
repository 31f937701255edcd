//! `oracle.export`

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by_hand;
use super::compare::{against_log, changed};
use super::connection::{Connection, Program, is_name};
use super::directory::{Directory, findings};
use super::inventory;
use super::job::{Moved, Pump};
use super::journal::JobJournal;
use super::quiet::wait_until_quiet;
use super::quoting::{directory_parameter, parameter};
use super::record::{DumpRecord, FORMAT, Inventory, KIND};
use super::server::{Server, refuse_or_warn};
use super::session::Session;
use crate::adapter::database::{
    Dumped, ROWS, TABLES, artifact_name, artifact_problem, default_wait,
};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::backup::{BackupError, CompressedArtifact, PartialSet};
use crate::event::{ArtifactFile, FailureKind, Outcome};
use crate::site::SecretRef;

/// Columns with encrypted contents are written in plain: true of every backup without a key.
const ALLOWED: &[&str] = &["ORA-39173"];

pub(super) const PARAMETER_FILE: &str = "export.par";

/// Exports one schema with Data Pump into the backup set and proves the dump complete: exit code, log,
/// every row counted, nothing committed meanwhile.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// The database and the account.
    pub connection: Connection,
    /// The schema, as the dictionary has it (upper case, unless it was created in quotes).
    pub schema: String,
    /// The directory object through which the database writes the dump file.
    pub directory: String,
    /// Where the folder of the directory object is seen from here.
    pub directory_path: PathBuf,
    /// Name of the artifact; `database/SCHEMA` if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// Seconds that other sessions on the schema have to end before the step refuses.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
}

/// Rules for the options that export and restore share.
pub(super) fn validate(schema: &str, directory: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !is_name(schema) {
        problems.push("schema: no schema has such a name".to_owned());
    }
    let sign = |c: char| c.is_ascii_alphanumeric() || "_$#".contains(c);
    if directory.is_empty() || !directory.chars().all(sign) {
        problems.push("directory: is no name of a directory object".to_owned());
    }
    problems
}

impl Export {
    fn artifact(&self) -> String {
        artifact_name(self.artifact.as_deref(), &self.schema)
    }

    fn parameters(&self, job: &str, dump: &str, log: &str) -> Vec<String> {
        vec![
            format!("DIRECTORY={}", directory_parameter(&self.directory)),
            format!("DUMPFILE={dump}"),
            format!("LOGFILE={log}"),
            format!("SCHEMAS={}", parameter(&self.schema)),
            "FLASHBACK_TIME=SYSTIMESTAMP".to_owned(),
            "EXCLUDE=STATISTICS".to_owned(),
            format!("JOB_NAME={job}"),
        ]
    }

    /// The result of an interrupted job, or of a new one.
    fn export(
        &self,
        pump: &Pump<'_>,
        server: &Server,
        context: &StepContext<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(JobJournal, Moved), Failure> {
        let last = JobJournal::read(context.host, context.scratch)?;
        if let Some(journal) = &last {
            let taken = pump.take_up(journal);
            if let Some(moved) = or_clear(pump, journal, taken)? {
                (context.say)(format!("the job {} was taken up again", journal.job));
                return Ok((journal.clone(), moved));
            }
        }
        let patience = Duration::from_secs(self.wait_seconds);
        warnings.extend(wait_until_quiet(pump.session, &self.schema, patience)?);
        let before = inventory::look(pump.session, server, &self.schema)?;
        let journal = JobJournal::next(context, before, last.as_ref());
        journal.write(context)?;
        let parameters = self.parameters(&journal.job, &journal.dump(), &journal.log());
        let moved = pump.run(PARAMETER_FILE, &parameters, &journal);
        let moved = or_clear(pump, &journal, moved)?;
        Ok((journal, moved))
    }

    /// Nothing may have changed since the look before the job, and the log must say every row.
    fn prove(
        &self,
        session: &Session<'_>,
        server: &Server,
        before: &Inventory,
        moved: &Moved,
    ) -> Result<(), Failure> {
        let after = inventory::look(session, server, &self.schema)?;
        let mut found = changed(before, &after);
        let used = !found.is_empty();
        found.extend(against_log(&self.schema, before, &moved.log));
        let Some(first) = found.first() else {
            return Ok(());
        };
        let (message, hint) = if used {
            (
                format!("`{}` was used while it was exported: {first}", self.schema),
                "stop the application and whatever else writes, then try again",
            )
        } else {
            (
                format!("the dump of `{}` is not complete: {first}", self.schema),
                "look at the account's rights and into the log of the step, then try again",
            )
        };
        let mut failure = Failure::verification(message);
        failure.0.causes = found.into_iter().skip(1).take(8).collect();
        Err(failure.hint(hint))
    }

    fn record(
        &self,
        server: &Server,
        journal: JobJournal,
        dump: &CompressedArtifact,
    ) -> DumpRecord {
        let grants = server.privileges.union(&server.roles).cloned();
        DumpRecord {
            format: FORMAT,
            schema: self.schema.clone(),
            server_version: server.version.clone(),
            account: server.account.clone(),
            grants: if server.account == self.schema {
                grants.collect()
            } else {
                BTreeSet::new()
            },
            by_hand: by_hand::lines(self, &dump.file.path),
            inventory: journal.before,
            dump_bytes: dump.content_bytes,
        }
    }

    fn outcome(
        &self,
        record: &DumpRecord,
        files: Vec<ArtifactFile>,
        warnings: Vec<String>,
    ) -> Result<Outcome, Failure> {
        let dumped = Dumped {
            name: self.artifact(),
            kind: KIND,
            files,
            source: format!("{} `{}`", self.connection.address(), self.schema),
            bytes: record.dump_bytes,
            tool: format!("Data Pump {}", record.server_version),
            counts: record.inventory.counts(),
            record,
        };
        dumped.outcome(warnings)
    }

    fn findings(&self, session: &Session<'_>) -> Result<(Server, Vec<Finding>), Failure> {
        let server = Server::look(session, &self.schema)?;
        let mut found = server.findings(Program::Export, &self.schema, &self.directory);
        found.extend(findings(session.host, &self.directory_path));
        Ok((server, found))
    }
}

/// A job that failed leaves nothing behind; one that was only left goes on, for `resume`.
pub(super) fn or_clear<T>(
    pump: &Pump<'_>,
    journal: &JobJournal,
    result: Result<T, Failure>,
) -> Result<T, Failure> {
    result.map_err(|failure| {
        let ended = !matches!(failure.kind(), FailureKind::Stopped | FailureKind::Timeout);
        match ended.then(|| pump.clear(journal)) {
            Some(Err(left)) => {
                let mut failure = failure;
                let text = format!("and what is left of it could not be removed: {left}");
                failure.0.causes.push(text);
                failure
            }
            _ => failure,
        }
    })
}

/// Keeps the log beside the dump.
fn keep_log(set: &PartialSet, path: &str, text: &str) -> Result<ArtifactFile, Failure> {
    let mut writer = set.file(path)?;
    writer
        .write_all(text.as_bytes())
        .map_err(|error| BackupError::file("write", &set.directory().join(path), error))?;
    Ok(writer.finish()?)
}

impl Action for Export {
    const NAME: &'static str = "oracle.export";
    const SUMMARY: &'static str =
        "Exports an Oracle schema with Data Pump and proves the dump complete";
    /// Not `External`, though the job is: the *client* of a killed run must be ended before the step looks
    /// for the job, or one that was about to start it would do so beside the next attempt's. The job
    /// itself is found by its name.
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        ROWS,
        TABLES,
        OutputSpec {
            name: "bytes",
            kind: OutputKind::Number,
            about: "bytes of the dump file before compression",
        },
        OutputSpec {
            name: "tool_version",
            kind: OutputKind::Text,
            about: "release that wrote the dump",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        problems.extend(validate(&self.schema, &self.directory));
        problems.extend(artifact_problem(self.artifact.as_deref()));
        problems
    }

    fn preview(&self) -> Preview {
        let schema = &self.schema;
        let parameters = self.parameters("UPK_<run>_<attempt>", "<job>.dmp", "<job>.log");
        let program = self.connection.program(Program::Export);
        let folder = self.directory_path.display();
        vec![
            PreviewLine::Command(self.connection.client().to_string()),
            PreviewLine::Checks(format!(
                "the account may use the directory {} and export `{schema}`",
                self.directory
            )),
            PreviewLine::Checks(format!(
                "no other session uses `{schema}` (waits up to {} s); objects and rows are counted",
                self.wait_seconds
            )),
            PreviewLine::Writes(format!(
                "{PARAMETER_FILE} (0600, in the step's scratch directory): {}",
                parameters.join(" ")
            )),
            PreviewLine::Command(
                self.connection
                    .pump(Program::Export, &format!("PARFILE={PARAMETER_FILE}"))
                    .to_string(),
            ),
            PreviewLine::Note(format!(
                "after an interruption the job is looked for by its name: one at work is attached to \
                 ({program} ATTACH=<job>, CONTINUE_CLIENT), the rest of another is removed (KILL_JOB)"
            )),
            PreviewLine::Checks(
                "exit code and log say that every row was exported; objects, rows and change numbers \
                 are the same before and after"
                    .to_owned(),
            ),
            PreviewLine::Reads(format!("{folder}/<job>.dmp, {folder}/<job>.log")),
            PreviewLine::Writes(format!(
                "{0}.dmp.zst (zstd, SHA-256), {0}.log",
                self.artifact()
            )),
            PreviewLine::Removes(format!("{folder}/<job>.dmp, {folder}/<job>.log")),
        ]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.connection.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        Session::programs(&self.connection, &[Program::Client, Program::Export])
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let look = || -> Result<Vec<Finding>, Failure> {
            let session = Session::of_check(&self.connection, &self.directory, context)?;
            Ok(self.findings(&session)?.1)
        };
        look().unwrap_or_else(|failure| vec![Finding::of(&failure)])
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.writing()?;
        let session = Session::of_step(&self.connection, &self.directory, context)?;
        let (server, found) = self.findings(&session)?;
        let mut warnings = refuse_or_warn(found)?;
        let directory = Directory {
            host: context.host,
            control: context.control,
            path: &self.directory_path,
            progress: context.progress,
        };
        let pump = Pump {
            session: &session,
            directory: &directory,
            program: Program::Export,
            scratch: context.make_scratch()?,
            allowed: ALLOWED,
        };
        let (journal, mut moved) = self.export(&pump, &server, context, &mut warnings)?;
        let proven = self.prove(&session, &server, &journal.before, &moved);
        or_clear(&pump, &journal, proven)?;
        warnings.append(&mut moved.warnings);
        let writer = set.compressed(&format!("{}.dmp.zst", self.artifact()))?;
        let dump = directory.fetch(&journal.dump(), writer)?;
        let log = keep_log(set, &format!("{}.log", self.artifact()), &moved.text)?;
        pump.clear_files(&journal)?;
        let record = self.record(&server, journal, &dump);
        self.outcome(&record, vec![dump.file, log], warnings)
    }
}
