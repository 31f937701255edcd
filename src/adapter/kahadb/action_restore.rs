//! `kahadb.restore`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::places::{Place, Role, all_lock_files, lock_files, path_problems, places, stores_of};
use super::record::{self, StoreRecord, differences, verification};
use super::words::{self, Totals};
use crate::adapter::files::FilesRestore;
use crate::adapter::store_guard::{Guards, in_use};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::backup::SealedSet;
use crate::event::{FailureKind, Outcome};
use crate::host::Host;

/// Brings the stores of a stopped ActiveMQ broker back from the backup set: builds each directory
/// whole beside its place, counts its messages, swaps it in and keeps what it replaced. Nothing of
/// what is there now stays in the new directories: a mixture of two journals is a store that no
/// broker ever had.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KahadbRestore {
    /// The KahaDB directory (`<kahaDB directory=…>`).
    pub store: PathBuf,
    /// The broker's data directory (`dataDirectory`), with the scheduler store.
    pub data: PathBuf,
    /// The logs of distributed transactions, which Domibus 4.x has.
    #[serde(default)]
    pub transactions: Option<PathBuf>,
    /// Name of the artifact in the set.
    pub artifact: String,
    /// Makes the directories above that are not there, each like the one it is made in.
    #[serde(default)]
    pub parents: bool,
}

/// A directory that has to be restored.
struct Part {
    place: Place,
    tree: FilesRestore,
    stores: Vec<StoreRecord>,
}

impl Action for KahadbRestore {
    const NAME: &'static str = "kahadb.restore";
    const SUMMARY: &'static str = "Brings the stores of an ActiveMQ broker back and counts them";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        words::OUTPUTS[0],
        words::OUTPUTS[1],
        words::OUTPUTS[2],
        OutputSpec {
            name: "replaced",
            kind: OutputKind::Structure,
            about: "where what stood there before is kept",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems = path_problems(&self.store, &self.data, self.transactions.as_deref());
        let trees = self.places().into_iter();
        problems.extend(trees.flat_map(|place| self.tree(&place).validate()));
        problems.sort();
        problems.dedup();
        problems
    }

    fn preview(&self) -> Preview {
        let mut lines = vec![PreviewLine::Checks(
            "no process holds a lock of these stores; the locks are held until they are back"
                .to_owned(),
        )];
        for place in self.places() {
            lines.extend(self.tree(&place).preview());
        }
        lines.push(PreviewLine::Checks(
            "the messages of each new store are those of the backup, by queue and id, before it is \
             swapped in and afterwards"
                .to_owned(),
        ));
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let Some(set) = context.using else {
            return Vec::new();
        };
        let look = || -> Result<Vec<Finding>, Failure> {
            let (parts, warnings) = self.parts(set)?;
            let mut findings: Vec<Finding> = warnings.into_iter().map(Finding::warning).collect();
            for part in &parts {
                findings.extend(part.tree.check(context));
            }
            let locks = all_lock_files(context.host, &self.places())?;
            findings.extend(in_use(context.host, &locks)?.map(|text| {
                Finding::info(format!(
                    "{text}: the broker runs, and has to be stopped before"
                ))
            }));
            Ok(findings)
        };
        look().unwrap_or_else(|failure| vec![Finding::of(&failure)])
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let (parts, warnings) = self.parts(context.using()?)?;
        let guards = Guards::new(context.host);
        guards.hold(&all_lock_files(context.host, &self.places())?)?;
        let mut outcome = Outcome {
            warnings,
            ..Outcome::default()
        };
        let mut replaced = Vec::new();
        for part in &parts {
            let mut of_part = part.put_back(context, &guards)?;
            outcome.warnings.append(&mut of_part.warnings);
            let kept = of_part.outputs.remove("replaced");
            replaced.extend(kept.filter(|kept| kept.as_str().is_some_and(|path| !path.is_empty())));
        }
        // Swapping what lies inside a directory changed its time; the swap itself is done and is not
        // repeated.
        for part in parts.iter().filter(|part| !part.place.inner.is_empty()) {
            part.tree.restore(context, &|_| Ok(()))?;
        }
        // All parts again: a broker that started in between would have changed one.
        for part in &parts {
            part.compare(context.host)?;
        }
        let stores = parts.iter().flat_map(|part| &part.stores);
        let totals = Totals::of(stores.map(|store| &store.inventory));
        outcome.outputs = totals.outputs();
        outcome
            .outputs
            .insert("replaced".to_owned(), Value::Array(replaced));
        outcome.summary = totals.summary();
        Ok(outcome)
    }
}

impl KahadbRestore {
    fn places(&self) -> Vec<Place> {
        places(&self.store, &self.data, self.transactions.as_deref())
    }

    fn tree(&self, place: &Place) -> FilesRestore {
        FilesRestore {
            artifact: place.artifact(&self.artifact),
            target: Some(place.path.clone()),
            aside: place.aside.clone(),
            parents: self.parents,
            ..FilesRestore::default()
        }
    }

    /// Everything that has to be restored, and warnings. A set that was written without transaction
    /// logs says nothing about them.
    fn parts(&self, set: &SealedSet) -> Result<(Vec<Part>, Vec<String>), Failure> {
        let mut parts = Vec::new();
        let mut warnings = Vec::new();
        for place in self.places() {
            let tree = self.tree(&place);
            let Some(record) = set.artifact(&tree.artifact) else {
                let text = format!("the set {} has no artifact `{}`", set.id(), tree.artifact);
                if place.role == Role::Transactions {
                    let path = place.path.display();
                    warnings.push(format!("{text}: {path} stays as it is"));
                    continue;
                }
                return Err(
                    Failure::refused(text).hint("use a set whose backup saved the messages")
                );
            };
            let stores = match place.role {
                Role::Transactions => Vec::new(),
                Role::Store | Role::Data => record::read(record)?,
            };
            parts.push(Part {
                place,
                tree,
                stores,
            });
        }
        Ok((parts, warnings))
    }
}

impl Part {
    fn put_back(&self, context: &StepContext<'_>, guards: &Guards<'_>) -> Result<Outcome, Failure> {
        let host = context.host;
        let outcome = self.tree.restore(context, &|new| {
            self.prove(host, new)?;
            guards.hold(&lock_files(host, &self.at(new))?)
        })?;
        // Those of an earlier attempt's tree, which was not proven here.
        guards.hold(&lock_files(host, &self.place)?)?;
        self.compare(host)?;
        Ok(outcome)
    }

    fn at(&self, path: &Path) -> Place {
        Place {
            path: path.to_owned(),
            inner: Vec::new(),
            ..self.place.clone()
        }
    }

    /// Whether the tree that was built holds what was saved. Nothing is swapped yet.
    fn prove(&self, host: &dyn Host, new: &Path) -> Result<(), Failure> {
        let found = stores_of(host, &self.at(new))?;
        let different = differences(new, &self.stores, &found)?;
        if different.is_empty() {
            return Ok(());
        }
        let artifact = &self.tree.artifact;
        let text = format!("`{artifact}` of the backup set does not hold what was counted");
        let mut failure = verification(&text, different)
            .hint("nothing was swapped, the present store is untouched: use another backup set");
        failure.0.kind = FailureKind::DamagedSet;
        Err(failure)
    }

    fn compare(&self, host: &dyn Host) -> Result<(), Failure> {
        let found = stores_of(host, &self.place)?;
        let different = differences(&self.place.path, &self.stores, &found)?;
        if different.is_empty() {
            return Ok(());
        }
        let path = self.place.path.display();
        let text = format!("{path} does not hold the messages of the backup");
        Err(verification(&text, different)
            .hint("look what writes there while the application stands still, then resume the run"))
    }
}
