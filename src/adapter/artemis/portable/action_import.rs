//! `artemis.import`.

use std::collections::BTreeMap;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::action_export::two_hours;
use super::cli::{Cli, Counts, count, run_each};
use super::contents::{Contents, PassError, pass};
use super::record::{ExportRecord, exported};
use super::standing::{Standing, obstacles, stand};
use crate::adapter::kahadb::counted;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, Probe, StepContext,
};
use crate::backup::SealedSet;
use crate::event::{ArtifactFile, FailureKind, Outcome};
use crate::host::{Attributes, Host, HostError};

/// Says in the step's directory that an import may have begun.
const NOTE: &str = "import.json";

/// What the server reads, in the staging directory.
const STAGED: &str = "upgrade-kit-import.xml";

/// How often a server is asked whether an import that nobody waits for any more has ended.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// Imports exported messages into the queues of a running WildFly, once. Nothing takes messages there
/// meanwhile: the application is not deployed. The queues are empty before, and hold what the export holds
/// afterwards.
///
/// The server imports message by message, in the order of the export, and keeps what it has imported when
/// the import fails or is cut off. So what is there after an interruption is a beginning of the export; how
/// long it is, the counts of all queues tell, and only the rest is imported. If they fit no beginning, a
/// person decides.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtemisImport {
    /// Home of the WildFly.
    pub home: PathBuf,
    /// Additional environment of its client.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Name of the artifact of `artemis.export`.
    pub artifact: String,
    /// A directory on the server's machine where it may read. The export is put there for the time of the
    /// import, for the directory's owner only.
    pub staging: PathBuf,
    /// How long the importing may take.
    #[serde(default = "two_hours")]
    pub timeout: HumanDuration,
}

/// What is written down before the first effect.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// Messages that each queue of the export held before: none.
    before: BTreeMap<String, u64>,
}

impl ArtemisImport {
    fn cli(&self) -> Cli<'_> {
        Cli {
            home: &self.home,
            environment: &self.environment,
        }
    }

    fn staged(&self) -> PathBuf {
        self.staging.join(STAGED)
    }

    /// Asks the server, as soon as it is up and no import is at work there.
    fn ask(&self, context: &StepContext<'_>) -> Result<Counts, Failure> {
        let start = Instant::now();
        loop {
            let counts = count(context.host, context.control, self.cli())?;
            let Some(busy) = counts.busy else {
                return Ok(counts);
            };
            if start.elapsed() >= self.timeout.get() {
                let text = format!("the server is not ready within {}: {busy}", self.timeout);
                return Err(Failure::new(FailureKind::Timeout, text)
                    .hint("look at its log; when it is done, resume the run"));
            }
            (context.say)(format!("the server is asked again: {busy}"));
            if !context.control.pause(ASK_EVERY) {
                return Err(Failure::stopped());
            }
        }
    }

    /// Looks how far it is. `begun` says whether an earlier attempt may have imported something.
    fn look(
        &self,
        context: &StepContext<'_>,
        contents: &Contents,
        begun: bool,
        imported: bool,
    ) -> Result<Standing, Failure> {
        let counts = self.ask(context)?;
        let problems = obstacles(&counts, contents);
        if !problems.is_empty() {
            return Err(all(FailureKind::Refused, problems).hint(
                "nothing may put or take messages during the import: undeploy the application, and make its \
                 queues by its own script; then resume the run",
            ));
        }
        let now = jiff::Timestamp::now().as_millisecond();
        let present = |name: &str| counts.messages.get(name).copied().unwrap_or_default();
        let filled = contents.names.iter().filter(|name| present(name) > 0);
        let filled = filled.map(|name| {
            let held = counted(present(name), "message");
            format!("queue {name} holds {held} already")
        });
        let filled: Vec<String> = filled.collect();
        if !begun && !filled.is_empty() {
            return Err(all(FailureKind::Refused, filled).hint(
                "messages are imported into empty queues only: an import must not be repeated; find out whose \
                 they are, empty the queues, then resume the run",
            ));
        }
        stand(contents, &present, now, imported).map_err(|problems| {
            all(FailureKind::NeedsOperator, problems).hint(
                "an import would double or lose messages: compare the queues with the export in the backup \
                 set; empty them (`jms-queue=…:remove-messages()`) to import all of it anew, then resume the run",
            )
        })
    }

    /// Puts the export without its first messages where the server can read it.
    fn stage(
        &self,
        host: &dyn Host,
        set: &SealedSet,
        file: &ArtifactFile,
        first: usize,
    ) -> Result<(), Failure> {
        let path = self.staged();
        self.take_away(host)?;
        let directory = host.stat(&self.staging)?.ok_or_else(|| {
            let staging = self.staging.display();
            Failure::refused(format!("{staging} is not there"))
                .hint("name a directory that the server reads in (`staging`)")
        })?;
        let failed = |error| Failure::from(HostError::file("write", &path, error));
        let mut writer = BufWriter::new(host.create_new(&path)?);
        // Before anything of it is there.
        host.set_attributes(
            &path,
            &Attributes {
                mode: Some(0o600),
                owner: Some((directory.uid, directory.gid)),
                mtime: None,
            },
        )?;
        let reader = BufReader::new(set.decompressed(file)?);
        pass(reader, &mut writer, &|number| number >= first).map_err(|error| match error {
            PassError::Write(error) => failed(error),
            PassError::Xml(error) => damaged(file, &error.to_string()),
        })?;
        writer.flush().map_err(failed)?;
        let inner = writer
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        inner.finish().map_err(failed)
    }

    /// Removes the export from where the server has read it.
    fn take_away(&self, host: &dyn Host) -> Result<(), Failure> {
        let staged = self.staged();
        if host.stat(&staged)?.is_some() {
            host.remove_file(&staged)?;
        }
        Ok(())
    }

    /// Imports what is still to come. The export is taken away again, whatever has come of it.
    fn import(
        &self,
        context: &StepContext<'_>,
        set: &SealedSet,
        file: &ArtifactFile,
        first: usize,
    ) -> Result<(), Failure> {
        let staged = self.staged();
        let done = self.stage(context.host, set, file, first).and_then(|()| {
            let invocation = self.cli().importing(&staged, self.timeout.get());
            let what = "the server could not import the messages";
            run_each(context.host, context.control, &invocation, 1, what)
        });
        let removed = self.take_away(context.host);
        done?;
        removed
    }
}

/// The export of the set, read to its end and counted.
fn read(set: &SealedSet, file: &ArtifactFile, record: &ExportRecord) -> Result<Contents, Failure> {
    let reader = BufReader::new(set.decompressed(file)?);
    let contents = pass(reader, &mut io::sink(), &|_| true)
        .map_err(|error| damaged(file, &error.to_string()))?;
    match record.difference(&contents) {
        None => Ok(contents),
        Some(problem) => Err(damaged(file, &problem)),
    }
}

fn damaged(file: &ArtifactFile, problem: &str) -> Failure {
    let text = format!("{} of the backup set is damaged: {problem}", file.path);
    Failure::new(FailureKind::DamagedSet, text).hint("nothing was imported: use another backup set")
}

fn all(kind: FailureKind, problems: Vec<String>) -> Failure {
    let mut problems = problems.into_iter();
    let mut failure = Failure::new(kind, problems.next().unwrap_or_default());
    failure.0.causes = problems.collect();
    failure
}

/// Whether an earlier attempt may have imported something.
fn has_begun(context: &StepContext<'_>) -> Result<bool, Failure> {
    Ok(context.host.stat(&context.scratch.join(NOTE))?.is_some())
}

/// Writes down that from now on messages may be there.
fn begin(context: &StepContext<'_>, contents: &Contents) -> Result<(), Failure> {
    let names = contents.names.iter().cloned();
    let note = Note {
        before: names.map(|name| (name, 0)).collect(),
    };
    let text = serde_json::to_vec_pretty(&note).map_err(|error| {
        Failure::new(FailureKind::Internal, "cannot write a note").because(&error)
    })?;
    let path = context.make_scratch()?.join(NOTE);
    Ok(context.host.write_atomic(&path, &text, 0o600)?)
}

fn outcome(contents: &Contents, imported: usize, expired: u64) -> Outcome {
    let messages = contents.messages.len();
    let mut outputs = Map::new();
    outputs.insert("messages".to_owned(), messages.into());
    outputs.insert("imported".to_owned(), imported.into());
    let told = counted(messages as u64, "message");
    let mut warnings = Vec::new();
    if expired > 0 {
        let expired = counted(expired, "message");
        warnings.push(format!(
            "{expired} had outlived their time: the broker put them into its queue for such messages"
        ));
    }
    Outcome {
        outputs,
        warnings,
        summary: match imported {
            _ if messages == 0 => "no message to import".to_owned(),
            imported if imported == messages => format!("{told} imported, as in the export"),
            imported => format!("{told} as in the export, {imported} of them imported now"),
        },
        ..Outcome::default()
    }
}

impl Action for ArtemisImport {
    const NAME: &'static str = "artemis.import";
    const SUMMARY: &'static str =
        "Imports exported messages into the queues of a running WildFly, once";
    const EFFECT: Effect = Effect::Once;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "messages",
            kind: OutputKind::Number,
            about: "messages of the export that are in their queues",
        },
        OutputSpec {
            name: "imported",
            kind: OutputKind::Number,
            about: "those of them that this attempt imported; the others were there",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (option, path) in [("home", &self.home), ("staging", &self.staging)] {
            let text = path.to_string_lossy();
            if !path.is_absolute() {
                problems.push(format!("`{option}`: `{text}` is not an absolute path"));
            } else if option == "staging" && text.contains(['"', '\\', '$', '\n']) {
                problems.push(format!(
                    "`{option}`: `{text}` cannot stand in a command of jboss-cli"
                ));
            }
        }
        problems
    }

    fn preview(&self) -> Preview {
        let counting = self.cli().counting().to_string();
        let staged = self.staged();
        vec![
            PreviewLine::Reads(format!("backup set: {}/…", self.artifact)),
            PreviewLine::Command(counting.clone()),
            PreviewLine::Checks(
                "the server is in normal mode; each queue of the export is there, empty, and without consumers"
                    .to_owned(),
            ),
            PreviewLine::Writes(format!("{} (removed at the end)", staged.display())),
            PreviewLine::Command(self.cli().importing(&staged, self.timeout.get()).to_string()),
            PreviewLine::Command(counting),
            PreviewLine::Checks("each queue holds as many messages as in the export".to_owned()),
        ]
    }

    fn programs(&self) -> Vec<String> {
        vec![self.cli().counting().program]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let missing = context
            .using
            .and_then(|set| exported(set, &self.artifact).err());
        missing.iter().map(Finding::of).collect()
    }

    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        if !has_begun(context)? {
            return Ok(Probe::Absent);
        }
        let set = context.using()?;
        let (record, file) = exported(set, &self.artifact)?;
        let contents = read(set, file, &record)?;
        match self.look(context, &contents, true, false) {
            Ok(Standing::Complete { expired }) => {
                // Nothing else of this step will be called to do it.
                self.take_away(context.host)?;
                Ok(Probe::Present(outcome(&contents, 0, expired)))
            }
            Ok(Standing::UpTo(first)) => {
                let all = contents.messages.len();
                Ok(Probe::Partial(format!(
                    "{first} of {all} messages were imported"
                )))
            }
            Err(failure) if failure.kind() == FailureKind::NeedsOperator => {
                let mut text = failure.to_string();
                for cause in &failure.0.causes {
                    text.push_str("; ");
                    text.push_str(cause);
                }
                Ok(Probe::Unknown(text))
            }
            Err(failure) => Err(failure),
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.using()?;
        let (record, file) = exported(set, &self.artifact)?;
        let contents = read(set, file, &record)?;
        let begun = has_begun(context)?;
        let all = contents.messages.len();
        let first = match self.look(context, &contents, begun, false)? {
            Standing::Complete { expired } => return Ok(outcome(&contents, 0, expired)),
            Standing::UpTo(first) => first,
        };
        if begun {
            (context.say)(format!("{first} of {all} messages are there already"));
        } else {
            begin(context, &contents)?;
        }
        self.import(context, set, file, first).map_err(|failure| {
            failure.hint(
                "the server keeps what it has imported; remove the cause (its log names it), then resume the run: \
                 it goes on after what is there",
            )
        })?;
        match self.look(context, &contents, true, true)? {
            Standing::Complete { expired } => Ok(outcome(&contents, all - first, expired)),
            Standing::UpTo(there) => Err(Failure::verification(format!(
                "{there} of {all} messages are there after the import, although the server reported success"
            ))
            .hint("look at the server's log, then resume the run: it goes on after what is there")),
        }
    }
}
