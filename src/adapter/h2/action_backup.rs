//! `h2.backup`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::in_use::{file_problem, note_open, refuse_open, refuse_parts_beside};
use super::store_file::{StoreFile, StoreFileError, inspect};
use crate::adapter::files::FilesBackup;
use crate::adapter::store_guard::Guards;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::event::{FailureKind, Level, Outcome};

/// The kind of the artifacts.
pub(super) const KIND: &str = "h2-database";

/// Copies the file of an embedded H2 database into the backup set while nothing has it open.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct H2Backup {
    /// The database file, `….mv.db` or `….h2.db`.
    pub file: PathBuf,
    /// Name of the artifact in the set, and its folder there.
    pub artifact: String,
}

impl Action for H2Backup {
    const NAME: &'static str = "h2.backup";
    const SUMMARY: &'static str = "Copies the file of an embedded H2 database";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "bytes",
            kind: OutputKind::Number,
            about: "bytes of the file",
        },
        OutputSpec {
            name: "format",
            kind: OutputKind::Number,
            about: "version of the file's format; 0 if it is encrypted",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems: Vec<String> = file_problem(&self.file).into_iter().collect();
        let copy = self.copy().validate().into_iter();
        problems.extend(copy.map(|problem| problem.replacen("`source`", "`file`", 1)));
        problems
    }

    fn preview(&self) -> Preview {
        let mut lines = vec![PreviewLine::Checks(format!(
            "no process has {} open",
            self.file.display()
        ))];
        lines.extend(self.copy().preview());
        lines.push(PreviewLine::Checks(
            "H2's own headers and checksums in the copy".to_owned(),
        ));
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let mut findings = self.copy().check(context);
        let open = note_open(context.host, &self.file);
        if open.is_none()
            && findings.is_empty()
            && let Err(error) = inspect(&self.file)
        {
            findings.push(Finding::of(&failure(&error)));
        }
        findings.extend(open);
        let apart = refuse_parts_beside(context.host, &self.file).err();
        findings.extend(apart.map(|failure| Finding::of(&failure)));
        findings
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.writing()?;
        refuse_open(context.host, &self.file)?;
        refuse_parts_beside(context.host, &self.file)?;
        let guards = Guards::new(context.host);
        guards.hold(std::slice::from_ref(&self.file))?;
        let mut outcome = self.copy().perform(context)?;
        let content = set.directory().join(&self.artifact).join("content");
        let found = inspect(&content).map_err(|error| failure(&error))?;
        for artifact in &mut outcome.artifacts {
            artifact.level = Level::L2;
            if let Value::Object(details) = &mut artifact.details {
                details.insert("h2".to_owned(), json!(found));
            }
        }
        outcome.warnings.extend(self.warning(&found));
        outcome.outputs.retain(|name, _| name == "bytes");
        let format = found.format.unwrap_or(0);
        outcome.outputs.insert("format".to_owned(), format.into());
        Ok(outcome)
    }
}

impl H2Backup {
    fn copy(&self) -> FilesBackup {
        FilesBackup {
            source: self.file.clone(),
            artifact: self.artifact.clone(),
            exclude: Vec::new(),
            optional: false,
            kind: Some(KIND.to_owned()),
        }
    }

    fn warning(&self, found: &StoreFile) -> Option<String> {
        let file = self.file.display();
        if found.format.is_none() {
            return Some(format!(
                "{file} is encrypted: whether it is whole cannot be told from outside"
            ));
        }
        (!found.closed).then(|| {
            format!("{file} was not closed: H2 drops the last, unfinished changes when it opens it")
        })
    }
}

/// The failure that a file amounts to.
pub(super) fn failure(error: &StoreFileError) -> Failure {
    match error {
        StoreFileError::Read { source, .. } => {
            Failure::new(FailureKind::System, error.to_string()).because(source)
        }
        StoreFileError::Damaged { .. } => Failure::verification(error.to_string()).hint(
            "correct the path of the database, or start the application once and stop it in the \
             regular way",
        ),
    }
}
