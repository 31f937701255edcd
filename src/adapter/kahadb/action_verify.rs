//! `kahadb.verify`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::places::{Place, all_lock_files, path_problems, places, stores_of};
use super::record::{self, differences, verification};
use super::words::{self, Totals};
use crate::adapter::store_guard::refuse_in_use;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::backup::SealedSet;
use crate::event::{ArtifactRecord, Outcome};

/// Compares the stores of a stopped ActiveMQ broker with the backup set: the same messages in every
/// queue, and the same that wait for redelivery.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KahadbVerify {
    /// The KahaDB directory (`<kahaDB directory=…>`).
    pub store: PathBuf,
    /// The broker's data directory (`dataDirectory`), with the scheduler store.
    pub data: PathBuf,
    /// Name of the artifact in the set.
    pub artifact: String,
}

impl Action for KahadbVerify {
    const NAME: &'static str = "kahadb.verify";
    const SUMMARY: &'static str = "Compares the stores of a stopped broker with the backup set";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &words::OUTPUTS;

    fn validate(&self) -> Vec<String> {
        path_problems(&self.store, &self.data, None)
    }

    fn preview(&self) -> Preview {
        let paths = self.places().into_iter();
        let mut lines: Preview = paths
            .map(|place| PreviewLine::Reads(format!("{} (the journals)", place.path.display())))
            .collect();
        lines.push(PreviewLine::Checks(format!(
            "the messages are those of `{}` in the backup set, by queue and id",
            self.artifact
        )));
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let Some(set) = context.using else {
            return Vec::new();
        };
        let places = self.places();
        let missing = places
            .iter()
            .filter_map(|place| self.artifact(set, place).err());
        missing.map(|failure| Finding::of(&failure)).collect()
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.using()?;
        let places = self.places();
        refuse_in_use(context.host, &all_lock_files(context.host, &places)?)?;
        let mut different = Vec::new();
        let mut inventories = Vec::new();
        for place in &places {
            let stores = record::read(self.artifact(set, place)?)?;
            let found = stores_of(context.host, place)?;
            different.extend(differences(&place.path, &stores, &found)?);
            inventories.extend(stores.into_iter().map(|store| store.inventory));
        }
        if !different.is_empty() {
            let text = format!(
                "the stores do not hold the messages of the set {}",
                set.id()
            );
            return Err(verification(&text, different).hint(
                "look what worked on them since the backup; a new backup saves what they hold now",
            ));
        }
        let totals = Totals::of(&inventories);
        Ok(Outcome {
            outputs: totals.outputs(),
            summary: format!("{}, as in the backup set", totals.summary()),
            ..Outcome::default()
        })
    }
}

impl KahadbVerify {
    fn places(&self) -> Vec<Place> {
        places(&self.store, &self.data, None)
    }

    fn artifact<'a>(
        &self,
        set: &'a SealedSet,
        place: &Place,
    ) -> Result<&'a ArtifactRecord, Failure> {
        let name = place.artifact(&self.artifact);
        set.artifact(&name).ok_or_else(|| {
            Failure::refused(format!("the set {} has no artifact `{name}`", set.id()))
                .hint("use a set whose backup saved the messages")
        })
    }
}
