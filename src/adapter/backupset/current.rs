//! `backupset.check-current`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext, files,
};
use crate::backup::{SealedSet, tree_index};
use crate::event::{ArtifactRecord, Outcome};

/// Refuses to go on unless the trees of the installation are still as the set in use has them: a
/// restore would lose what changed since.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupsetCheckCurrent {
    /// Artifacts to compare. Every tree of the set unless given.
    #[serde(default)]
    pub artifacts: Vec<String>,
    /// Paths that may differ, each with everything below it: logs, caches.
    #[serde(default)]
    pub ignore: Vec<PathBuf>,
}

impl Action for BackupsetCheckCurrent {
    const NAME: &'static str = "backupset.check-current";
    const SUMMARY: &'static str = "Compares the installation with the backup set in use";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "compared",
        kind: OutputKind::Number,
        about: "artifacts that were compared",
    }];

    fn preview(&self) -> Preview {
        let what = if self.artifacts.is_empty() {
            "every tree of the backup set".to_owned()
        } else {
            self.artifacts.join(", ")
        };
        vec![PreviewLine::Checks(format!(
            "{what}: members, sizes, modes and times as in the installation now"
        ))]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let Some(set) = context.using else {
            return Vec::new();
        };
        match self.differences(context.host, set) {
            Ok((differences, _)) => differences
                .into_iter()
                .map(|text| Finding::refuse(text).hint(NEW_BACKUP))
                .collect(),
            Err(failure) => vec![Finding::refuse(failure.to_string())],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let (differences, compared) = self.differences(context.host, context.using()?)?;
        if !differences.is_empty() {
            let text = "the installation has changed since the backup set was written";
            let mut failure = Failure::refused(text).hint(NEW_BACKUP);
            failure.0.causes = differences;
            return Err(failure);
        }
        let mut outcome = Outcome {
            summary: format!("{compared} artifacts are as in the set"),
            ..Outcome::default()
        };
        outcome.outputs.insert("compared".into(), compared.into());
        Ok(outcome)
    }
}

const NEW_BACKUP: &str = "take a new backup, and use that";

impl BackupsetCheckCurrent {
    /// The first difference of each artifact, and how many were compared.
    fn differences(
        &self,
        host: &dyn crate::host::Host,
        set: &SealedSet,
    ) -> Result<(Vec<String>, usize), Failure> {
        let known: BTreeSet<&str> = set
            .manifest()
            .artifacts
            .iter()
            .map(|a| a.name.as_str())
            .collect();
        if let Some(name) = self
            .artifacts
            .iter()
            .find(|name| !known.contains(name.as_str()))
        {
            return Err(Failure::refused(format!(
                "the set {} has no artifact `{name}`",
                set.id()
            )));
        }
        let wanted = |artifact: &&ArtifactRecord| {
            let named = self.artifacts.is_empty() || self.artifacts.contains(&artifact.name);
            named && tree_index(artifact).is_some()
        };
        let mut differences = Vec::new();
        let mut compared = 0;
        for artifact in set.manifest().artifacts.iter().filter(wanted) {
            compared += 1;
            let found = files::difference(host, set, artifact, &self.ignore)?;
            differences.extend(found.map(|text| format!("{}: {text}", artifact.name)));
        }
        Ok((differences, compared))
    }
}
