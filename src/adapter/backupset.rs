//! Actions on backup sets as a whole: seal the one that is being written, verify the one in use, and
//! see whether it is still a picture of the installation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::{Action, Effect, OutputKind, OutputSpec, Preview, PreviewLine, Probe};
use super::context::{CheckContext, Finding, StepContext};
use super::failure::Failure;
use super::{files, registry};
use crate::backup::{
    PartialSet, Problem, SealFacts, SealedSet, Verification, VerifyWatch, seal, tree_index,
};
use crate::event::{ArtifactRecord, FailureKind, Level, Outcome, RunState, StepStatus, StopLevel};

/// Problems of a set that a failure names one by one.
const NAMED: usize = 10;

/// Gathers what the steps of the run saved, writes the set's records and gives it its name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupsetSeal {
    /// Versions to record in the manifest, by name: of the product, its server, its database.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    /// Artifacts without which the set is not sealed.
    #[serde(default)]
    pub required: Vec<String>,
}

impl Action for BackupsetSeal {
    const NAME: &'static str = "backupset.seal";
    const SUMMARY: &'static str = "Completes the backup set and gives it its name";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "set",
            kind: OutputKind::Text,
            about: "id of the set",
        },
        OutputSpec {
            name: "directory",
            kind: OutputKind::Text,
            about: "where it is",
        },
        OutputSpec {
            name: "level",
            kind: OutputKind::Text,
            about: "how far all of it is proven: L0 to L4",
        },
        OutputSpec {
            name: "bytes",
            kind: OutputKind::Number,
            about: "bytes at the sources",
        },
    ];

    fn preview(&self) -> Preview {
        vec![
            PreviewLine::Writes(
                "backup set: manifest.json, SHA256SUMS, RESTORE.md, site.yaml, plan.json"
                    .to_owned(),
            ),
            PreviewLine::Note(
                "everything is made durable, then the set gets its name: whole or not at all"
                    .to_owned(),
            ),
        ]
    }

    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        let partial = context.writing()?;
        if partial.is_sealed() {
            return Ok(Probe::Present(self.seal(context, partial)?));
        }
        Ok(Probe::Absent)
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        self.seal(context, context.writing()?)
    }
}

impl BackupsetSeal {
    fn seal(&self, context: &StepContext<'_>, partial: &PartialSet) -> Result<Outcome, Failure> {
        let facts = self.facts(context)?;
        let has = |name: &String| {
            facts
                .artifacts
                .iter()
                .any(|artifact| artifact.name == *name)
        };
        let missing: Vec<&str> = self
            .required
            .iter()
            .filter(|name| !has(name))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            let text = format!("the set has no artifact `{}`", missing.join("`, `"));
            return Err(Failure::refused(text)
                .hint("see above which step that should have written it did not run"));
        }
        let report = seal(partial, &facts)?;
        Ok(sealed_outcome(&report.set, &report.removed))
    }

    fn facts(&self, context: &StepContext<'_>) -> Result<SealFacts, Failure> {
        /// The part of a plan that a set records.
        #[derive(Deserialize)]
        struct PlanHead {
            product: String,
        }
        let state = (context.state)();
        let plan_json = run_file(context, "plan.json")?;
        let head: PlanHead = serde_json::from_slice(&plan_json).map_err(|error| {
            let path = context.run_directory.join("plan.json");
            Failure::new(
                FailureKind::Internal,
                format!("{} cannot be read", path.display()),
            )
            .because(&error)
        })?;
        let (artifacts, tools) = gathered(&state);
        Ok(SealFacts {
            site: state.site,
            product: head.product,
            versions: self.versions.clone(),
            phase: state.phase,
            scenario: state.scenario,
            run: state.run,
            plan: state.plan,
            window_opened: state.window_opened,
            window_closed: state.window_closed,
            tools,
            artifacts,
            site_yaml: run_file(context, "site.yaml")?,
            plan_json,
        })
    }
}

/// Files of the run's own directory, which is always on this machine.
fn run_file(context: &StepContext<'_>, name: &str) -> Result<Vec<u8>, Failure> {
    let path = context.run_directory.join(name);
    std::fs::read(&path).map_err(|error| {
        let text = format!("failed to read {}", path.display());
        Failure::new(FailureKind::System, text).because(&error)
    })
}

/// Artifacts and tool versions of the steps that are done.
fn gathered(state: &RunState) -> (Vec<ArtifactRecord>, BTreeMap<String, String>) {
    let mut artifacts = Vec::new();
    let mut tools = BTreeMap::new();
    for step in &state.steps {
        let StepStatus::Done { outcome, .. } = &step.status else {
            continue;
        };
        artifacts.extend(outcome.artifacts.iter().cloned());
        if let Some(version) = outcome.outputs.get("tool_version").and_then(Value::as_str) {
            tools.insert(step.card.id.clone(), version.to_owned());
        }
    }
    (artifacts, tools)
}

fn sealed_outcome(set: &SealedSet, removed: &[String]) -> Outcome {
    let manifest = set.manifest();
    let bytes: u64 = manifest
        .artifacts
        .iter()
        .map(|artifact| artifact.source_bytes)
        .sum();
    let level = format!("{:?}", manifest.level);
    let mut outcome = Outcome {
        summary: format!(
            "{}: {} artifacts, {}, proven to {level}",
            set.id(),
            manifest.artifacts.len(),
            indicatif::HumanBytes(bytes),
        ),
        ..Outcome::default()
    };
    if let Some(first) = removed.first() {
        outcome.warnings.push(format!(
            "leftovers of attempts that did not finish were removed from the set: {first}{}",
            match removed.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            }
        ));
    }
    outcome.outputs.insert("set".into(), set.id().into());
    let directory = set.directory().display().to_string();
    outcome.outputs.insert("directory".into(), directory.into());
    outcome.outputs.insert("level".into(), level.into());
    outcome.outputs.insert("bytes".into(), bytes.into());
    outcome
}

/// A level of proof, as documents write it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum WantedLevel {
    /// The files exist with their sizes.
    L0,
    /// Their hashes match.
    L1,
    /// Their formats are complete.
    #[default]
    L2,
    /// And they were counted against the source when they were written.
    L3,
    /// And they were restored to scratch and compared.
    L4,
}

impl From<WantedLevel> for Level {
    fn from(wanted: WantedLevel) -> Self {
        match wanted {
            WantedLevel::L0 => Self::L0,
            WantedLevel::L1 => Self::L1,
            WantedLevel::L2 => Self::L2,
            WantedLevel::L3 => Self::L3,
            WantedLevel::L4 => Self::L4,
        }
    }
}

/// Reads the backup set in use and refuses to go on unless it is whole.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupsetVerify {
    /// How far it must be proven. L2 unless given: every hash is compared and every format looked
    /// into.
    #[serde(default)]
    pub level: WantedLevel,
}

impl Action for BackupsetVerify {
    const NAME: &'static str = "backupset.verify";
    const SUMMARY: &'static str = "Reads the backup set in use and compares it with its records";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "files",
            kind: OutputKind::Number,
            about: "files that were compared",
        },
        OutputSpec {
            name: "bytes",
            kind: OutputKind::Number,
            about: "their bytes",
        },
    ];

    fn preview(&self) -> Preview {
        let level = self.level;
        vec![PreviewLine::Checks(format!(
            "the backup set, read again, to level {level:?}"
        ))]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let Some(set) = context.using else {
            return Vec::new();
        };
        match set.verify(Level::L0, &[], &VerifyWatch::none()) {
            Ok(verification) if verification.is_sound() => Vec::new(),
            Ok(verification) => verification
                .problems
                .iter()
                .take(NAMED)
                .map(refusal)
                .collect(),
            Err(error) => vec![Finding::refuse(error.to_string())],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.using()?;
        let watch = VerifyWatch {
            progress: context.progress,
            stopped: &|| context.control.stop.level() >= StopLevel::Ask,
        };
        let verification = set.verify(self.level.into(), registry::FORMAT_CHECKS, &watch)?;
        if !verification.is_sound() {
            return Err(damaged(set, &verification));
        }
        let mut outcome = Outcome {
            summary: format!(
                "{} files, {}, whole to {:?}",
                verification.files,
                indicatif::HumanBytes(verification.bytes),
                verification.level
            ),
            ..Outcome::default()
        };
        outcome
            .outputs
            .insert("files".into(), verification.files.into());
        outcome
            .outputs
            .insert("bytes".into(), verification.bytes.into());
        Ok(outcome)
    }
}

fn refusal(problem: &Problem) -> Finding {
    Finding::refuse(format!("backup set: {}: {}", problem.path, problem.message))
        .hint("use another set: see `upgrade-kit backups list`")
}

fn damaged(set: &SealedSet, verification: &Verification) -> Failure {
    let problems = &verification.problems;
    let text = format!(
        "the backup set {} is damaged: {} problems",
        set.id(),
        problems.len()
    );
    let mut failure = Failure::new(FailureKind::DamagedSet, text)
        .hint("use another set: see `upgrade-kit backups list`");
    for problem in problems.iter().take(NAMED) {
        let line = format!("{}: {}", problem.path, problem.message);
        failure.0.causes.push(line);
    }
    if problems.len() > NAMED {
        let more = format!("and {} more", problems.len() - NAMED);
        failure.0.causes.push(more);
    }
    failure
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_written_as_they_are_named() {
        let level: BackupsetVerify = serde_json::from_str("{\"level\": \"L3\"}").unwrap();
        assert_eq!(Level::from(level.level), Level::L3);
        let level: BackupsetVerify = serde_json::from_str("{}").unwrap();
        assert_eq!(Level::from(level.level), Level::L2);
        assert!(serde_json::from_str::<BackupsetVerify>("{\"levl\": \"L3\"}").is_err());
    }
}
