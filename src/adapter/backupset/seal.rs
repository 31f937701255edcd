//! `backupset.seal`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::adapter::{
    Action, Effect, Failure, OutputKind, OutputSpec, Preview, PreviewLine, Probe, StepContext,
};
use crate::backup::{PartialSet, SealFacts, SealedSet, seal};
use crate::event::{ArtifactRecord, FailureKind, Outcome, RunState, StepStatus, total};

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
    let artifacts = manifest.artifacts.iter();
    let bytes = total(artifacts.map(|artifact| artifact.source_bytes));
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
