//! `zdt.patch-home`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use super::home::{Patch, opatch, patch_ids, run_opatch};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::event::Outcome;
use crate::host::Invocation;

/// Values of `patch-uptime-option` of a patch that can be rolled out.
const SUITABLE: [&str; 2] = ["FMW_ROLLING_ORACLE_HOME", "FMW_ROLLING_SESSION"];

/// Applies patches to an Oracle home that nothing runs from, in order, each after its prerequisites and
/// conflicts were looked at. What is in the home already is not applied again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchHome {
    /// The Oracle home.
    pub home: PathBuf,
    /// The Java home that OPatch runs with.
    pub java_home: PathBuf,
    /// Directories of unpacked patches.
    pub patches: Vec<PathBuf>,
    /// Ids that the home must have at the end.
    #[serde(default)]
    pub expect: Vec<String>,
}

impl PatchHome {
    fn list(&self) -> Invocation {
        opatch(&self.home, &self.java_home, &["lspatches"])
    }

    fn looks(&self, directory: &std::path::Path) -> [Invocation; 2] {
        let directory = directory.to_string_lossy().into_owned();
        ["CheckApplicable", "CheckConflictAgainstOHWithDetail"].map(|check| {
            opatch(
                &self.home,
                &self.java_home,
                &["prereq", check, "-ph", &directory],
            )
        })
    }

    fn apply(&self, directory: &std::path::Path) -> Invocation {
        let directory = directory.to_string_lossy().into_owned();
        opatch(
            &self.home,
            &self.java_home,
            &["apply", &directory, "-silent"],
        )
    }
}

impl Action for PatchHome {
    const NAME: &'static str = "zdt.patch-home";
    const SUMMARY: &'static str = "Applies patches to an Oracle home with OPatch";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "patches",
        kind: OutputKind::Structure,
        about: "ids of the patches that are in the home",
    }];

    fn preview(&self) -> Preview {
        let mut preview = vec![PreviewLine::Command(self.list().to_string())];
        for patch in &self.patches {
            let looks = self.looks(patch);
            preview.extend(looks.map(|look| PreviewLine::Command(look.to_string())));
            preview.push(PreviewLine::Command(self.apply(patch).to_string()));
        }
        preview.push(PreviewLine::Checks(
            "every patch is in the home afterwards".to_owned(),
        ));
        preview
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for directory in &self.patches {
            match Patch::read(context.host, directory) {
                Err(text) => findings.push(
                    Finding::refuse(text)
                        .hint("unpack the patch and name the directory that holds `etc`"),
                ),
                Ok(patch) if patch.uptime.is_empty() => findings.push(
                    Finding::warning(format!(
                        "patch {} does not say whether it can be rolled out",
                        patch.id
                    ))
                    .hint("look into its README for FMW_ROLLING_ORACLE_HOME"),
                ),
                Ok(patch)
                    if !patch
                        .uptime
                        .iter()
                        .any(|one| SUITABLE.contains(&one.as_str())) =>
                {
                    findings.push(
                        Finding::refuse(format!(
                            "patch {} cannot be rolled out: its patch-uptime-option is {}",
                            patch.id,
                            patch.uptime.join(", ")
                        ))
                        .hint("apply it with the domain stopped, or leave it out"),
                    );
                }
                Ok(_) => {}
            }
        }
        findings
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let list = |what: &str| -> Result<Vec<String>, Failure> {
            Ok(patch_ids(&run_opatch(context, &self.list(), what)?))
        };
        let mut present = list("listing the patches")?;
        let mut applied = 0;
        for directory in &self.patches {
            let patch = Patch::read(context.host, directory).map_err(|text| {
                Failure::refused(text).hint("unpack the patch, then resume the run")
            })?;
            if present.contains(&patch.id) {
                (context.say)(format!("patch {} is in the home already", patch.id));
                continue;
            }
            for look in self.looks(&patch.directory) {
                run_opatch(
                    context,
                    &look,
                    &format!("the prerequisites of patch {}", patch.id),
                )
                .map_err(|failure| {
                    failure.hint(
                        "apply what it needs first, in the order of `patches`, then resume the run",
                    )
                })?;
            }
            let apply = self.apply(&patch.directory);
            run_opatch(context, &apply, &format!("applying patch {}", patch.id))?;
            present = list("listing the patches")?;
            if !present.contains(&patch.id) {
                return Err(Failure::verification(format!(
                    "OPatch succeeded, and patch {} is not in {}",
                    patch.id,
                    self.home.display()
                ))
                .hint("look at the log of the step and below `cfgtoollogs/opatch` of the home"));
            }
            applied += 1;
        }
        if let Some(id) = self.expect.iter().find(|id| !present.contains(id)) {
            return Err(Failure::verification(format!(
                "{} lacks the patch {id}",
                self.home.display()
            ))
            .hint("add it to `patches`, or take it out of `patch_ids`"));
        }
        let summary = format!("{applied} patches applied, {} in the home", present.len());
        let mut outputs = Map::new();
        outputs.insert("patches".to_owned(), present.into());
        Ok(Outcome {
            outputs,
            summary,
            ..Outcome::default()
        })
    }
}
