//! `files.remove`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::scan::absolute_problem;
use super::swap::{Swap, kept_as, workshop};
use super::{checks, words};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::event::Outcome;
use crate::host::{FileKind, Host};

/// Takes files and trees away. They are kept until `files.discard` unless `for_good` is set. What is
/// missing already is no error.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilesRemove {
    /// What to take away.
    #[serde(default)]
    pub paths: Vec<PathBuf>,
    /// A directory in which everything of certain names goes; the directory stays.
    #[serde(default)]
    pub within: Option<PathBuf>,
    /// Which names in `within`: `*` stands for any letters, `?` for one.
    #[serde(default)]
    pub names: Vec<String>,
    /// Delete at once instead of keeping: for caches and temporary files.
    #[serde(default)]
    pub for_good: bool,
    /// Where it is kept, on the same file system. Beside each one unless given.
    #[serde(default)]
    pub aside: Option<PathBuf>,
}

impl Action for FilesRemove {
    const NAME: &'static str = "files.remove";
    const SUMMARY: &'static str = "Takes files and trees away";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "removed",
        kind: OutputKind::Number,
        about: "how many files and trees were taken away",
    }];

    fn validate(&self) -> Vec<String> {
        let paths = self.paths.iter().map(|path| ("paths", path));
        let within = self.within.iter().map(|path| ("within", path));
        let aside = self.aside.iter().map(|path| ("aside", path));
        let mut problems: Vec<String> = paths
            .chain(within)
            .chain(aside)
            .filter_map(|(option, path)| absolute_problem(option, path))
            .collect();
        if self.within.is_some() == self.names.is_empty() {
            problems.push("`within`: give it together with `names`".to_owned());
        }
        if self.paths.is_empty() && self.within.is_none() {
            problems.push("`paths`: give some, or `within` with `names`".to_owned());
        }
        for name in self.names.iter().filter(|name| name.contains('/')) {
            problems.push(format!("`names`: `{name}` is more than a name"));
        }
        problems
    }

    fn preview(&self) -> Preview {
        let aside = self.aside.as_deref();
        let kept = |path: &Path| {
            if self.for_good {
                "for good".to_owned()
            } else {
                format!("kept as {}", kept_as(path, aside))
            }
        };
        let inside = self.within.iter().flat_map(|folder| {
            let names = self.names.iter();
            names.map(|name| folder.join(name))
        });
        let paths = self.paths.iter().cloned().chain(inside);
        paths
            .map(|path| PreviewLine::Removes(format!("{} ({})", path.display(), kept(&path))))
            .collect()
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let host = context.host;
        let targets = match self.targets(host) {
            Ok(targets) => targets,
            Err(failure) => return vec![Finding::refuse(failure.to_string())],
        };
        let present = targets
            .iter()
            .filter(|path| matches!(host.stat(path), Ok(Some(_))));
        present
            .flat_map(|path| {
                let workshop = workshop(path, self.aside.as_deref());
                checks::target(host, path, workshop)
            })
            .collect()
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let mut removed = 0_usize;
        for path in self.targets(context.host)? {
            super::workers::go_on(context)?;
            let present = context.host.stat(&path)?.is_some();
            removed += usize::from(present);
            if self.for_good {
                remove_for_good(context, &path)?;
                continue;
            }
            Swap::new(context, &path, self.aside.as_deref()).take_away()?;
        }
        if let Some(path) = self.paths.first().or(self.within.as_ref())
            && let Some(existing) = nearest(context.host, path)?
        {
            context.host.sync(existing)?;
        }
        let mut outcome = Outcome {
            summary: format!("{} taken away", words::things(removed)),
            ..Outcome::default()
        };
        outcome.outputs.insert("removed".into(), removed.into());
        Ok(outcome)
    }
}

impl FilesRemove {
    fn targets(&self, host: &dyn Host) -> Result<Vec<PathBuf>, Failure> {
        let mut targets = self.paths.clone();
        if let Some(folder) = &self.within
            && host.stat(folder)?.is_some()
        {
            for name in host.list(folder)? {
                let text = name.to_string_lossy();
                // What an earlier attempt put aside here is no new work.
                let ours = text.contains(".upgrade-kit-old-") || text.contains(".upgrade-kit-new-");
                if !ours && self.names.iter().any(|pattern| fits(pattern, &text)) {
                    targets.push(folder.join(&name));
                }
            }
        }
        Ok(targets)
    }
}

/// Deletes, but never through a mount point.
fn remove_for_good(context: &StepContext<'_>, path: &Path) -> Result<(), Failure> {
    let host = context.host;
    let is_link = host
        .stat(path)?
        .is_some_and(|stat| matches!(stat.kind, FileKind::Symlink(_)));
    if is_link {
        return Ok(host.remove_file(path)?);
    }
    match checks::obstacle(host, path)? {
        Some((text, hint)) => Err(Failure::refused(text).hint(hint)),
        None => Ok(host.remove_tree(path)?),
    }
}

/// The deepest directory on the way to `path` that exists.
fn nearest<'a>(host: &dyn Host, path: &'a Path) -> Result<Option<&'a Path>, Failure> {
    for folder in path.ancestors().skip(1) {
        if host
            .stat(folder)?
            .is_some_and(|stat| stat.kind == FileKind::Directory)
        {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}

/// Whether a name fits a pattern with `*` and `?`. A leading dot is nothing special.
fn fits(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut pos) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while pos < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, pos));
                at += 1;
            }
            Some(&letter) if letter == '?' || letter == name[pos] => {
                at += 1;
                pos += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    at = after;
                    pos = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&letter| letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("*.jar", "a.jar", true),
            ("*.jar", "a.jar.old", false),
            ("domibus-?-*.jar", "domibus-x-5.1.jar", true),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
