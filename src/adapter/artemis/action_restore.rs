//! `artemis.restore`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::inventory::ArtemisInventory;
use super::places::{Places, Role, locks_in};
use super::record::{self, in_set, inventory, journal_of, verification};
use super::words;
use crate::adapter::files::FilesRestore;
use crate::adapter::store_guard::{Guards, in_use};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::backup::SealedSet;
use crate::event::{FailureKind, Outcome};

/// Brings the directories of a stopped Artemis broker back from the backup set: counts the messages of
/// the set, builds each directory whole beside its place, swaps it in, keeps what it replaced, and counts
/// again. Nothing of what is there now stays in the new directories: a mixture of two journals is a store
/// that no broker ever had.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtemisRestore {
    /// The journal directory.
    pub journal: PathBuf,
    /// The bindings directory.
    pub bindings: PathBuf,
    /// The paging directory. If there was none, there is none afterwards.
    pub paging: PathBuf,
    /// The directory of large messages.
    pub large_messages: PathBuf,
    /// The log of distributed transactions: WildFly's `standalone/data/tx-object-store`.
    #[serde(default)]
    pub transactions: Option<PathBuf>,
    /// Name of the artifact in the set.
    pub artifact: String,
    /// Makes the directories above that are not there, each like the one it is made in.
    #[serde(default)]
    pub parents: bool,
}

/// A directory that has to be restored.
type Tree = (Role, FilesRestore);

impl Action for ArtemisRestore {
    const NAME: &'static str = "artemis.restore";
    const SUMMARY: &'static str = "Brings the messages of an Artemis broker back and counts them";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        words::OUTPUTS[0],
        words::OUTPUTS[1],
        words::OUTPUTS[2],
        words::OUTPUTS[3],
        OutputSpec {
            name: "replaced",
            kind: OutputKind::Structure,
            about: "where what stood there before is kept",
        },
    ];

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
        let mut lines = vec![
            PreviewLine::Checks(
                "no broker holds the lock of the journal; the locks of the old and the new one are \
                 held until all is done"
                    .to_owned(),
            ),
            PreviewLine::Checks(
                "the messages in the backup set are those that were counted, before anything is swapped"
                    .to_owned(),
            ),
        ];
        for (role, path) in self.places().all() {
            lines.extend(self.tree(role, path).preview());
        }
        lines.push(PreviewLine::Checks(
            "the messages of the new directories are those of the backup, by queue and id"
                .to_owned(),
        ));
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let Some(set) = context.using else {
            return Vec::new();
        };
        let look = || -> Result<Vec<Finding>, Failure> {
            record::read(journal_of(set, &self.artifact)?)?;
            let (trees, warnings) = self.trees(set)?;
            let mut findings: Vec<Finding> = warnings.into_iter().map(Finding::warning).collect();
            for (_, tree) in &trees {
                findings.extend(tree.check(context));
            }
            findings.extend(in_use(context.host, &self.places().locks())?.map(|text| {
                Finding::info(format!(
                    "{text}: the broker runs, and has to be stopped before"
                ))
            }));
            Ok(findings)
        };
        look().unwrap_or_else(|failure| vec![Finding::of(&failure)])
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.using()?;
        let places = self.places();
        let expected = record::read(journal_of(set, &self.artifact)?)?;
        let (trees, warnings) = self.trees(set)?;
        let guards = Guards::new(context.host);
        guards.hold(&places.locks())?;
        self.prove(set, &expected)?;
        let mut outcome = Outcome {
            warnings,
            ..Outcome::default()
        };
        let mut replaced = Vec::new();
        for (role, tree) in &trees {
            let mut of_tree = tree.restore(context, &|new| match role {
                Role::Journal => guards.hold(&locks_in(new)),
                _ => Ok(()),
            })?;
            outcome.warnings.append(&mut of_tree.warnings);
            let kept = of_tree.outputs.remove("replaced");
            replaced.extend(kept.filter(|kept| kept.as_str().is_some_and(|path| !path.is_empty())));
        }
        // Those of an earlier attempt's journal.
        guards.hold(&places.locks())?;
        let different = inventory(&places.directories())?.difference(&expected);
        if !different.is_empty() {
            let text = format!(
                "the broker of {} does not hold the messages of the backup",
                self.journal.display()
            );
            return Err(verification(&text, different).hint(
                "look what writes there while the application server stands still, then resume the run",
            ));
        }
        outcome.outputs = words::outputs(&expected);
        outcome
            .outputs
            .insert("replaced".to_owned(), Value::Array(replaced));
        outcome.summary = words::summary(&expected);
        Ok(outcome)
    }
}

impl ArtemisRestore {
    fn places(&self) -> Places {
        Places {
            journal: self.journal.clone(),
            bindings: self.bindings.clone(),
            paging: self.paging.clone(),
            large_messages: self.large_messages.clone(),
            transactions: self.transactions.clone(),
        }
    }

    fn tree(&self, role: Role, path: &Path) -> FilesRestore {
        FilesRestore {
            artifact: role.artifact(&self.artifact),
            target: Some(path.to_owned()),
            parents: self.parents,
            ..FilesRestore::default()
        }
    }

    /// Everything that has to be restored, and warnings. A set that was written without a transaction
    /// log says nothing about it.
    fn trees(&self, set: &SealedSet) -> Result<(Vec<Tree>, Vec<String>), Failure> {
        let (mut trees, mut warnings) = (Vec::new(), Vec::new());
        for (role, path) in self.places().all() {
            let tree = self.tree(role, path);
            if set.artifact(&tree.artifact).is_some() {
                trees.push((role, tree));
                continue;
            }
            let text = format!("the set {} has no artifact `{}`", set.id(), tree.artifact);
            if role != Role::Transactions {
                return Err(
                    Failure::refused(text).hint("use a set whose backup saved the messages")
                );
            }
            warnings.push(format!("{text}: {} stays as it is", path.display()));
        }
        Ok((trees, warnings))
    }

    /// Whether the set holds what was counted. The directories belong together, so it is looked at
    /// before the first of them is swapped; that each is built as the set has it is compared by hash.
    fn prove(&self, set: &SealedSet, expected: &ArtemisInventory) -> Result<(), Failure> {
        let saved = in_set(set.directory(), &self.artifact);
        let different = inventory(&saved.directories())?.difference(expected);
        if different.is_empty() {
            return Ok(());
        }
        let artifact = &self.artifact;
        let text = format!("`{artifact}` of the backup set does not hold what was counted");
        let mut failure = verification(&text, different).hint(
            "nothing was swapped, the present messages are untouched: use another backup set",
        );
        failure.0.kind = FailureKind::DamagedSet;
        Err(failure)
    }
}
