//! `xml.edit`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::path::Place;
use super::text::{Wanted, difference, edited};
use crate::adapter::files::{self as words, Swap};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::event::Outcome;
use crate::host::{Attributes, FileKind, FileStat, Host, HostError, Secret};
use crate::site::SecretRef;

/// A configuration file is far smaller.
const LIMIT: u64 = 16 * 1024 * 1024;

/// Stands for a secret in what is shown.
const HIDDEN: &str = "***";

/// Changes single values in an XML file and nothing else: every other byte stays. The file as it was is
/// kept beside it until `files.discard`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct XmlEdit {
    /// The file.
    pub file: PathBuf,
    /// The values.
    pub set: Vec<Edit>,
}

/// A value in a document.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Where: `datasources/datasource[name='A']/url` means the text of an element, `…/@attribute` an
    /// attribute. Exactly one element must be meant.
    pub at: String,
    /// What it shall say; one line.
    #[serde(default)]
    pub to: Option<String>,
    /// What it shall say, as a secret: it is in the file, and in nothing that is shown.
    #[serde(default)]
    pub secret: Option<SecretRef>,
}

impl XmlEdit {
    /// The text with the values in it.
    fn edited(&self, old: &str, values: &[String]) -> Result<String, Failure> {
        let places: Vec<Place> = self
            .set
            .iter()
            .filter_map(|edit| Place::parse(&edit.at).ok())
            .collect();
        let wanted: Vec<Wanted<'_>> = self
            .set
            .iter()
            .zip(&places)
            .zip(values)
            .map(|((edit, place), value)| Wanted {
                at: &edit.at,
                place,
                value,
            })
            .collect();
        edited(old, &wanted).map_err(|problems| {
            let file = self.file.display();
            let text = match problems.as_slice() {
                [one] => format!("{file} cannot be edited: {one}"),
                several => format!("{file} cannot be edited:\n{}", several.join("\n")),
            };
            Failure::refused(text)
                .hint("correct the file, or what the site and its runbook say of it")
        })
    }

    /// The values, secrets resolved.
    fn values(
        &self,
        secret: &(dyn Fn(&SecretRef) -> Result<Secret, Failure> + Sync),
    ) -> Result<Vec<String>, Failure> {
        let value = |edit: &Edit| match &edit.secret {
            Some(reference) => {
                let value = secret(reference)?.expose().to_owned();
                if value.contains(['\n', '\r']) {
                    let text = format!("the secret for {} has more than one line", edit.at);
                    return Err(Failure::refused(text).hint("give the account another password"));
                }
                Ok(value)
            }
            None => Ok(edit.to.clone().unwrap_or_default()),
        };
        self.set.iter().map(value).collect()
    }

    /// What is shown of the values.
    fn shown(&self) -> Vec<String> {
        let value = |edit: &Edit| match &edit.secret {
            Some(_) => HIDDEN.to_owned(),
            None => edit.to.clone().unwrap_or_default(),
        };
        self.set.iter().map(value).collect()
    }

    /// What will change, line by line; secrets, old ones too, are not in it.
    fn difference(&self, old: &str) -> Result<Vec<String>, Failure> {
        // All that stands in the way, before only a part of the values is looked at.
        self.edited(old, &self.shown())?;
        // The old values of secrets are hidden first.
        let secrets = Self {
            file: self.file.clone(),
            set: self
                .set
                .iter()
                .filter(|edit| edit.secret.is_some())
                .cloned()
                .collect(),
        };
        let hidden = vec!["(as it is)".to_owned(); secrets.set.len()];
        let old = secrets.edited(old, &hidden)?;
        let new = self.edited(&old, &self.shown())?;
        Ok(difference(&old, &new))
    }
}

/// A regular file in UTF-8.
fn read(host: &dyn Host, file: &Path) -> Result<(String, FileStat), Failure> {
    let shown = file.display();
    let refused = |text: String| {
        Err(Failure::refused(text).hint("check the product's home in the site, and the file there"))
    };
    let stat = match host.stat(file)? {
        Some(stat) if stat.kind == FileKind::File => stat,
        Some(_) => return refused(format!("{shown} is no file")),
        None => return refused(format!("{shown} does not exist")),
    };
    if stat.bytes > LIMIT {
        let (size, limit) = (words::size(stat.bytes), words::size(LIMIT));
        return refused(format!(
            "{shown} is no configuration file: it has {size}, and more than {limit} are not read"
        ));
    }
    let text = String::from_utf8(host.read(file, LIMIT)?).map_err(|_| {
        Failure::refused(format!("{shown} is not in UTF-8"))
            .hint("convert it, or edit it by hand and disable this step with a reason")
    })?;
    Ok((text, stat))
}

impl Action for XmlEdit {
    const NAME: &'static str = "xml.edit";
    const SUMMARY: &'static str = "Changes values in an XML file and leaves every other byte alone";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "changed",
            kind: OutputKind::Number,
            about: "lines that were changed",
        },
        OutputSpec {
            name: "replaced",
            kind: OutputKind::Text,
            about: "where the file as it was is kept; empty if nothing had to be changed",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.file.is_absolute() {
            problems.push("file: write the whole path, beginning with `/`".to_owned());
        }
        if self.set.is_empty() {
            problems.push("set: is empty".to_owned());
        }
        for (number, edit) in self.set.iter().enumerate() {
            let mut say = |problem: String| problems.push(format!("set[{number}].{problem}"));
            if let Err(problem) = Place::parse(&edit.at) {
                say(format!("at: {problem}"));
            }
            match (&edit.to, &edit.secret) {
                (Some(to), None) if to.contains(['\n', '\r']) => {
                    say("to: has more than one line".to_owned());
                }
                (Some(to), None) if to.trim() != to => {
                    say("to: begins or ends with white space".to_owned());
                }
                (Some(_), None) => {}
                (None, Some(secret)) => {
                    if let Err(problem) = secret.validate() {
                        say(format!("secret: {problem}"));
                    }
                }
                _ => say("to: give either `to` or `secret`".to_owned()),
            }
        }
        problems
    }

    fn preview(&self) -> Preview {
        let file = self.file.display();
        let mut lines = vec![PreviewLine::Writes(format!(
            "{file} (these values and nothing else; the file as it was is kept beside it)"
        ))];
        let values = self.set.iter().zip(self.shown());
        lines.extend(
            values.map(|(edit, value)| PreviewLine::Note(format!("{} = {value}", edit.at))),
        );
        lines
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.set
            .iter()
            .filter_map(|edit| edit.secret.as_ref())
            .collect()
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let found = read(context.host, &self.file).and_then(|(text, _)| self.difference(&text));
        match found {
            Err(failure) => vec![Finding::of(&failure)],
            Ok(lines) if lines.is_empty() => Vec::new(),
            Ok(lines) => {
                let file = self.file.display();
                vec![Finding::info(format!(
                    "{file} will change:\n{}",
                    lines.join("\n")
                ))]
            }
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let host = context.host;
        let (old, stat) = read(host, &self.file)?;
        let new = self.edited(&old, &self.values(context.secret)?)?;
        let shown = self.difference(&old)?;
        let swap = Swap::new(context, &self.file, None);
        if new != old {
            for line in &shown {
                (context.say)(line.clone());
            }
        }
        if new != old || swap.was_begun()? {
            swap.put(|path| {
                let mut file = host.create_new(path)?;
                let failed = |error| HostError::file("write", path, error);
                file.write_all(new.as_bytes()).map_err(failed)?;
                file.finish().map_err(failed)?;
                let attributes = Attributes {
                    mode: Some(stat.mode),
                    owner: Some((stat.uid, stat.gid)),
                    mtime: None,
                };
                Ok(host.set_attributes(path, &attributes)?)
            })?;
        }
        let (now, _) = read(host, &self.file)?;
        if now != new {
            let text = format!("{} was changed meanwhile", self.file.display());
            return Err(Failure::verification(text).hint("see who writes it, then resume"));
        }
        let kept = swap.kept()?.map(|path| path.display().to_string());
        let changed = shown.len() / 2;
        let mut outcome = Outcome {
            summary: match changed {
                0 => "nothing had to be changed".to_owned(),
                1 => "1 line changed".to_owned(),
                count => format!("{count} lines changed"),
            },
            ..Outcome::default()
        };
        let outputs = &mut outcome.outputs;
        outputs.insert("changed".to_owned(), changed.into());
        outputs.insert("replaced".to_owned(), kept.unwrap_or_default().into());
        Ok(outcome)
    }
}
