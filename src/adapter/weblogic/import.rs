//! `weblogic.import-jms`.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use super::browse;
use super::compare::{check_set, exported};
use super::connection::{Connection, of_connection, validate};
use super::export::two_hours;
use super::import_files::{contents, damaged, stage, staged_path};
use super::import_plan::{Begun, Key, Standing, Target, plan_text, read_journal, stand, targets};
use super::jms_state::JMS;
use super::record::Exported;
use super::script::{Literal, Script};
use super::session::Session;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, Probe, StepContext,
};
use crate::backup::SealedSet;
use crate::event::{FailureKind, Outcome};
use crate::site::SecretRef;

const IMPORT: &str = include_str!("scripts/import_jms.py");
const PLAN: &str = "import-jms.plan";
const JOURNAL: &str = "import-jms.journal";

/// The journal has two short lines a batch.
const JOURNAL_LIMIT: u64 = 256 * 1024 * 1024;

/// A server ends a batch that it was given although nobody waits for the answer any more. Before a
/// cut-off batch is counted, it gets this long.
const SETTLES: Duration = Duration::from_secs(5);

/// Brings exported messages back into the destinations of a JMS module whose consumption is paused.
/// What is there already, because the store was kept or an earlier attempt came so far, is not
/// imported again; what holds other messages is refused.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportJms {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// Name of the JMS module.
    pub jms_module: String,
    /// Clusters and servers that hold its destinations; every server of them must run.
    pub targets: Vec<String>,
    /// Name of the artifact in the set.
    pub artifact: String,
    /// Messages that are given to a destination at once.
    #[serde(default = "fifty")]
    pub batch: usize,
    /// How long each of reading and importing may take.
    #[serde(default = "two_hours")]
    pub timeout: HumanDuration,
}

fn fifty() -> usize {
    50
}

/// What an attempt found.
struct Found {
    targets: Vec<(Target, Standing)>,
    warnings: Vec<String>,
    /// Whether an earlier attempt has begun to import.
    begun: bool,
}

impl Found {
    /// Messages that are there, and that shall be.
    fn numbers(&self) -> (usize, usize) {
        let count = |(target, standing): &(Target, Standing)| match standing {
            Standing::Complete => target.items.len(),
            Standing::Holds(count) => *count,
        };
        let all = self.targets.iter().map(|(target, _)| target.items.len());
        (self.targets.iter().map(count).sum(), all.sum())
    }

    fn is_complete(&self) -> bool {
        self.targets
            .iter()
            .all(|(_, standing)| *standing == Standing::Complete)
    }
}

impl ImportJms {
    fn browse_script(&self) -> Script {
        let (connection, module) = (&self.connection, &self.jms_module);
        browse::script("browse-jms", connection, module, &self.targets, false)
    }

    fn import_script(&self) -> Script {
        Script::new(
            "import-jms",
            &self.connection,
            &[
                ("JMS_MODULE", Literal::Text(&self.jms_module)),
                ("TARGETS", Literal::Texts(&self.targets)),
                ("PLAN", Literal::Text(PLAN)),
                ("JOURNAL", Literal::Text(JOURNAL)),
            ],
            &[JMS, IMPORT],
        )
    }

    /// Reads what the destinations hold and compares it. Whoever cannot go on gets all reasons.
    fn look(&self, session: &Session<'_>, exported: &Exported<'_>) -> Result<Found, Failure> {
        let journal = journal(session)?;
        if journal.values().any(|begun| begun.open > 0) && !session.pause(SETTLES) {
            return Err(Failure::stopped());
        }
        let browsed = browse::browse(session, &self.browse_script(), self.timeout.get())?;
        let present = contents(session, &browsed)?;
        let (targets, warnings) = targets(
            &exported.record.holders,
            &exported.messages,
            &browsed.places,
            &present,
        )
        .map_err(|problem| {
            Failure::refused(problem).hint("make the destination in the domain, then resume")
        })?;
        let now = jiff::Timestamp::now().as_millisecond().max(0) as u64;
        let begun = !journal.is_empty();
        let mut found = Found {
            targets: Vec::new(),
            warnings,
            begun,
        };
        let mut problems = Vec::new();
        for target in targets {
            match stand(&target, journal.get(&target.key()), now) {
                Ok(standing) => found.targets.push((target, standing)),
                Err(problem) => problems.push(problem),
            }
        }
        let known = |key: &&Key| {
            found
                .targets
                .iter()
                .any(|(target, _)| target.key() == **key)
        };
        if problems.is_empty()
            && let Some(lost) = journal.keys().find(|key| !known(key))
        {
            let lost = lost.replace('\t', " ");
            problems.push(format!(
                "messages were imported into {lost}, which is not there now"
            ));
        }
        let Some(first) = problems.first() else {
            return Ok(found);
        };
        let kind = if begun {
            FailureKind::NeedsOperator
        } else {
            FailureKind::Refused
        };
        let mut failure = Failure::new(kind, first.clone());
        failure.0.causes = problems.into_iter().skip(1).collect();
        Err(failure.hint(
            "an import would double or lose messages: look at the destination, move what is not of \
             the set away or delete what is, then resume the run",
        ))
    }

    /// Puts the messages that are still to come, and the plan, into the step's directory; gives them
    /// to the domain.
    fn import(
        &self,
        session: &Session<'_>,
        set: &SealedSet,
        exported: &Exported<'_>,
        found: &Found,
    ) -> Result<(), Failure> {
        let open: Vec<(&Target, usize)> = found
            .targets
            .iter()
            .filter_map(|(target, standing)| match standing {
                Standing::Complete => None,
                Standing::Holds(count) => Some((target, *count)),
            })
            .collect();
        let mut staged: Vec<usize> = open
            .iter()
            .flat_map(|(target, first)| &target.items[*first..])
            .map(|item| item.holder)
            .collect();
        staged.sort_unstable();
        staged.dedup();
        for &number in &staged {
            stage(session, set, exported, number)?;
        }
        let plan = plan_text(&open, self.batch);
        let path = session.directory.join(PLAN);
        session.host.write_atomic(&path, plan.as_bytes(), 0o600)?;
        session.run(&self.import_script(), self.timeout.get())?;
        for number in staged {
            session.host.remove_file(&staged_path(session, number))?;
        }
        Ok(())
    }
}

/// What earlier attempts wrote.
fn journal(session: &Session<'_>) -> Result<BTreeMap<Key, Begun>, Failure> {
    let path = session.directory.join(JOURNAL);
    if session.host.stat(&path)?.is_none() {
        return Ok(BTreeMap::new());
    }
    let bytes = session.host.read(&path, JOURNAL_LIMIT)?;
    read_journal(&String::from_utf8_lossy(&bytes)).map_err(|problem| {
        let text = format!("{} is no journal of an import: {problem}", path.display());
        Failure::new(FailureKind::NeedsOperator, text)
    })
}

fn outcome(found: Found, imported: usize) -> Outcome {
    let (_, all) = found.numbers();
    let mut outputs = Map::new();
    outputs.insert("messages".to_owned(), all.into());
    outputs.insert("imported".to_owned(), imported.into());
    let summary = if imported == all {
        format!("{all} messages imported")
    } else {
        format!("{all} messages are there, {imported} of them imported now")
    };
    Outcome {
        outputs,
        summary,
        warnings: found.warnings,
        ..Outcome::default()
    }
}

impl Action for ImportJms {
    const NAME: &'static str = "weblogic.import-jms";
    const SUMMARY: &'static str = "Brings exported messages back into a WebLogic JMS module, once";
    const EFFECT: Effect = Effect::Once;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "messages",
            kind: OutputKind::Number,
            about: "messages of the set that are in their destinations",
        },
        OutputSpec {
            name: "imported",
            kind: OutputKind::Number,
            about: "those of them that this attempt imported; the others were there",
        },
    ];

    of_connection!(named);

    fn validate(&self) -> Vec<String> {
        let mut problems = validate(
            &self.connection,
            "jms_module",
            &self.jms_module,
            &self.targets,
        );
        if !(1..=1000).contains(&self.batch) {
            problems.push("batch: must be between 1 and 1000".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        let mut preview = vec![
            PreviewLine::Reads(format!("backup set: {}/…", self.artifact)),
            PreviewLine::Checks(
                "every destination is empty, or holds exactly what the set has of it".to_owned(),
            ),
        ];
        preview.extend(self.browse_script().preview(&self.connection));
        preview.push(PreviewLine::Writes(format!(
            "{PLAN} in the step's directory: batches of up to {} messages",
            self.batch
        )));
        preview.extend(self.import_script().preview(&self.connection));
        preview.push(PreviewLine::Checks(
            "every destination holds the messages of the set, by content, and no others".to_owned(),
        ));
        let again = &self.browse_script().file();
        let limit = Duration::ZERO;
        let command = self.connection.invocation(again, limit, None, None);
        preview.push(PreviewLine::Command(command.to_string()));
        preview
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        check_set(&self.connection, &self.artifact, context)
    }

    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        let journal = context.scratch.join(JOURNAL);
        if context.host.stat(&journal)?.is_none() {
            return Ok(Probe::Absent);
        }
        let set = context.using()?;
        let exported = Exported::read(set, exported(set, &self.artifact)?).map_err(damaged)?;
        let session = Session::of_step(&self.connection, context)?;
        match self.look(&session, &exported) {
            Ok(found) if found.is_complete() => Ok(Probe::Present(outcome(found, 0))),
            Ok(found) => {
                let (there, all) = found.numbers();
                Ok(Probe::Partial(format!(
                    "{there} of {all} messages were imported"
                )))
            }
            Err(failure) if failure.kind() == FailureKind::NeedsOperator => {
                Ok(Probe::Unknown(failure.to_string()))
            }
            Err(failure) => Err(failure),
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.using()?;
        let exported = Exported::read(set, exported(set, &self.artifact)?).map_err(damaged)?;
        let session = Session::of_step(&self.connection, context)?;
        let found = self.look(&session, &exported)?;
        let (there, all) = found.numbers();
        if found.is_complete() {
            return Ok(outcome(found, 0));
        }
        if found.begun {
            (context.say)(format!("{there} of {all} messages are there already"));
        }
        self.import(&session, set, &exported, &found)?;
        let after = self.look(&session, &exported)?;
        if !after.is_complete() {
            let (there, all) = after.numbers();
            return Err(Failure::verification(format!(
                "{there} of {all} messages are there after the import, although WLST reported no \
                 failure"
            ))
            .hint("resume the run: it goes on after what is there"));
        }
        Ok(outcome(after, all - there))
    }
}
