//! `files.overlay`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::build::build;
use super::checks;
use super::keep::{as_before, bring_over};
use super::pieces::{Piece, PieceKind, compare, of_tree, total_bytes};
use super::restore::outcome;
use super::scan::{Tree, absolute_problem, at, disturbed, scan, sub_path, sub_path_problems};
use super::swap::{Swap, kept_as, workshop};
use super::workers::go_on;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::event::Outcome;
use crate::host::FileKind;

/// Lays the files of one tree over another: a copy of the other is built with them in it and swapped
/// in as a whole. Files that only the other has stay.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilesOverlay {
    /// Directory with the new files.
    pub from: PathBuf,
    /// Directory over which they are laid. Must exist.
    pub to: PathBuf,
    /// What of `from` is left out: paths relative to it, or absolute ones.
    #[serde(default)]
    pub exclude: Vec<PathBuf>,
    /// What of `to` is moved into the new tree and not copied: large data that lies inside, a
    /// broker's store. Paths relative to it, or absolute ones.
    #[serde(default)]
    pub keep: Vec<PathBuf>,
    /// Where the new tree is built and the old one kept, on the same file system. Beside `to` unless
    /// given.
    #[serde(default)]
    pub aside: Option<PathBuf>,
}

impl Action for FilesOverlay {
    const NAME: &'static str = "files.overlay";
    const SUMMARY: &'static str = "Lays the files of one tree over another";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "members",
            kind: OutputKind::Number,
            about: "members of the tree afterwards",
        },
        OutputSpec {
            name: "replaced",
            kind: OutputKind::Text,
            about: "where the tree as it was is kept",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems: Vec<String> = [("from", &self.from), ("to", &self.to)]
            .iter()
            .filter_map(|(option, path)| absolute_problem(option, path))
            .collect();
        problems.extend(
            self.aside
                .iter()
                .filter_map(|path| absolute_problem("aside", path)),
        );
        problems.extend(sub_path_problems("exclude", &self.exclude));
        problems.extend(sub_path_problems("keep", &self.keep));
        problems
    }

    fn preview(&self) -> Preview {
        let (from, to) = (self.from.display(), self.to.display());
        let mut lines = vec![PreviewLine::Reads(format!("{from} (all of it)"))];
        for path in &self.exclude {
            lines.push(PreviewLine::Note(format!("leaves out {}", path.display())));
        }
        lines.push(PreviewLine::Writes(format!(
            "{to} (a copy with the new files in it, swapped in as a whole)"
        )));
        for path in &self.keep {
            lines.push(PreviewLine::Note(format!(
                "{} is moved along",
                path.display()
            )));
        }
        lines.push(PreviewLine::Note(format!(
            "the tree as it is now is kept as {}",
            kept_as(&self.to, self.aside.as_deref())
        )));
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let host = context.host;
        let mut findings = checks::origin(host, &self.from);
        let workshop = workshop(&self.to, self.aside.as_deref());
        findings.extend(checks::target(host, &self.to, workshop));
        match scan(host, &self.to, &self.kept_paths(), &|| Ok(())) {
            Ok(Some(tree)) => {
                findings.extend(checks::space(host, workshop, tree.bytes(), "the new tree"));
            }
            Ok(None) => findings.push(
                Finding::refuse(format!("{} does not exist", self.to.display()))
                    .hint("unpack the release there, or correct the path"),
            ),
            Err(failure) => findings.push(Finding::refuse(failure.to_string())),
        }
        findings
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        self.put(context).map_err(disturbed)
    }
}

impl FilesOverlay {
    fn put(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let swap = Swap::new(context, &self.to, self.aside.as_deref());
        // After the swap the tree that was there is the kept one.
        let base = swap.kept()?.unwrap_or_else(|| self.to.clone());
        let pieces = self.pieces(context, &base)?;
        swap.put(|new| build(context, new, &pieces))?;
        let keep = self.kept_paths();
        bring_over(context, swap.old(), &self.to, &keep, &pieces)?;
        let tree = scan(context.host, &self.to, &keep, &|| go_on(context))?;
        let foreign = compare(&pieces, &self.to, tree.as_ref())?;
        context.host.sync(workshop(&self.to, None))?;
        let mut outcome = outcome(&pieces, swap.kept()?, foreign, &self.to);
        outcome.summary = format!(
            "{} in all, {}",
            super::words::files(pieces.len()),
            super::words::bytes(total_bytes(&pieces))
        );
        Ok(outcome)
    }

    fn kept_paths(&self) -> Vec<PathBuf> {
        let inside = |path: &PathBuf| sub_path(&self.to, path);
        self.keep.iter().filter_map(inside).collect()
    }

    fn pieces(&self, context: &StepContext<'_>, base: &Path) -> Result<Vec<Piece>, Failure> {
        let host = context.host;
        let watch = || go_on(context);
        let keep = self.kept_paths();
        let base = scan(host, base, &keep, &watch)?;
        let mut base = base
            .filter(is_directory)
            .ok_or_else(|| Failure::refused(format!("{} is not a directory", self.to.display())))?;
        as_before(context, &self.to, &mut base)?;
        let inside = |path: &PathBuf| sub_path(&self.from, path);
        let mut exclude: Vec<PathBuf> = self.exclude.iter().filter_map(inside).collect();
        exclude.extend(keep);
        let over = scan(host, &self.from, &exclude, &watch)?;
        let over = over.filter(is_directory).ok_or_else(|| {
            Failure::refused(format!("{} is not a directory", self.from.display()))
                .hint("unpack the release there, or correct the path")
        })?;
        self.merge(of_tree(&base), of_tree(&over))
    }

    /// Both trees as one. Paths are compared by component, so every directory stays before its
    /// members.
    fn merge(&self, base: Vec<Piece>, over: Vec<Piece>) -> Result<Vec<Piece>, Failure> {
        let mut merged: BTreeMap<PathBuf, Piece> = BTreeMap::new();
        for piece in base {
            merged.insert(piece.relative.clone(), piece);
        }
        separate_links(&mut merged, &over);
        for mut piece in over {
            let Some(present) = merged.get(&piece.relative) else {
                let above = piece
                    .relative
                    .parent()
                    .and_then(|parent| merged.get(parent));
                piece.owner = above.map_or(piece.owner, |above| above.owner);
                merged.insert(piece.relative.clone(), piece);
                continue;
            };
            match (&present.kind, &piece.kind) {
                (PieceKind::Directory, PieceKind::Directory) => {}
                (PieceKind::Directory, _) | (_, PieceKind::Directory) => {
                    let path = at(&self.to, &piece.relative);
                    let text = format!(
                        "{} is a directory on one side and something else on the other",
                        path.display()
                    );
                    return Err(Failure::refused(text).hint(
                        "leave it out with `exclude` and bring it over by a step of its own",
                    ));
                }
                _ => {
                    piece.owner = present.owner;
                    piece.mode = present.mode;
                    merged.insert(piece.relative.clone(), piece);
                }
            }
        }
        Ok(merged.into_values().collect())
    }
}

fn is_directory(tree: &Tree) -> bool {
    let top = tree.nodes.first();
    top.is_some_and(|top| top.stat.kind == FileKind::Directory)
}

/// If the first name of a file with several gets new content, the next name takes its part.
fn separate_links(merged: &mut BTreeMap<PathBuf, Piece>, over: &[Piece]) {
    for piece in over {
        let replaced = merged.get(&piece.relative).map(|piece| piece.kind.clone());
        let Some(content @ PieceKind::File { .. }) = replaced else {
            continue;
        };
        let mut heir: Option<PathBuf> = None;
        for other in merged.values_mut() {
            let linked =
                matches!(&other.kind, PieceKind::HardLink(first) if *first == piece.relative);
            if linked {
                other.kind = match &heir {
                    Some(heir) => PieceKind::HardLink(heir.clone()),
                    None => content.clone(),
                };
                heir.get_or_insert_with(|| other.relative.clone());
            }
        }
    }
}
