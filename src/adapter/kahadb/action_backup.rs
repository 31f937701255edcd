//! `kahadb.backup`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::places::{Place, Role, all_lock_files, path_problems, places, stores_of};
use super::record::{self, StoreRecord, below, differences, inventory, verification};
use super::words::{self, Totals, counted};
use crate::adapter::files::FilesBackup;
use crate::adapter::store_guard::{Guards, in_use};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::event::{ArtifactRecord, Outcome};
use crate::host::Host;

/// Copies the stores of a stopped ActiveMQ broker into the backup set and counts their messages
/// before and after. While it works, a broker that is started waits.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KahadbBackup {
    /// The KahaDB directory (`<kahaDB directory=…>`). If it is missing, because the broker was never
    /// started, that is recorded.
    pub store: PathBuf,
    /// The broker's data directory (`dataDirectory`). Messages that wait for redelivery are in
    /// `<data>/<broker>/scheduler`, and nowhere else.
    pub data: PathBuf,
    /// The logs of distributed transactions, which Domibus 4.x has.
    #[serde(default)]
    pub transactions: Option<PathBuf>,
    /// Name of the artifact in the set, and its folder there; each directory has one below it.
    pub artifact: String,
}

/// A directory that was saved.
struct Saved {
    artifact: ArtifactRecord,
    stores: Vec<StoreRecord>,
    warnings: Vec<String>,
}

impl Action for KahadbBackup {
    const NAME: &'static str = "kahadb.backup";
    const SUMMARY: &'static str = "Copies and counts the stores of a stopped ActiveMQ broker";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &words::OUTPUTS;

    fn validate(&self) -> Vec<String> {
        let mut problems = path_problems(&self.store, &self.data, self.transactions.as_deref());
        let trees = self.places().into_iter();
        problems.extend(trees.flat_map(|place| self.tree(&place).validate()));
        problems.sort();
        problems.dedup();
        problems
    }

    fn preview(&self) -> Preview {
        let places = self.places();
        let mut lines = vec![PreviewLine::Checks(
            "no process holds a lock of these stores; the locks are held while they are copied"
                .to_owned(),
        )];
        for place in &places {
            let (path, words) = (place.path.display(), place.role.words());
            lines.push(PreviewLine::Reads(format!("{path} ({words}, all of it)")));
        }
        for place in &places {
            let artifact = place.artifact(&self.artifact);
            lines.push(PreviewLine::Writes(format!("backup set: {artifact}/…")));
        }
        lines.push(PreviewLine::Checks(
            "every checksum of the journals; the messages of the copy are those of the stores, by \
             queue and id"
                .to_owned(),
        ));
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let places = self.places();
        let look = || -> Result<Vec<Finding>, Failure> {
            let host = context.host;
            self.refuse_wrong_store(host)?;
            let running = in_use(host, &all_lock_files(host, &places)?)?;
            let mut findings = Vec::new();
            for place in &places {
                findings.extend(self.tree(place).check(context));
                for store in stores_of(host, place)? {
                    findings.push(look_at(&below(&place.path, &store), running.is_some()));
                }
            }
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
        self.refuse_wrong_store(context.host)?;
        let places = self.places();
        let guards = Guards::new(context.host);
        guards.hold(&all_lock_files(context.host, &places)?)?;
        set.discard(&self.artifact)?;
        let mut saved = Vec::new();
        for place in &places {
            saved.push(self.save(context, place)?);
        }
        self.outcome(context.host, saved)
    }
}

/// A store as it is now. What a running broker writes may look damaged at the end.
fn look_at(store: &Path, running: bool) -> Finding {
    let path = store.display();
    let found = match inventory(store) {
        Ok(found) => found,
        Err(failure) if running => {
            return Finding::warning(format!(
                "{path} cannot be read while the broker works on it: {failure}"
            ));
        }
        Err(failure) => return Finding::of(&failure),
    };
    match found.damage.first() {
        Some(damage) if running => Finding::warning(format!("{path}: {damage}")).hint(
            "the broker may be writing there just now; if it is still so when it is stopped, the \
             backup will be refused",
        ),
        Some(damage) => Finding::refuse(format!("{path}: {damage}")).hint(MENDING),
        None => Finding::info(format!("{path}: {}", Totals::of([&found]).summary())),
    }
}

const MENDING: &str = "a broker that was killed may leave its last write unfinished: start the \
     application, stop it in the regular way, and try again; damage that stays has cost messages";

impl KahadbBackup {
    fn places(&self) -> Vec<Place> {
        places(&self.store, &self.data, self.transactions.as_deref())
    }

    fn tree(&self, place: &Place) -> FilesBackup {
        FilesBackup {
            source: place.path.clone(),
            artifact: place.artifact(&self.artifact),
            exclude: place.inner.clone(),
            optional: true,
            kind: Some(place.role.kind().to_owned()),
        }
    }

    /// A missing store is recorded as such. If the broker has left something elsewhere, it was
    /// started, and the path is wrong: all messages would be recorded as absent.
    fn refuse_wrong_store(&self, host: &dyn Host) -> Result<(), Failure> {
        if host.stat(&self.store)?.is_some() {
            return Ok(());
        }
        for place in self.places() {
            if let Some(store) = stores_of(host, &place)?.first() {
                let text = format!(
                    "{} does not exist, but the broker was started: there is {}",
                    self.store.display(),
                    below(&place.path, store).display()
                );
                return Err(Failure::refused(text)
                    .hint("correct the path of the broker's store in the site"));
            }
        }
        Ok(())
    }

    fn save(&self, context: &StepContext<'_>, place: &Place) -> Result<Saved, Failure> {
        let set = context.writing()?;
        let found = stores_of(context.host, place)?;
        let mut stores = Vec::with_capacity(found.len());
        let mut warnings = Vec::new();
        for relative in &found {
            let path = below(&place.path, relative);
            let inventory = inventory(&path)?;
            if !inventory.damage.is_empty() {
                return Err(damaged(context, &path, &inventory));
            }
            warnings.extend(words::warnings(&path, &inventory));
            stores.push(StoreRecord::new(relative, inventory));
        }
        let mut outcome = self.tree(place).perform(context)?;
        let Some(mut artifact) = outcome.artifacts.pop() else {
            return Err(Failure::refused("nothing was saved"));
        };
        let copy = set.directory().join(&artifact.name).join("content");
        let different = differences(&copy, &stores, &found)?;
        if !different.is_empty() {
            let text = format!("the copy of {} is not the store", place.path.display());
            return Err(verification(&text, different).hint(
                "look what writes there while the application stands still, then try again",
            ));
        }
        if place.role != Role::Transactions {
            record::write(&mut artifact, &stores);
        }
        warnings.append(&mut outcome.warnings);
        Ok(Saved {
            artifact,
            stores,
            warnings,
        })
    }

    fn outcome(&self, host: &dyn Host, saved: Vec<Saved>) -> Result<Outcome, Failure> {
        let stores = saved.iter().flat_map(|saved| &saved.stores);
        let totals = Totals::of(stores.map(|store| &store.inventory));
        let never_started = host.stat(&self.store)?.is_none();
        Ok(Outcome {
            outputs: totals.outputs(),
            summary: if never_started {
                format!(
                    "{} is absent, recorded as such: the broker was never started",
                    self.store.display()
                )
            } else {
                totals.summary()
            },
            warnings: saved
                .iter()
                .flat_map(|saved| saved.warnings.clone())
                .collect(),
            artifacts: saved.into_iter().map(|saved| saved.artifact).collect(),
        })
    }
}

fn damaged(context: &StepContext<'_>, path: &Path, found: &super::StoreInventory) -> Failure {
    let places = found.damage.len() as u64 + found.further_damage;
    let text = format!(
        "{} is damaged in {}",
        path.display(),
        counted(places, "place")
    );
    let sentences = found.damage.iter().map(ToString::to_string).collect();
    let failure = verification(&text, sentences);
    if context.using.is_some() {
        let step = context.step;
        return failure.hint(format!(
            "{MENDING}; to restore an earlier state all the same, copy {} to a safe place by hand and \
             leave this step out: `--skip {step}`",
            path.display()
        ));
    }
    failure.hint(MENDING)
}
