//! `files.replace`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::build::{build, owner_there};
use super::pieces::{Piece, compare, of_tree};
use super::restore::outcome;
use super::scan::{absolute_problem, disturbed, scan};
use super::swap::{Swap, kept_as, workshop};
use super::workers::go_on;
use super::{checks, words};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::event::Outcome;
use crate::host::FileKind;

/// Puts a new file or tree in the place of an old one, which is kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilesReplace {
    /// The new file or tree.
    pub from: PathBuf,
    /// Where it shall stand.
    pub to: PathBuf,
    /// What has to go with the old one, and is kept as well: for a WAR its exploded directory, which
    /// the server would otherwise go on using.
    #[serde(default)]
    pub remove_also: Vec<PathBuf>,
    /// Permission bits of a file, as text: `"0640"`. Unless given: those of the file that it
    /// replaces, or else those of `from`.
    #[serde(default)]
    pub mode: Option<String>,
    /// Where the new one is built and the old ones are kept, on the same file system. Beside `to`
    /// unless given; needed where something takes up every directory it finds, as Tomcat does in
    /// `webapps`.
    #[serde(default)]
    pub aside: Option<PathBuf>,
}

impl Action for FilesReplace {
    const NAME: &'static str = "files.replace";
    const SUMMARY: &'static str = "Puts a new file or tree in the place of an old one";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "members",
            kind: OutputKind::Number,
            about: "members of what was put there",
        },
        OutputSpec {
            name: "replaced",
            kind: OutputKind::Text,
            about: "where what stood there before is kept; empty if nothing did",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems: Vec<String> = [("from", &self.from), ("to", &self.to)]
            .iter()
            .filter_map(|(option, path)| absolute_problem(option, path))
            .collect();
        let also = self.remove_also.iter();
        problems.extend(also.filter_map(|path| absolute_problem("remove_also", path)));
        problems.extend(
            self.aside
                .iter()
                .filter_map(|path| absolute_problem("aside", path)),
        );
        if self
            .mode
            .as_deref()
            .is_some_and(|mode| mode_bits(mode).is_none())
        {
            problems.push("`mode`: write it in octal and quoted, as in \"0640\"".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        let (from, to) = (self.from.display(), self.to.display());
        let aside = self.aside.as_deref();
        let mut lines = vec![
            PreviewLine::Reads(format!("{from} (all of it)")),
            PreviewLine::Writes(format!("{to} (built beside it, then swapped)")),
            PreviewLine::Note(format!(
                "what stands there now is kept as {}",
                kept_as(&self.to, aside)
            )),
        ];
        for path in &self.remove_also {
            let kept = kept_as(path, aside);
            lines.push(PreviewLine::Removes(format!(
                "{} (kept as {kept})",
                path.display()
            )));
        }
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let mut findings = checks::origin(context.host, &self.from);
        for target in self.targets() {
            let workshop = workshop(target, self.aside.as_deref());
            findings.extend(checks::target(context.host, target, workshop));
        }
        findings
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        self.put(context).map_err(disturbed)
    }
}

impl FilesReplace {
    fn put(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let aside = self.aside.as_deref();
        let pieces = self.pieces(context)?;
        // The exploded directory goes first: a server started between the two must not find the old
        // one beside the new file.
        for path in &self.remove_also {
            Swap::new(context, path, aside).take_away()?;
        }
        let swap = Swap::new(context, &self.to, aside);
        swap.put(|new| build(context, new, &pieces))?;
        let tree = scan(context.host, &self.to, &[], &|| go_on(context))?;
        let foreign = compare(&pieces, &self.to, tree.as_ref())?;
        context.host.sync(workshop(&self.to, None))?;
        Ok(outcome(&pieces, swap.kept()?, foreign, &self.to))
    }

    fn targets(&self) -> impl Iterator<Item = &Path> {
        let also = self.remove_also.iter().map(PathBuf::as_path);
        also.chain([self.to.as_path()])
    }

    /// What shall stand there. Owner and mode come from what is replaced; after the swap that is what
    /// was put there, so a later attempt finds the same.
    fn pieces(&self, context: &StepContext<'_>) -> Result<Vec<Piece>, Failure> {
        let host = context.host;
        let tree = scan(host, &self.from, &[], &|| go_on(context))?;
        let Some(tree) = tree else {
            let text = format!("{} does not exist", self.from.display());
            return Err(
                Failure::refused(text).hint("unpack the release there, or correct the path")
            );
        };
        words::refuse_odd_top(&tree)?;
        let owner = owner_there(context, &self.to)?;
        let mut pieces = of_tree(&tree);
        for piece in &mut pieces {
            piece.owner = owner;
        }
        if tree
            .nodes
            .first()
            .is_some_and(|top| top.stat.kind == FileKind::File)
        {
            let present = host.stat(&self.to)?;
            let present = present
                .filter(|stat| stat.kind == FileKind::File)
                .map(|stat| stat.mode);
            let wanted = self.mode.as_deref().and_then(mode_bits).or(present);
            if let (Some(top), Some(wanted)) = (pieces.first_mut(), wanted) {
                top.mode = wanted;
            }
        }
        Ok(pieces)
    }
}

fn mode_bits(text: &str) -> Option<u32> {
    let octal = text.len() <= 5 && text.starts_with('0');
    let bits = u32::from_str_radix(text, 8).ok()?;
    (octal && bits <= 0o7777).then_some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal() {
        assert_eq!(mode_bits("0640"), Some(0o640));
        assert_eq!(mode_bits("640"), None);
        assert_eq!(mode_bits("0888"), None);
        assert_eq!(mode_bits("0o640"), None);
    }
}
