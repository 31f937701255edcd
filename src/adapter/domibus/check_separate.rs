//! `domibus.check-separate`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::host::Host;
use crate::site::{Shareable, same_address};

/// Refuses a new installation that shares a store, a folder or a schema with the present one: the
/// present one would no longer be the way back, and both at work would take each other's messages.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckSeparate {
    /// What the present installation has.
    pub present: Places,
    /// What the new one has.
    pub next: Places,
    /// What they share on purpose.
    #[serde(default)]
    pub share: Vec<Shareable>,
}

/// What an installation must have for itself.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// The server's instance directory.
    pub server: PathBuf,
    /// The configuration directory.
    pub configuration: PathBuf,
    /// Locks of the broker's stores; each lies in its store.
    pub locks: Vec<PathBuf>,
    /// Folders with messages, payloads and keys.
    pub folders: Vec<Folder>,
    /// How the database is reached: `host` and `port`, or `socket`, or `service`.
    #[serde(default)]
    pub connection: Option<serde_json::Value>,
    /// Its schemas.
    #[serde(default)]
    pub schemas: Vec<Schema>,
    /// The file of an H2 database.
    #[serde(default)]
    pub file: Option<PathBuf>,
}

/// A folder of the site; what else the site knows of it is of no account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
}

/// A schema of the site; what else the site knows of it is of no account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Schema {
    /// Its name.
    pub schema: String,
}

impl Action for CheckSeparate {
    const NAME: &'static str = "domibus.check-separate";
    const SUMMARY: &'static str =
        "Refuses a new installation that shares data with the present one";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &[];

    fn preview(&self) -> Preview {
        let mut lines = vec![PreviewLine::Checks(format!(
            "{} and {} have no directory, store, folder or schema in common",
            self.present.server.display(),
            self.next.server.display()
        ))];
        if !self.share.is_empty() {
            let words: Vec<&str> = self.share.iter().map(|kind| kind.word()).collect();
            lines.push(PreviewLine::Note(format!(
                "shared on purpose: {}",
                words.join(", ")
            )));
        }
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        match self.shared(context.host) {
            Ok((refused, allowed)) => {
                let refused = refused
                    .into_iter()
                    .map(|text| Finding::refuse(text).hint(HINT));
                refused
                    .chain(allowed.into_iter().map(Finding::warning))
                    .collect()
            }
            Err(failure) => vec![Finding::of(&failure)],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let (refused, warnings) = self.shared(context.host)?;
        if !refused.is_empty() {
            let text = "the new installation is not separate from the present one";
            let mut failure = Failure::refused(text).hint(HINT);
            failure.0.causes = refused;
            return Err(failure);
        }
        let summary = match warnings.len() {
            0 => "nothing in common".to_owned(),
            _ => "nothing in common but what the site allows".to_owned(),
        };
        Ok(Outcome {
            warnings,
            summary,
            ..Outcome::default()
        })
    }
}

const HINT: &str = "give the new installation a place of its own, or name what is shared on purpose \
     in `target.share`; then neither may ever run beside the other";

impl CheckSeparate {
    /// What is shared: what must not be, and what the site allows.
    fn shared(&self, host: &dyn Host) -> Result<(Vec<String>, Vec<String>), Failure> {
        let (present, next) = (&self.present, &self.next);
        let mut refused = Vec::new();
        let mut allowed = Vec::new();
        if overlap(host, &present.server, &next.server)? == Some(Overlap::Same) {
            refused.push(format!(
                "{} is the present server itself",
                next.server.display()
            ));
        }
        let mut found = |kind: Shareable, text: String| {
            if self.share.contains(&kind) {
                allowed.push(text);
            } else {
                refused.push(text);
            }
        };
        let stores = |places: &Places| -> Vec<PathBuf> {
            let stores = places.locks.iter().filter_map(|lock| lock.parent());
            stores.map(Path::to_owned).collect()
        };
        let one = |path: &PathBuf| vec![path.clone()];
        let folders = |places: &Places| -> Vec<PathBuf> {
            places
                .folders
                .iter()
                .map(|folder| folder.path.clone())
                .collect()
        };
        for (kind, word, present, next) in [
            (
                Shareable::Configuration,
                "configuration directory",
                one(&present.configuration),
                one(&next.configuration),
            ),
            (Shareable::Stores, "store", stores(present), stores(next)),
            (
                Shareable::Folders,
                "folder",
                folders(present),
                folders(next),
            ),
        ] {
            for here in &present {
                for there in &next {
                    if overlap(host, here, there)?.is_some() {
                        found(kind, shared_place(word, here, there));
                    }
                }
            }
        }
        for text in self.shared_data(host)? {
            found(Shareable::Database, text);
        }
        Ok((refused, allowed))
    }

    fn shared_data(&self, host: &dyn Host) -> Result<Vec<String>, Failure> {
        let (present, next) = (&self.present, &self.next);
        let mut texts = Vec::new();
        if let (Some(here), Some(there)) = (&present.connection, &next.connection)
            && same_address(here, there)
        {
            let both = next
                .schemas
                .iter()
                .filter(|schema| present.schemas.contains(schema));
            texts.extend(both.map(|schema| {
                format!(
                    "both use the schema `{}` of the same database",
                    schema.schema
                )
            }));
        }
        if let (Some(here), Some(there)) = (&present.file, &next.file) {
            let folders = (here.parent(), there.parent());
            if let (Some(of_here), Some(of_there)) = folders
                && here.file_name() == there.file_name()
                && overlap(host, of_here, of_there)? == Some(Overlap::Same)
            {
                texts.push(format!("both use the database file {}", there.display()));
            }
        }
        Ok(texts)
    }
}

fn shared_place(word: &str, here: &Path, there: &Path) -> String {
    if here == there {
        return format!("both use the {word} {}", there.display());
    }
    format!(
        "the {word} {} is, or lies in or around, {}",
        there.display(),
        here.display()
    )
}

#[derive(Debug, PartialEq, Eq)]
enum Overlap {
    Same,
    Nested,
}

/// Whether two directories are the same or one lies in the other, symbolic links followed. One that
/// does not exist yet is judged by the part of its path that does.
fn overlap(host: &dyn Host, one: &Path, other: &Path) -> Result<Option<Overlap>, Failure> {
    let (one, other) = (chain(host, one)?, chain(host, other)?);
    Ok(match (one.first(), other.first()) {
        (Some(a), Some(b)) if a == b => Some(Overlap::Same),
        (Some(a), Some(b)) if one.contains(b) || other.contains(a) => Some(Overlap::Nested),
        _ => None,
    })
}

/// A part of a path: what exists by its identity, what does not by its name below what exists.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    identity: (u64, u64),
    missing: PathBuf,
}

/// The path itself, and then each directory that holds it.
fn chain(host: &dyn Host, path: &Path) -> Result<Vec<Link>, Failure> {
    let mut existing = path.to_owned();
    let mut missing = Vec::new();
    // `.` makes the system follow a symbolic link at the end.
    let mut found = host.stat(&existing.join("."))?;
    while found.is_none() {
        let (Some(name), Some(parent)) = (existing.file_name(), existing.parent()) else {
            return Ok(Vec::new());
        };
        missing.push(name.to_owned());
        existing = parent.to_owned();
        found = host.stat(&existing.join("."))?;
    }
    let mut links: Vec<Link> = Vec::new();
    let mut place = existing.join(".");
    let mut names = missing.len();
    while let Some(stat) = found {
        let link = Link {
            identity: stat.identity,
            missing: missing.iter().rev().take(names).collect(),
        };
        // The root is its own parent.
        if links.last() == Some(&link) {
            break;
        }
        links.push(link);
        match names {
            0 => place.push(".."),
            _ => names -= 1,
        }
        found = host.stat(&place)?;
    }
    Ok(links)
}
