//! `artemis.export`.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use super::super::inventory::ArtemisInventory;
use super::super::places::{Places, Role};
use super::super::record::{self, in_set, verification};
use super::cli::{BROKER, Cli};
use super::contents::{Contents, PassError, pass};
use super::exporter::{INSTEAD, demand_room};
use super::record::{ExportRecord, FORMAT, KIND, queues};
use super::xml::XmlError;
use crate::adapter::kahadb::counted;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, StepContext,
};
use crate::backup::{CompressedArtifact, PartialSet};
use crate::event::{ArtifactRecord, FailureKind, Level, Outcome, StepStatus};
use crate::host::{Host, Invocation, shell_literal};

/// The commands for the client, in the step's directory.
pub(super) const SCRIPT: &str = "export.cli";

/// The instance directory that they are run in, in the step's directory.
pub(super) const INSTANCE: &str = "instance";

/// What an export without any message is, for a broker that was never started.
const NOTHING: &str =
    "<activemq-journal><bindings></bindings><messages></messages></activemq-journal>\n";

/// Exports the messages of an Artemis broker as XML, which every version of Artemis and WildFly imports,
/// from the copy that `artemis.backup` made in the same backup set. The exporter is WildFly's own, in a
/// client without a server. It works on a copy of the copy, because it writes into the stores; its exit
/// code proves nothing, so the export is read to its end and held against the store by queue and message.
///
/// An export keeps body, properties, priority, time stamp, expiry and the time of a later delivery. It does
/// not keep message ids, delivery counts and transactions in doubt: the way back is the copy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtemisExport {
    /// Home of the WildFly that wrote the stores, or of a newer one.
    pub home: PathBuf,
    /// Additional environment of its client: `JAVA_HOME`, `JAVA_OPTS` with more memory (the exporter holds
    /// all messages of the journal in it).
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Name of the artifact of `artemis.backup`.
    pub copy: String,
    /// Name of the artifact in the set, and its folder there.
    pub artifact: String,
    /// How long the exporting may take. It writes about a megabyte a second.
    #[serde(default = "two_hours")]
    pub timeout: HumanDuration,
}

pub(super) fn two_hours() -> HumanDuration {
    HumanDuration::seconds(7200)
}

impl ArtemisExport {
    pub(super) fn invocation(&self) -> Invocation {
        let cli = Cli {
            home: &self.home,
            environment: &self.environment,
        };
        cli.offline(INSTANCE, SCRIPT, self.timeout.get())
    }

    fn file(&self) -> String {
        format!("{}/messages.xml.zst", self.artifact)
    }

    /// Writes the export into the set, mended, and counts it.
    fn save(
        &self,
        host: &dyn Host,
        set: &PartialSet,
        export: Option<&Path>,
    ) -> Result<(Contents, CompressedArtifact), Failure> {
        let mut writer = set.compressed(&self.file())?;
        let passed = match export {
            Some(path) => pass(
                BufReader::with_capacity(1 << 16, host.open(path)?),
                &mut writer,
                &|_| true,
            ),
            None => pass(NOTHING.as_bytes(), &mut writer, &|_| true),
        };
        let contents = passed.map_err(|error| not_passed(&error, export))?;
        Ok((contents, writer.finish()?))
    }

    fn outcome(
        &self,
        copy: &Places,
        found: &ArtemisInventory,
        contents: &Contents,
        written: CompressedArtifact,
    ) -> Result<Outcome, Failure> {
        let record = ExportRecord {
            export_format: FORMAT,
            messages: contents.messages.len() as u64,
            queues: queues(contents),
            mended: contents.mended,
            by_hand: self.by_hand(),
        };
        let (messages, filled) = (record.messages, record.queues.len() as u64);
        let details = serde_json::to_value(&record).map_err(|error| {
            Failure::new(FailureKind::Internal, "cannot write the record").because(&error)
        })?;
        let mut outputs = Map::new();
        outputs.insert("messages".to_owned(), messages.into());
        outputs.insert("queues".to_owned(), filled.into());
        outputs.insert("prepared".to_owned(), found.prepared_transactions.into());
        let mut warnings = Vec::new();
        if found.prepared_transactions > 0 {
            let transactions = counted(found.prepared_transactions, "distributed transaction");
            warnings.push(format!(
                "{transactions} wait for their coordinator's word: an export knows nothing of them; only the \
                 copy `{}` has them",
                self.copy
            ));
        }
        let summary = match messages {
            0 => "no message in any queue".to_owned(),
            _ => format!(
                "{} in {}, as in the stores",
                counted(messages, "message"),
                counted(filled, "queue")
            ),
        };
        Ok(Outcome {
            outputs,
            warnings,
            summary,
            artifacts: vec![ArtifactRecord {
                name: self.artifact.clone(),
                kind: KIND.to_owned(),
                source: format!("{} (copied as {})", copy.journal.display(), self.copy),
                source_bytes: written.content_bytes,
                files: vec![written.file],
                level: Level::L3,
                details,
            }],
        })
    }

    fn by_hand(&self) -> Vec<String> {
        let file = self.file();
        let plain = "/tmp/messages.xml";
        let lines = [
            "# For a WildFly whose broker cannot take the copied stores; else leave it out: it holds the same messages."
                .to_owned(),
            "# The server runs, Domibus is not deployed, its queues are there and empty. Never import twice.".to_owned(),
            format!("(umask 077; zstd -d {} -o {plain})", shell_literal(&file)),
            format!("# If the server runs as another user, give that file to it: chown USER {plain}"),
            format!("jboss-cli.sh --connect --command='{BROKER}:import-journal(file=\"{plain}\")'"),
            format!(
                "jboss-cli.sh --connect --command='{BROKER}/runtime-queue=*:read-attribute(name=message-count)'"
            ),
            format!("rm {plain}"),
        ];
        lines.into()
    }
}

fn not_passed(error: &PassError, export: Option<&Path>) -> Failure {
    let path = export.map_or_else(String::new, |path| path.display().to_string());
    match error {
        PassError::Write(error) => Failure::new(FailureKind::System, error.to_string()),
        PassError::Xml(XmlError::Read(error)) => {
            Failure::new(FailureKind::System, format!("cannot read {path}: {error}"))
        }
        PassError::Xml(XmlError::Format { .. }) => Failure::verification(format!(
            "WildFly reported success, but its export is none: {path}: {error}"
        ))
        .hint(INSTEAD),
    }
}

impl Action for ArtemisExport {
    const NAME: &'static str = "artemis.export";
    const SUMMARY: &'static str =
        "Exports the saved messages of an Artemis broker for another version";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "messages",
            kind: OutputKind::Number,
            about: "messages in the export",
        },
        OutputSpec {
            name: "queues",
            kind: OutputKind::Number,
            about: "queues that hold messages",
        },
        OutputSpec {
            name: "prepared",
            kind: OutputKind::Number,
            about: "distributed transactions that the export does not have",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.home.is_absolute() {
            let home = self.home.display();
            problems.push(format!("`home`: `{home}` is not an absolute path"));
        }
        if self.copy == self.artifact {
            problems.push("`artifact`: is the same as `copy`".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        vec![
            PreviewLine::Reads(format!("backup set: {}/…", self.copy)),
            PreviewLine::Writes(format!(
                "{INSTANCE}/… in the step's directory: the stores once more, and {SCRIPT}; removed at the end"
            )),
            PreviewLine::Command(self.invocation().to_string()),
            PreviewLine::Writes(format!("backup set: {}", self.file())),
            PreviewLine::Checks(
                "the export is whole; its messages are those of the stores, by queue and id; none of them would \
                 be changed by an import"
                    .to_owned(),
            ),
        ]
    }

    fn programs(&self) -> Vec<String> {
        vec![self.invocation().program]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let modules = self.home.join("jboss-modules.jar");
        match context.host.stat(&modules) {
            Ok(Some(_)) => Vec::new(),
            Ok(None) => vec![Finding::refuse(format!(
                "{} is no WildFly: there is no jboss-modules.jar",
                self.home.display()
            ))],
            Err(error) => vec![Finding::of(&error.into())],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.writing()?;
        let host = context.host;
        set.discard(&self.artifact)?;
        let copy = in_set(set.directory(), &self.copy);
        let found = self.copied(context)?;
        let instance = context.scratch.join(INSTANCE);
        host.remove_tree(&instance)?;
        let export = if host.stat(&copy.journal)?.is_some() {
            demand_room(context, &copy)?;
            Some(self.make(context, &copy)?)
        } else {
            None
        };
        let (contents, written) = self.save(host, set, export.as_deref())?;
        host.remove_tree(&instance)?;
        let different = contents.difference(&found);
        if !different.is_empty() {
            let text =
                "WildFly reported success, but its export does not hold the messages of the stores";
            return Err(verification(text, different).hint(
                "the copy of the stores in the set holds all messages; export with a newer WildFly (`home`)",
            ));
        }
        if !contents.problems.is_empty() {
            let mut problems = contents.problems.clone();
            if contents.further_problems > 0 {
                problems.push(format!(
                    "and {}",
                    counted(contents.further_problems, "further message")
                ));
            }
            return Err(verification("an import would change messages", problems).hint(
                "let the application take these messages before the server is stopped; or carry the stores \
                 themselves, which keep everything",
            ));
        }
        self.outcome(&copy, &found, &contents, written)
    }
}

impl ArtemisExport {
    /// What the copy holds, as the step that made it has counted it.
    fn copied(&self, context: &StepContext<'_>) -> Result<ArtemisInventory, Failure> {
        let journal = Role::Journal.artifact(&self.copy);
        let state = (context.state)();
        let done = state.steps.iter().filter_map(|step| match &step.status {
            StepStatus::Done { outcome, .. } => Some(outcome),
            _ => None,
        });
        let mut artifacts = done.flat_map(|outcome| &outcome.artifacts);
        match artifacts.find(|artifact| artifact.name == journal) {
            Some(artifact) => record::read(artifact),
            None => Err(Failure::refused(format!(
                "no step of this run has copied the stores as `{}`",
                self.copy
            ))
            .hint("place this step after the one that uses `artemis.backup`")),
        }
    }
}
