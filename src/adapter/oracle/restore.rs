//! `oracle.restore`

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compare::{against_log, changed_grants, restored};
use super::connection::{Connection, Program, is_name};
use super::directory::{Directory, findings};
use super::dump_check::is_dump;
use super::emptying::{empty, half_way, refuse_contents, refuse_unknown};
use super::export::{or_clear, validate};
use super::inventory;
use super::job::{Moved, Pump};
use super::journal::JobJournal;
use super::quiet::wait_until_quiet;
use super::quoting::{directory_parameter, literal, parameter};
use super::record::{DumpRecord, Inventory};
use super::server::{Server, refuse_or_warn};
use super::session::Session;
use crate::adapter::database::{
    ROWS, TABLES, artifact_name, artifact_of, artifact_problem, default_wait,
};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::backup::SealedSet;
use crate::event::{ArtifactFile, FailureKind, Outcome};
use crate::site::SecretRef;

/// The user is there, and stays; an object that does not compile did not before, or is compiled after,
/// which the comparison tells.
const ALLOWED: &[&str] = &["ORA-31684: Object type USER:", "ORA-39082"];

const PARAMETER_FILE: &str = "import.par";
const PROBE_FILE: &str = "probe.par";

/// Brings a schema back to the exact state of an export: what was added since is gone afterwards. The dump
/// is read by hash and by the import program before anything is dropped, and everything is compared
/// afterwards.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The database and the account.
    pub connection: Connection,
    /// The schema that was exported.
    pub schema: String,
    /// The schema that it becomes here, for a clone into a new instance. Its user must exist; all that
    /// it holds is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remap_schema: Option<String>,
    /// Refuses, when the step begins, to replace a schema that holds anything.
    #[serde(default)]
    pub into_empty: bool,
    /// Tablespaces that are others here: old name to new name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub remap_tablespace: BTreeMap<String, String>,
    /// The directory object through which the database reads the dump file.
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

impl Restore {
    fn artifact(&self) -> String {
        artifact_name(self.artifact.as_deref(), &self.schema)
    }

    /// The schema that is written.
    fn target(&self) -> &str {
        self.remap_schema.as_deref().unwrap_or(&self.schema)
    }

    /// The record and the dump file of the artifact.
    fn record(&self, set: &SealedSet) -> Result<(DumpRecord, ArtifactFile), Failure> {
        let name = self.artifact();
        let artifact = artifact_of(set, &name)?;
        let record = DumpRecord::of(artifact)?;
        if record.schema != self.schema {
            return Err(Failure::refused(format!(
                "the artifact `{name}` is a dump of `{}`, not of `{}`",
                record.schema, self.schema
            )));
        }
        match artifact.files.iter().find(|file| is_dump(&file.path)) {
            Some(file) => Ok((record, file.clone())),
            None => Err(Failure::new(
                FailureKind::DamagedSet,
                format!("the artifact `{name}` has no dump file"),
            )),
        }
    }

    fn parameters(&self, job: &str, dump: &str, log: &str) -> Vec<String> {
        let mut parameters = vec![
            format!("DIRECTORY={}", directory_parameter(&self.directory)),
            format!("DUMPFILE={dump}"),
            format!("LOGFILE={log}"),
            format!("SCHEMAS={}", parameter(&self.schema)),
        ];
        if let Some(target) = &self.remap_schema {
            let (from, to) = (parameter(&self.schema), parameter(target));
            parameters.push(format!("REMAP_SCHEMA={from}:{to}"));
            // A type keeps its identifier otherwise, which only one database object can have.
            parameters.push("TRANSFORM=OID:N".to_owned());
        }
        for (from, to) in &self.remap_tablespace {
            let (from, to) = (parameter(from), parameter(to));
            parameters.push(format!("REMAP_TABLESPACE={from}:{to}"));
        }
        parameters.push(format!("JOB_NAME={job}"));
        parameters
    }

    /// Reads the dump's definitions with the import program, which changes nothing.
    fn probe_parameters(&self, job: &str, dump: &str) -> Vec<String> {
        vec![
            format!("DIRECTORY={}", directory_parameter(&self.directory)),
            format!("DUMPFILE={dump}"),
            format!("LOGFILE={}.log", job.to_lowercase()),
            format!("SQLFILE={}.sql", job.to_lowercase()),
            format!("SCHEMAS={}", parameter(&self.schema)),
            format!("JOB_NAME={job}"),
        ]
    }

    /// A job of its own: its log and its definitions are removed as soon as it has ended.
    fn probe_dump(&self, pump: &Pump<'_>, journal: &JobJournal) -> Result<(), Failure> {
        let probe = JobJournal {
            job: format!("{}P", journal.job),
            ..journal.clone()
        };
        if pump.state(&probe)?.is_some() {
            pump.clear(&probe)?;
        }
        pump.directory.remove(&probe.log())?;
        let parameters = self.probe_parameters(&probe.job, &journal.dump());
        let read = pump.run(PROBE_FILE, &parameters, &probe);
        let read = or_clear(pump, &probe, read);
        pump.directory.remove(&probe.log())?;
        pump.directory.remove(&probe.definitions())?;
        read.map(drop).map_err(|failure| {
            let mut failure = failure;
            let cause = std::mem::replace(
                &mut failure.0.message,
                "the database cannot read the dump; nothing was changed".to_owned(),
            );
            failure.0.causes.insert(0, cause);
            failure
        })
    }

    /// The result of an interrupted import, or of a new one.
    fn import(
        &self,
        pump: &Pump<'_>,
        server: &Server,
        file: &ArtifactFile,
        set: &SealedSet,
        context: &StepContext<'_>,
    ) -> Result<(JobJournal, Moved, Vec<String>), Failure> {
        let last = JobJournal::read(context.host, context.scratch)?;
        if let Some(journal) = &last {
            // A probe's job is in the way too, and only reads.
            let probe = JobJournal {
                job: format!("{}P", journal.job),
                ..journal.clone()
            };
            pump.clear(&probe)?;
            pump.directory.remove(&probe.definitions())?;
            let taken = pump.take_up(journal);
            if let Some(moved) = or_clear(pump, journal, taken)? {
                (context.say)(format!("the job {} was taken up again", journal.job));
                return Ok((journal.clone(), moved, Vec::new()));
            }
        }
        let patience = Duration::from_secs(self.wait_seconds);
        let warnings = wait_until_quiet(pump.session, self.target(), patience)?;
        let present = inventory::names(pump.session, server, self.target())?;
        refuse_unknown(self.target(), &present)?;
        // What an earlier attempt left is the step's own.
        if self.into_empty && last.is_none() {
            refuse_contents(self.target(), &present)?;
        }
        let journal = JobJournal::next(context, Inventory::default(), last.as_ref());
        journal.write(context)?;
        let reader = set.decompressed(file)?;
        let put = pump.directory.put(&journal.dump(), reader, file.bytes);
        or_clear(pump, &journal, put)?;
        or_clear(pump, &journal, self.probe_dump(pump, &journal))?;
        let emptied = empty(pump.session, server, self.target());
        or_clear(pump, &journal, emptied)?;
        let parameters = self.parameters(&journal.job, &journal.dump(), &journal.log());
        let moved = pump.run(PARAMETER_FILE, &parameters, &journal);
        let moved = or_clear(pump, &journal, moved).map_err(half_way)?;
        Ok((journal, moved, warnings))
    }

    /// Statistics were not exported, and what was imported before what it needs is not valid yet.
    fn finishing(&self) -> String {
        let target = literal(self.target());
        format!(
            "BEGIN DBMS_UTILITY.COMPILE_SCHEMA(schema => {target}, compile_all => FALSE); END;\n/\n\
             BEGIN DBMS_STATS.GATHER_SCHEMA_STATS({target}); END;\n/"
        )
    }

    fn compare(
        &self,
        session: &Session<'_>,
        server: &Server,
        record: &DumpRecord,
        moved: &Moved,
    ) -> Result<(), Failure> {
        let found = inventory::look(session, server, self.target())?;
        let mut differences = restored(&record.inventory, &found);
        differences.extend(against_log(self.target(), &record.inventory, &moved.log));
        let Some(first) = differences.first() else {
            return Ok(());
        };
        let mut failure = Failure::verification(format!(
            "`{}` is not what was exported: {first}",
            self.target()
        ));
        failure.0.causes = differences.iter().skip(1).take(20).cloned().collect();
        Err(failure.hint(
            "keep the application stopped; compare with the log of the step, and restore again",
        ))
    }

    fn findings(&self, session: &Session<'_>) -> Result<(Server, Vec<Finding>), Failure> {
        let server = Server::look(session, self.target())?;
        let mut program = server.findings(Program::Import, self.target(), &self.directory);
        if self.remap_schema.is_some() {
            // SCHEMAS names the dump's schema, which is another's even if the target is one's own.
            program.extend(server.remap_right());
        }
        program.extend(findings(session.host, &self.directory_path));
        Ok((server, program))
    }
}

impl Action for Restore {
    const NAME: &'static str = "oracle.restore";
    const SUMMARY: &'static str =
        "Brings an Oracle schema back to the exact state of an export, or clones it";
    /// As `oracle.export` says: the job is found by its name, its killed client is not needed.
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[ROWS, TABLES];

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        problems.extend(validate(&self.schema, &self.directory));
        problems.extend(artifact_problem(self.artifact.as_deref()));
        let mut spaces = self
            .remap_tablespace
            .iter()
            .flat_map(|(from, to)| [from, to]);
        if spaces.any(|space| !is_name(space)) {
            problems.push("remap_tablespace: no tablespace has such a name".to_owned());
        }
        match &self.remap_schema {
            Some(target) if !is_name(target) => {
                problems.push("remap_schema: no schema has such a name".to_owned());
            }
            Some(target) if *target == self.schema => {
                problems.push("remap_schema: is the schema itself; leave it out".to_owned());
            }
            _ => {}
        }
        problems
    }

    fn preview(&self) -> Preview {
        let target = self.target();
        let folder = self.directory_path.display();
        let pump = |file: &str| {
            let command = self
                .connection
                .pump(Program::Import, &format!("PARFILE={file}"));
            PreviewLine::Command(command.to_string())
        };
        let parameters = self.parameters("UPK_<run>_<attempt>", "<job>.dmp", "<job>.log");
        let probe = self.probe_parameters("UPK_<run>_<attempt>P", "<job>.dmp");
        let probe = probe.join(" ").replace("upk_<run>_<attempt>p", "<job>p");
        vec![
            PreviewLine::Command(self.connection.client().to_string()),
            PreviewLine::Checks(format!(
                "the account may use the directory {} and import into `{target}`; no other session uses \
                 `{target}` (waits up to {} s)",
                self.directory, self.wait_seconds
            )),
            PreviewLine::Reads(format!("{}.dmp.zst (zstd, SHA-256)", self.artifact())),
            PreviewLine::Writes(format!("{folder}/<job>.dmp")),
            PreviewLine::Writes(format!(
                "{PROBE_FILE} (0600, in the step's scratch directory): {probe}"
            )),
            pump(PROBE_FILE),
            PreviewLine::Checks("the import program can read the whole dump".to_owned()),
            PreviewLine::Removes(format!(
                "every object of the schema `{target}`, by a DROP statement each; the user stays"
            )),
            PreviewLine::Writes(format!(
                "{PARAMETER_FILE} (0600, in the step's scratch directory): {}",
                parameters.join(" ")
            )),
            pump(PARAMETER_FILE),
            PreviewLine::Note(format!("SQL: {}", self.finishing().replace("\n/", "").replace('\n', " "))),
            PreviewLine::Checks(
                "exit code and log say that every row was imported; every object, definition and row \
                 count is as recorded"
                    .to_owned(),
            ),
            PreviewLine::Removes(format!("{folder}/<job>.dmp, {folder}/<job>.log")),
        ]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.connection.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        Session::programs(&self.connection, &[Program::Client, Program::Import])
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let look = || -> Result<Vec<Finding>, Failure> {
            let session = Session::of_check(&self.connection, &self.directory, context)?;
            let (server, mut found) = self.findings(&session)?;
            if let Some(set) = context.using {
                self.record(set)?;
            }
            let present = inventory::names(&session, &server, self.target())?;
            let unknown = refuse_unknown(self.target(), &present).err();
            found.extend(unknown.as_ref().map(Finding::of));
            if self.into_empty {
                let contents = refuse_contents(self.target(), &present).err();
                found.extend(contents.as_ref().map(Finding::of));
            }
            Ok(found)
        };
        look().unwrap_or_else(|failure| vec![Finding::of(&failure)])
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.using()?;
        let (record, file) = self.record(set)?;
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
            program: Program::Import,
            scratch: context.make_scratch()?,
            allowed: ALLOWED,
        };
        let (journal, moved, said) = self.import(&pump, &server, &file, set, context)?;
        warnings.extend(said);
        session.ask(&self.finishing())?;
        let compared = self.compare(&session, &server, &record, &moved);
        or_clear(&pump, &journal, compared)?;
        pump.clear_files(&journal)?;
        warnings.extend(moved.warnings);
        if self.remap_schema.is_none() && server.account == self.schema {
            let now = server.privileges.union(&server.roles).cloned().collect();
            warnings.extend(changed_grants(&record, &now));
        }
        Ok(record.inventory.counts().restored(warnings))
    }
}
