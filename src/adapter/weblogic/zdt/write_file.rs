//! `zdt.write-migrations` and `zdt.write-applications`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::adapter::files::Swap;
use crate::adapter::{Action, Effect, Failure, Preview, PreviewLine, StepContext};
use crate::event::{FailureKind, Outcome};
use crate::site::weblogic::{Application, Migration};

/// Writes the migrations file that a rollout reads: strict JSON, whatever form the entries came in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteMigrations {
    /// The entries.
    pub entries: Vec<Migration>,
    /// The file, where the Admin Server reads it.
    pub to: PathBuf,
}

/// Writes the applications file that a rollout reads: strict JSON, whatever form the entries came in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteApplications {
    /// The entries.
    pub entries: Vec<Application>,
    /// The file, where the Admin Server reads it.
    pub to: PathBuf,
}

/// The first line is that of the document; then one entry a line.
fn text<T: Serialize>(key: &str, entries: &[T]) -> String {
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| serde_json::to_string(entry).unwrap_or_default())
        .collect();
    format!("{{\"{key}\":[\n{}\n]}}\n", lines.join(",\n"))
}

fn preview(to: &Path, text: &str) -> Preview {
    let mut preview = vec![PreviewLine::Writes(format!("{}:", to.display()))];
    preview.extend(
        text.lines()
            .map(|line| PreviewLine::Note(format!("| {line}"))),
    );
    preview
}

fn write(
    context: &StepContext<'_>,
    to: &Path,
    text: &str,
    entries: usize,
) -> Result<Outcome, Failure> {
    serde_json::from_str::<serde_json::Value>(text).map_err(|error| {
        Failure::new(FailureKind::Internal, "the file would be no JSON").because(&error)
    })?;
    if let Some(folder) = to.parent()
        && context.host.stat(folder)?.is_none()
    {
        // There with its mode or not at all, however it is cut off.
        Swap::new(context, folder, None).put(|new| Ok(context.host.create_dir(new, 0o755)?))?;
        context.host.sync(folder.parent().unwrap_or(folder))?;
    }
    // The Admin Server may run as another user.
    context.host.write_atomic(to, text.as_bytes(), 0o644)?;
    Ok(Outcome {
        summary: format!("{entries} entries in {}", to.display()),
        ..Outcome::default()
    })
}

impl WriteMigrations {
    fn text(&self) -> String {
        text("migrations", &self.entries)
    }
}

impl WriteApplications {
    /// Without what only the kit has to know.
    fn text(&self) -> String {
        let bare = |entry: &Application| Application {
            staging: None,
            ..entry.clone()
        };
        let entries: Vec<Application> = self.entries.iter().map(bare).collect();
        text("applications", &entries)
    }
}

impl Action for WriteMigrations {
    const NAME: &'static str = "zdt.write-migrations";
    const SUMMARY: &'static str = "Writes the migrations file of a rollout";
    const EFFECT: Effect = Effect::Idempotent;

    fn preview(&self) -> Preview {
        preview(&self.to, &self.text())
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        write(context, &self.to, &self.text(), self.entries.len())
    }
}

impl Action for WriteApplications {
    const NAME: &'static str = "zdt.write-applications";
    const SUMMARY: &'static str = "Writes the applications file of a rollout";
    const EFFECT: Effect = Effect::Idempotent;

    fn preview(&self) -> Preview {
        preview(&self.to, &self.text())
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        write(context, &self.to, &self.text(), self.entries.len())
    }
}
