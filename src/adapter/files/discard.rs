//! `files.discard`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::scan::absolute_problem;
use super::swap::{built_prefix, kept_prefix, workshop};
use super::words;
use super::workers::go_on;
use crate::adapter::{
    Action, Effect, Failure, OutputKind, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;

/// Deletes what earlier steps of this run replaced and kept. From then on only the backup set leads
/// back.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilesDiscard {
    /// The paths at which things were replaced or taken away.
    pub targets: Vec<PathBuf>,
    /// The `aside` of those steps.
    #[serde(default)]
    pub aside: Option<PathBuf>,
    /// Also what other runs kept there, and what they had begun to build, when they were given up
    /// half-way. For the end of a restore: nothing of them is needed any more.
    #[serde(default)]
    pub of_all_runs: bool,
}

impl Action for FilesDiscard {
    const NAME: &'static str = "files.discard";
    const SUMMARY: &'static str = "Deletes what earlier steps replaced and kept";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "discarded",
        kind: OutputKind::Number,
        about: "how many kept files and trees were deleted",
    }];

    fn validate(&self) -> Vec<String> {
        let targets = self.targets.iter().map(|path| ("targets", path));
        let aside = self.aside.iter().map(|path| ("aside", path));
        targets
            .chain(aside)
            .filter_map(|(option, path)| absolute_problem(option, path))
            .collect()
    }

    fn preview(&self) -> Preview {
        let mut lines = Vec::new();
        for target in &self.targets {
            let folder = workshop(target, self.aside.as_deref());
            for prefix in self.prefixes(target, "<run>") {
                let names = folder.join(prefix);
                lines.push(PreviewLine::Removes(format!("{}*", names.display())));
            }
        }
        lines
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let mut discarded = 0_usize;
        for target in &self.targets {
            let kept = self.kept(context, target)?;
            for path in &kept {
                go_on(context)?;
                context.host.remove_tree(path)?;
                discarded += 1;
            }
            if !kept.is_empty() {
                // A done step is not done again after a power cut.
                context.host.sync(workshop(target, self.aside.as_deref()))?;
            }
        }
        let mut outcome = Outcome {
            summary: format!("{} deleted", words::things(discarded)),
            ..Outcome::default()
        };
        outcome.outputs.insert("discarded".into(), discarded.into());
        Ok(outcome)
    }
}

impl FilesDiscard {
    /// What the names of the things to delete begin with.
    fn prefixes(&self, target: &Path, run: &str) -> Vec<String> {
        if self.of_all_runs {
            vec![kept_prefix(target, None), built_prefix(target, None)]
        } else {
            vec![kept_prefix(target, Some(run))]
        }
    }

    fn kept(&self, context: &StepContext<'_>, target: &Path) -> Result<Vec<PathBuf>, Failure> {
        let folder = workshop(target, self.aside.as_deref());
        if context.host.stat(folder)?.is_none() {
            return Ok(Vec::new());
        }
        let prefixes = self.prefixes(target, &context.control.run);
        let names = context.host.list(folder)?;
        Ok(names
            .iter()
            .filter(|name| {
                let name = name.to_string_lossy();
                prefixes.iter().any(|prefix| name.starts_with(prefix))
            })
            .map(|name| folder.join(name))
            .collect())
    }
}
