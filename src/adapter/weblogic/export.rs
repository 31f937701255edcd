//! `weblogic.export-jms`.

use std::io::Write;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;
use sha2::{Digest, Sha256};

use super::browse::{self, Held};
use super::connection::{Connection, of_connection, validate};
use super::record::{FORMAT, HolderRecord, IndexLine, JmsRecord, KIND};
use super::script::Script;
use super::session::Session;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, StepContext,
};
use crate::backup::{PartialSet, SetPath, SetWriter, file_name_for, hex};
use crate::event::{
    ArtifactFile, ArtifactRecord, FailureKind, Level, Outcome, Progress, ProgressUnit,
};
use crate::site::SecretRef;

/// The longest name of a file that is made of labels; beyond it a hash tells names apart.
const LONGEST_NAME: usize = 200;

/// Exports every message of a JMS module into the backup set: queues, members of distributed ones,
/// durable subscribers of topics; delayed messages too. The servers run, and production and
/// consumption are paused. Nothing is taken from the destinations.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportJms {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// Name of the JMS module.
    pub jms_module: String,
    /// Clusters and servers that hold its destinations; every server of them must run.
    pub targets: Vec<String>,
    /// Name of the artifact in the set, and its folder there.
    pub artifact: String,
    /// How long reading all messages may take.
    #[serde(default = "two_hours")]
    pub timeout: HumanDuration,
}

pub(super) fn two_hours() -> HumanDuration {
    HumanDuration::seconds(7200)
}

/// What was written so far.
struct Writing<'a> {
    set: &'a PartialSet,
    index: SetWriter,
    files: Vec<ArtifactFile>,
    holders: Vec<HolderRecord>,
    without_body: u64,
}

impl ExportJms {
    fn script(&self) -> Script {
        let (connection, module) = (&self.connection, &self.jms_module);
        browse::script("export-jms", connection, module, &self.targets, true)
    }

    fn index(&self) -> String {
        format!("{}/messages.jsonl", self.artifact)
    }

    /// By JNDI name, server, JMS server and destination. `~` never stands in a part.
    fn path(&self, held: &Held) -> String {
        let holder = &held.holder;
        let jndi = holder.jndi.as_ref().unwrap_or(&holder.queue);
        let mut labels = vec![jndi, &holder.server, &holder.jms_server, &holder.queue];
        if !holder.subscription.is_empty() {
            labels.extend([&holder.client, &holder.subscription]);
        }
        let parts: Vec<String> = labels.iter().map(|label| file_name_for(label)).collect();
        let mut name = parts.join("~");
        if name.len() > LONGEST_NAME {
            let hash = hex(&Sha256::digest(name.as_bytes()));
            name.truncate(LONGEST_NAME - 17);
            name = format!("{name}~{}", &hash[..16]);
        }
        format!("{}/{name}.xml", self.artifact)
    }

    /// Copies what was read of a holder into the set, message by message.
    fn save(
        &self,
        session: &Session<'_>,
        held: &Held,
        writing: &mut Writing<'_>,
    ) -> Result<(), Failure> {
        let path = self.path(held);
        let mut writer = writing.set.file(&path)?;
        let number = writing.holders.len();
        let mut pieces = held.pieces.iter();
        let (index, without_body) = (&mut writing.index, &mut writing.without_body);
        browse::read_file(session, held, &mut writer, |_, message| {
            let piece = pieces.next().ok_or("there are more than were read")?;
            *without_body += u64::from(!message.has_body);
            let line = IndexLine {
                holder: number,
                offset: piece.offset,
                length: piece.length,
                id: message.id,
                fingerprint: message.fingerprint,
                expiration: message.expiration,
            };
            let line = serde_json::to_string(&line).map_err(|error| error.to_string())?;
            writeln!(index, "{line}").map_err(|error| error.to_string())
        })?;
        writing.files.push(writer.finish()?);
        let mut holder = held.holder.clone();
        session
            .host
            .remove_file(&session.directory.join(&holder.file))?;
        holder.file = path;
        writing.holders.push(HolderRecord {
            holder,
            messages: held.pieces.len() as u64,
            delayed: held
                .pieces
                .iter()
                .map(|piece| u64::from(piece.delayed))
                .sum(),
        });
        Ok(())
    }

    fn outcome(&self, writing: Writing<'_>) -> Result<Outcome, Failure> {
        let Writing {
            index,
            mut files,
            holders,
            without_body,
            ..
        } = writing;
        let bytes = files.iter().map(|file| file.bytes).sum();
        files.push(index.finish()?);
        let messages: u64 = holders.iter().map(|one| one.messages).sum();
        let delayed: u64 = holders.iter().map(|one| one.delayed).sum();
        let count = holders.len();
        let mut warnings = Vec::new();
        if delayed > 0 {
            warnings.push(format!(
                "{delayed} messages wait for their time: an import may deliver them at once"
            ));
        }
        if without_body > 0 {
            warnings.push(format!("{without_body} messages have no body"));
        }
        let record = JmsRecord {
            format: FORMAT,
            module: self.jms_module.clone(),
            message_index: self.index(),
            holders,
            by_hand: vec![
                "# Each file is named by JNDI name, server, JMS server and destination.".to_owned(),
                "# Pause the consumption of the destination, look that it is empty, and import the"
                    .to_owned(),
                "# file with the Administration Console (Messages, Import). Never import twice."
                    .to_owned(),
            ],
        };
        let details = serde_json::to_value(&record).map_err(|error| {
            Failure::new(FailureKind::Internal, "cannot write the record").because(&error)
        })?;
        let mut outputs = Map::new();
        outputs.insert("messages".to_owned(), messages.into());
        outputs.insert("delayed".to_owned(), delayed.into());
        outputs.insert("destinations".to_owned(), count.into());
        Ok(Outcome {
            outputs,
            warnings,
            summary: format!("{messages} messages of {count} destinations, {delayed} delayed"),
            artifacts: vec![ArtifactRecord {
                name: self.artifact.clone(),
                kind: KIND.to_owned(),
                files,
                source: format!("{} {}", self.connection.url, self.jms_module),
                source_bytes: bytes,
                level: Level::L3,
                details,
            }],
        })
    }
}

impl Action for ExportJms {
    const NAME: &'static str = "weblogic.export-jms";
    const SUMMARY: &'static str =
        "Exports and counts every message of a paused WebLogic JMS module";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "messages",
            kind: OutputKind::Number,
            about: "messages in the set",
        },
        OutputSpec {
            name: "delayed",
            kind: OutputKind::Number,
            about: "those of them that wait for their time",
        },
        OutputSpec {
            name: "destinations",
            kind: OutputKind::Number,
            about: "queues, members and durable subscribers that were read",
        },
    ];

    of_connection!();

    fn validate(&self) -> Vec<String> {
        let mut problems = validate(
            &self.connection,
            "jms_module",
            &self.jms_module,
            &self.targets,
        );
        if SetPath::parse(&self.artifact).is_err() {
            problems.push("artifact: is no path inside a set".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        let mut preview = vec![PreviewLine::Checks(format!(
            "every server of {} runs, and every destination of {} is paused before and after",
            self.targets.join(", "),
            self.jms_module
        ))];
        preview.extend(self.script().preview(&self.connection));
        preview.extend([
            PreviewLine::Writes(format!(
                "backup set: {}/JNDI~SERVER~JMSSERVER~DESTINATION.xml, one file a destination",
                self.artifact
            )),
            PreviewLine::Writes(format!("backup set: {}", self.index())),
            PreviewLine::Checks(
                "what the servers count before and after, what was read, and what the files hold \
                 are one number; every message is whole XML"
                    .to_owned(),
            ),
        ]);
        preview
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.writing()?;
        set.discard(&self.artifact)?;
        let session = Session::of_step(&self.connection, context)?;
        let found = browse::browse(&session, &self.script(), self.timeout.get())?;
        let mut writing = Writing {
            set,
            index: set.file(&self.index())?,
            files: Vec::new(),
            holders: Vec::new(),
            without_body: 0,
        };
        let mut done = 0;
        for held in &found.held {
            self.save(&session, held, &mut writing)?;
            done += held.pieces.len() as u64;
            (context.progress)(Progress {
                done,
                total: Some(found.held.iter().map(|one| one.pieces.len() as u64).sum()),
                unit: ProgressUnit::Items,
            });
        }
        self.outcome(writing)
    }
}
