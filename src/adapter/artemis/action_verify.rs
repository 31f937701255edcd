//! `artemis.verify`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::places::Places;
use super::record::{self, inventory, journal_of, verification};
use super::words;
use crate::adapter::store_guard::refuse_in_use;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;

/// Compares the directories of a stopped Artemis broker with the backup set: the same messages in every
/// queue.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtemisVerify {
    /// The journal directory.
    pub journal: PathBuf,
    /// The bindings directory.
    pub bindings: PathBuf,
    /// The paging directory; it may be missing.
    pub paging: PathBuf,
    /// The directory of large messages; it may be missing.
    pub large_messages: PathBuf,
    /// Name of the artifact in the set.
    pub artifact: String,
}

impl Action for ArtemisVerify {
    const NAME: &'static str = "artemis.verify";
    const SUMMARY: &'static str =
        "Compares the messages of a stopped Artemis broker with the backup set";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &words::OUTPUTS;

    fn validate(&self) -> Vec<String> {
        self.places().problems()
    }

    fn preview(&self) -> Preview {
        let places = self.places();
        let all = places.all().into_iter();
        let mut lines: Preview = all
            .map(|(role, path)| {
                PreviewLine::Reads(format!("{} ({})", path.display(), role.words()))
            })
            .collect();
        lines.push(PreviewLine::Checks(format!(
            "the messages are those of `{}` in the backup set, by queue and id",
            self.artifact
        )));
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let missing = context
            .using
            .and_then(|set| journal_of(set, &self.artifact).err());
        missing.iter().map(Finding::of).collect()
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.using()?;
        let places = self.places();
        refuse_in_use(context.host, &places.locks())?;
        let expected = record::read(journal_of(set, &self.artifact)?)?;
        let different = inventory(&places.directories())?.difference(&expected);
        if !different.is_empty() {
            let text = format!(
                "the broker does not hold the messages of the set {}",
                set.id()
            );
            return Err(verification(&text, different).hint(
                "look what worked on them since the backup; a new backup saves what they hold now",
            ));
        }
        Ok(Outcome {
            outputs: words::outputs(&expected),
            summary: format!("{}, as in the backup set", words::summary(&expected)),
            ..Outcome::default()
        })
    }
}

impl ArtemisVerify {
    fn places(&self) -> Places {
        Places {
            journal: self.journal.clone(),
            bindings: self.bindings.clone(),
            paging: self.paging.clone(),
            large_messages: self.large_messages.clone(),
            transactions: None,
        }
    }
}
