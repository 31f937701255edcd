//! `h2.restore`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::action_backup::KIND;
use super::in_use::{file_problem, is_page_store, note_open, refuse_open};
use super::store_file::{Layout, StoreFile, inspect};
use crate::adapter::files::FilesRestore;
use crate::adapter::store_guard::Guards;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::backup::SealedSet;
use crate::event::{ArtifactRecord, FailureKind, Outcome};

/// Brings the file of an embedded H2 database back from the backup set: builds it beside its place,
/// looks into it, swaps it in and keeps the one that it replaced.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct H2Restore {
    /// The database file, `….mv.db` or `….h2.db`, as the one that was saved.
    pub file: PathBuf,
    /// Name of the artifact in the set.
    pub artifact: String,
    /// Makes the directories above that are not there, each like the one it is made in.
    #[serde(default)]
    pub parents: bool,
}

impl Action for H2Restore {
    const NAME: &'static str = "h2.restore";
    const SUMMARY: &'static str = "Brings the file of an embedded H2 database back";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "replaced",
        kind: OutputKind::Text,
        about: "where the file that stood there before is kept; empty if there was none",
    }];

    fn validate(&self) -> Vec<String> {
        let mut problems: Vec<String> = file_problem(&self.file).into_iter().collect();
        let copy = self.copy().validate().into_iter();
        problems.extend(copy.map(|problem| problem.replacen("`target`", "`file`", 1)));
        problems
    }

    fn preview(&self) -> Preview {
        let mut lines = vec![PreviewLine::Checks(format!(
            "no process has {} open",
            self.file.display()
        ))];
        lines.extend(self.copy().preview());
        lines.push(PreviewLine::Checks(
            "H2's own headers and checksums in the new file before it is swapped in".to_owned(),
        ));
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let mut findings = self.copy().check(context);
        if let Some(Err(failure)) = context.using.map(|set| self.recorded(set))
            && findings.is_empty()
        {
            findings.push(Finding::of(&failure));
        }
        findings.extend(note_open(context.host, &self.file));
        findings
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let expected = self.recorded(context.using()?)?;
        refuse_open(context.host, &self.file)?;
        let guards = Guards::new(context.host);
        guards.hold(std::slice::from_ref(&self.file))?;
        let mut outcome = self.copy().restore(context, &|new| {
            guards.hold(&[new.to_owned()])?;
            prove(new, &expected)
        })?;
        outcome.outputs.retain(|name, _| name == "replaced");
        Ok(outcome)
    }
}

impl H2Restore {
    fn copy(&self) -> FilesRestore {
        FilesRestore {
            artifact: self.artifact.clone(),
            target: Some(self.file.clone()),
            parents: self.parents,
            ..FilesRestore::default()
        }
    }

    fn recorded(&self, set: &SealedSet) -> Result<StoreFile, Failure> {
        let artifact = set.artifact(&self.artifact);
        let Some(artifact) = artifact.filter(|artifact| artifact.kind == KIND) else {
            let (set, artifact) = (set.id(), &self.artifact);
            let text = format!("the set {set} has no H2 database `{artifact}`");
            return Err(Failure::refused(text).hint("use a set whose backup saved the database"));
        };
        let found = record(artifact)?;
        // H2 looks for a database by the end of its file's name.
        if (found.layout == Some(Layout::Page)) != is_page_store(&self.file) {
            let (file, name) = (self.file.display(), &self.artifact);
            let text =
                format!("{file} is not named as the H2 database `{name}` of the set has to be");
            let end = if found.layout == Some(Layout::Page) {
                ".h2.db"
            } else {
                ".mv.db"
            };
            return Err(Failure::refused(text).hint(format!("name a file that ends in `{end}`")));
        }
        Ok(found)
    }
}

/// What was found in the file when it was saved.
pub(super) fn record(artifact: &ArtifactRecord) -> Result<StoreFile, Failure> {
    let recorded = artifact.details.get("h2").cloned().unwrap_or_default();
    serde_json::from_value(recorded).map_err(|error| {
        let name = &artifact.name;
        let text = format!("the record of the artifact `{name}` cannot be read");
        Failure::new(FailureKind::DamagedSet, text).because(&error)
    })
}

fn prove(new: &Path, expected: &StoreFile) -> Result<(), Failure> {
    let problem = match inspect(new) {
        Ok(found) if found == *expected => return Ok(()),
        Ok(_) => format!("{} is not the file that was saved", new.display()),
        Err(error) => error.to_string(),
    };
    Err(Failure::new(FailureKind::DamagedSet, problem)
        .hint("nothing was swapped, the present database is untouched: use another backup set"))
}
