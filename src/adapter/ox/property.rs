//! `ox.set-property`, `ox.remove-property` and `ox.check-property`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::properties::Content;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::host::{FileKind, Host};

/// Larger files are no property files.
const LIMIT: u64 = 4 * 1024 * 1024;

/// Mode of a file that does not exist yet.
const MODE: u32 = 0o640;

fn problems(key: &str, value: Option<&str>) -> Vec<String> {
    let is_printable = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let mut wrong = Vec::new();
    if key.trim().is_empty() || !is_printable(key) {
        wrong.push("key: it must be printable ASCII".to_owned());
    }
    if value.is_some_and(|value| !is_printable(value)) {
        wrong.push("value: it must be printable ASCII".to_owned());
    }
    wrong
}

fn read(host: &dyn Host, file: &Path) -> Result<Vec<u8>, Failure> {
    match host.stat(file)?.map(|stat| stat.kind) {
        None => Err(
            Failure::refused(format!("{} does not exist", file.display()))
                .hint("name the node's own file in the site file, as it is seen from here"),
        ),
        Some(FileKind::File) => Ok(host.read(file, LIMIT)?),
        Some(_) => Err(
            Failure::refused(format!("{} is no regular file", file.display()))
                .hint("name the file itself; a link would be replaced by a file"),
        ),
    }
}

fn content<'a>(file: &Path, bytes: &'a [u8]) -> Result<Content<'a>, Failure> {
    Content::read(bytes).map_err(|error| {
        Failure::refused(format!("{} cannot be read as Java does", file.display()))
            .because(&error)
            .hint("correct the file")
    })
}

fn check_file(context: &CheckContext<'_>, file: &Path, writes: bool) -> Vec<Finding> {
    let found = read(context.host, file).and_then(|bytes| content(file, &bytes).map(|_| ()));
    match found {
        Err(failure) => vec![Finding::of(&failure)],
        Ok(()) if writes && !context.host.may_write(file) => {
            vec![
                Finding::refuse(format!("{} may not be written", file.display()))
                    .hint("give the user that runs upgrade-kit access to it"),
            ]
        }
        Ok(()) => Vec::new(),
    }
}

fn done(summary: String) -> Outcome {
    Outcome {
        summary,
        ..Outcome::default()
    }
}

/// Writes the changed content, if it is another one, and reads it back.
fn write(
    context: &StepContext<'_>,
    file: &Path,
    before: &[u8],
    after: Result<Vec<u8>, super::properties::EditError>,
) -> Result<bool, Failure> {
    let after = after.map_err(|error| {
        Failure::refused(format!("{} is left as it is", file.display()))
            .because(&error)
            .hint("change the setting by hand, then skip this step")
    })?;
    if after == before {
        return Ok(false);
    }
    context.host.write_atomic(file, &after, MODE)?;
    if context.host.read(file, LIMIT)? != after {
        let message = format!("{} does not hold what was written", file.display());
        return Err(Failure::verification(message).hint("somebody else writes it, too"));
    }
    Ok(true)
}

/// Sets one setting of a properties file. Every other byte, owner and mode stay.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetProperty {
    /// The file.
    pub file: PathBuf,
    /// The setting.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl Action for SetProperty {
    const NAME: &'static str = "ox.set-property";
    const SUMMARY: &'static str =
        "Sets one setting of a properties file and keeps every other byte";
    const EFFECT: Effect = Effect::Idempotent;

    fn validate(&self) -> Vec<String> {
        problems(&self.key, Some(&self.value))
    }

    fn preview(&self) -> Preview {
        let file = self.file.display();
        vec![PreviewLine::Writes(format!(
            "{}={} in {file}",
            self.key, self.value
        ))]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        check_file(context, &self.file, true)
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let bytes = read(context.host, &self.file)?;
        let content = content(&self.file, &bytes)?;
        if content.get(&self.key) == Some(&self.value) {
            return Ok(done(format!("{} was set already", self.key)));
        }
        write(
            context,
            &self.file,
            &bytes,
            content.with(&self.key, &self.value),
        )?;
        Ok(done(format!("{}={}", self.key, self.value)))
    }
}

/// Removes one setting of a properties file. Every other byte, owner and mode stay.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveProperty {
    /// The file.
    pub file: PathBuf,
    /// The setting.
    pub key: String,
}

impl Action for RemoveProperty {
    const NAME: &'static str = "ox.remove-property";
    const SUMMARY: &'static str =
        "Removes one setting of a properties file and keeps every other byte";
    const EFFECT: Effect = Effect::Idempotent;

    fn validate(&self) -> Vec<String> {
        problems(&self.key, None)
    }

    fn preview(&self) -> Preview {
        let file = self.file.display();
        vec![PreviewLine::Removes(format!("{} in {file}", self.key))]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        check_file(context, &self.file, true)
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let bytes = read(context.host, &self.file)?;
        let content = content(&self.file, &bytes)?;
        let removed = write(context, &self.file, &bytes, content.without(&self.key))?;
        Ok(done(if removed {
            format!("{} is removed", self.key)
        } else {
            format!("{} was not set", self.key)
        }))
    }
}

/// Checks one setting of a properties file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckProperty {
    /// The file.
    pub file: PathBuf,
    /// The setting.
    pub key: String,
    /// The value that it must have. Without one it must not be set.
    #[serde(default)]
    pub value: Option<String>,
}

impl Action for CheckProperty {
    const NAME: &'static str = "ox.check-property";
    const SUMMARY: &'static str = "Checks one setting of a properties file";
    const EFFECT: Effect = Effect::Pure;

    fn validate(&self) -> Vec<String> {
        problems(&self.key, self.value.as_deref())
    }

    fn preview(&self) -> Preview {
        let file = self.file.display();
        vec![PreviewLine::Checks(match &self.value {
            Some(value) => format!("{}={value} in {file}", self.key),
            None => format!("{} is not set in {file}", self.key),
        })]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        check_file(context, &self.file, false)
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let bytes = read(context.host, &self.file)?;
        let content = content(&self.file, &bytes)?;
        let found = content.get(&self.key);
        if found == self.value.as_deref() {
            return Ok(done(match found {
                Some(value) => format!("{}={value}", self.key),
                None => format!("{} is not set", self.key),
            }));
        }
        let word = |value: Option<&str>| match value {
            Some(value) => format!("`{value}`"),
            None => "not set".to_owned(),
        };
        let message = format!(
            "{} of {} is {}, not {}",
            self.key,
            self.file.display(),
            word(found),
            word(self.value.as_deref()).replace("not set", "missing")
        );
        Err(Failure::verification(message).hint("correct the file, then resume"))
    }
}
