//! `artemis.backup`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::inventory::ArtemisInventory;
use super::places::{Places, Role};
use super::record::{self, in_set, inventory, verification};
use super::words;
use crate::adapter::files::FilesBackup;
use crate::adapter::kahadb::counted;
use crate::adapter::store_guard::{Guards, in_use};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::host::Host;

/// Copies the directories of a stopped Artemis broker into the backup set and counts their messages
/// before and after. While it works, a broker that is started waits.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtemisBackup {
    /// The journal directory. If it is missing, because the broker was never started, that is recorded.
    pub journal: PathBuf,
    /// The bindings directory: which queues there are.
    pub bindings: PathBuf,
    /// The paging directory. A broker makes it when it needs it.
    pub paging: PathBuf,
    /// The directory of large messages: `large-messages` of a broker of its own, `largemessages` in
    /// WildFly.
    pub large_messages: PathBuf,
    /// The log of distributed transactions: WildFly's `standalone/data/tx-object-store`.
    #[serde(default)]
    pub transactions: Option<PathBuf>,
    /// Name of the artifact in the set, and its folder there; each directory has one below it.
    pub artifact: String,
}

const MENDING: &str = "a broker that was killed may leave its last write unfinished: start the \
     application server, stop it in the regular way, and try again; damage that stays has cost messages";

impl Action for ArtemisBackup {
    const NAME: &'static str = "artemis.backup";
    const SUMMARY: &'static str = "Copies and counts the messages of a stopped Artemis broker";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &words::OUTPUTS;

    fn validate(&self) -> Vec<String> {
        let places = self.places();
        let mut problems = places.problems();
        for (role, path) in places.all() {
            problems.extend(self.tree(role, path).validate());
        }
        problems.sort();
        problems.dedup();
        problems
    }

    fn preview(&self) -> Preview {
        let places = self.places();
        let mut lines = vec![PreviewLine::Checks(
            "no broker holds the lock of the journal; the lock is held while it is copied"
                .to_owned(),
        )];
        for (role, path) in places.all() {
            let (path, words) = (path.display(), role.words());
            lines.push(PreviewLine::Reads(format!("{path} ({words}, all of it)")));
        }
        for (role, _) in places.all() {
            let artifact = role.artifact(&self.artifact);
            lines.push(PreviewLine::Writes(format!("backup set: {artifact}/…")));
        }
        lines.push(PreviewLine::Checks(
            "every record of the journals, every page and body; the messages of the copy are those of \
             the broker, by queue and id"
                .to_owned(),
        ));
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let places = self.places();
        let look = || -> Result<Vec<Finding>, Failure> {
            let host = context.host;
            refuse_wrong_paths(host, &places)?;
            let running = in_use(host, &places.locks())?;
            let mut findings = Vec::new();
            for (role, path) in places.all() {
                findings.extend(self.tree(role, path).check(context));
            }
            findings.push(look_at(&places, running.is_some()));
            findings.extend(running.map(|text| {
                Finding::info(format!(
                    "{text}: the broker runs, and has to be stopped before"
                ))
            }));
            Ok(findings)
        };
        look().unwrap_or_else(|failure| vec![Finding::of(&failure)])
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.writing()?;
        let places = self.places();
        refuse_wrong_paths(context.host, &places)?;
        let guards = Guards::new(context.host);
        guards.hold(&places.locks())?;
        set.discard(&self.artifact)?;
        let found = inventory(&places.directories())?;
        if !found.damage.is_empty() {
            return Err(self.damaged(context, &found));
        }
        let mut outcome = Outcome {
            outputs: words::outputs(&found),
            warnings: words::warnings(&found),
            summary: words::summary(&found),
            ..Outcome::default()
        };
        for (role, path) in places.all() {
            let mut of_tree = self.tree(role, path).perform(context)?;
            if role == Role::Journal {
                for artifact in &mut of_tree.artifacts {
                    record::write(artifact, &found);
                }
            }
            outcome.artifacts.append(&mut of_tree.artifacts);
            outcome.warnings.append(&mut of_tree.warnings);
        }
        let copy = in_set(set.directory(), &self.artifact);
        let different = inventory(&copy.directories())?.difference(&found);
        if !different.is_empty() {
            return Err(verification("the copy is not what the broker holds", different).hint(
                "look what writes there while the application server stands still, then try again",
            ));
        }
        if context.host.stat(&self.journal)?.is_none() {
            let journal = self.journal.display();
            outcome.summary =
                format!("{journal} is absent, recorded as such: the broker was never started");
        }
        Ok(outcome)
    }
}

/// What the directories hold now. What a running broker writes may look damaged at the end.
fn look_at(places: &Places, running: bool) -> Finding {
    let journal = places.journal.display();
    let found = match inventory(&places.directories()) {
        Ok(found) => found,
        Err(failure) if running => {
            return Finding::warning(format!(
                "{journal} cannot be read while the broker works on it: {failure}"
            ));
        }
        Err(failure) => return Finding::of(&failure),
    };
    match found.damage.first() {
        Some(damage) if running => Finding::warning(damage.to_string()).hint(
            "the broker may be writing there just now; if it is still so when it is stopped, the \
             backup will be refused",
        ),
        Some(damage) => Finding::refuse(damage.to_string()).hint(MENDING),
        None => Finding::info(format!("{journal}: {}", words::summary(&found))),
    }
}

/// A missing journal is recorded as such. If the broker has left something elsewhere, it was started,
/// and the path is wrong: all messages would be recorded as absent. The same for missing bindings,
/// without which a broker drops all messages.
fn refuse_wrong_paths(host: &dyn Host, places: &Places) -> Result<(), Failure> {
    let of_broker = [
        &places.journal,
        &places.bindings,
        &places.paging,
        &places.large_messages,
    ];
    let mut filled = None;
    for path in of_broker {
        if host.stat(path)?.is_some() && !host.list(path)?.is_empty() {
            filled.get_or_insert(path);
        }
    }
    let Some(filled) = filled else { return Ok(()) };
    for path in [&places.journal, &places.bindings] {
        if host.stat(path)?.is_none() {
            let (path, filled) = (path.display(), filled.display());
            let text = format!(
                "{path} does not exist, but the broker was started: there is something in {filled}"
            );
            return Err(Failure::refused(text)
                .hint("correct the paths of the broker's directories in the site"));
        }
    }
    Ok(())
}

impl ArtemisBackup {
    fn places(&self) -> Places {
        Places {
            journal: self.journal.clone(),
            bindings: self.bindings.clone(),
            paging: self.paging.clone(),
            large_messages: self.large_messages.clone(),
            transactions: self.transactions.clone(),
        }
    }

    fn tree(&self, role: Role, path: &Path) -> FilesBackup {
        FilesBackup {
            source: path.to_owned(),
            artifact: role.artifact(&self.artifact),
            exclude: Vec::new(),
            optional: true,
            kind: Some(role.kind().to_owned()),
        }
    }

    fn damaged(&self, context: &StepContext<'_>, found: &ArtemisInventory) -> Failure {
        let places = found.damage.len() as u64 + found.further_damage;
        let text = format!(
            "the broker of {} is damaged in {}",
            self.journal.display(),
            counted(places, "place")
        );
        let sentences = found.damage.iter().map(ToString::to_string).collect();
        let failure = verification(&text, sentences);
        if context.using.is_some() {
            let step = context.step;
            return failure.hint(format!(
                "{MENDING}; to restore an earlier state all the same, copy the broker's directories to a \
                 safe place by hand and leave this step out: `--skip {step}`"
            ));
        }
        failure.hint(MENDING)
    }
}
