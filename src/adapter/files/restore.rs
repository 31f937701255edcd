//! `files.restore`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::build::build;
use super::keep::bring_over;
use super::pieces::{Piece, PieceKind, compare, excluded, of_artifact, path_of, total_bytes};
use super::scan::{absolute_problem, at, disturbed, scan, sub_path, sub_path_problems};
use super::swap::{Swap, kept_as, workshop};
use super::workers::go_on;
use super::{checks, parents, words};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::backup::SealedSet;
use crate::event::{ArtifactRecord, Outcome};
use crate::host::Host;

/// Brings a tree or file back from the backup set: builds it whole beside its place, compares every
/// hash, swaps it in and keeps what it replaced.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilesRestore {
    /// Name of the artifact in the set.
    pub artifact: String,
    /// Where it shall stand. The place it was taken from unless given.
    #[serde(default)]
    pub target: Option<PathBuf>,
    /// What stays in the target although the artifact does not hold it: paths relative to the
    /// target, or absolute ones. Unless given: what the backup left out. An empty list keeps
    /// nothing.
    #[serde(default)]
    pub keep: Option<Vec<PathBuf>>,
    /// Where the new tree is built and the old one kept, on the same file system. Beside the target
    /// unless given; needed where something takes up every directory it finds, as Tomcat does in
    /// `webapps`.
    #[serde(default)]
    pub aside: Option<PathBuf>,
    /// Makes the directories above the target that are not there, each like the one it is made in.
    #[serde(default)]
    pub parents: bool,
}

impl Action for FilesRestore {
    const NAME: &'static str = "files.restore";
    const SUMMARY: &'static str = "Brings a tree or a file back from the backup set";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "members",
            kind: OutputKind::Number,
            about: "members that were brought back",
        },
        OutputSpec {
            name: "replaced",
            kind: OutputKind::Text,
            about: "where what stood there before is kept; empty if nothing did",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (option, path) in [("target", &self.target), ("aside", &self.aside)] {
            problems.extend(
                path.iter()
                    .filter_map(|path| absolute_problem(option, path)),
            );
        }
        problems.extend(sub_path_problems(
            "keep",
            self.keep.as_deref().unwrap_or_default(),
        ));
        problems.extend(words::artifact_problem(&self.artifact));
        problems
    }

    fn preview(&self) -> Preview {
        let place = Path::new("<its place>");
        let target = self.target.as_deref().unwrap_or(place);
        let mut lines = vec![
            PreviewLine::Reads(format!(
                "backup set: {} (every hash is compared)",
                self.artifact
            )),
            PreviewLine::Writes(format!(
                "{} (built beside it, then swapped)",
                target.display()
            )),
            PreviewLine::Note(format!(
                "what stands there now is kept as {}",
                kept_as(target, self.aside.as_deref())
            )),
        ];
        if self.parents {
            let above = "directories above it are made if they are not there";
            lines.push(PreviewLine::Note(above.to_owned()));
        }
        match &self.keep {
            None => lines.push(PreviewLine::Note(
                "what the backup left out stays".to_owned(),
            )),
            Some(keep) => {
                let stays = |path: &PathBuf| PreviewLine::Note(format!("{} stays", path.display()));
                lines.extend(keep.iter().map(stays));
            }
        }
        lines.push(PreviewLine::Checks(
            "kinds, sizes, modes, owners and times of all members, read back".to_owned(),
        ));
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let Some(set) = context.using else {
            return Vec::new();
        };
        let Some(record) = set.artifact(&self.artifact) else {
            return vec![Finding::refuse(self.no_artifact(set).to_string())];
        };
        let target = self.place(record);
        // What only shows when everything else stands still would be found with the outage open.
        let fits = of_artifact(set, record).and_then(|pieces| {
            let keep = self.kept_paths(context.host, record, &target, &pieces)?;
            refuse_kept_members(&pieces, &keep, &target)
        });
        let workshop = workshop(&target, self.aside.as_deref());
        let mut findings = if self.parents {
            parents::check(context.host, &target, workshop)
        } else {
            checks::target(context.host, &target, workshop)
        };
        let bytes = record.source_bytes;
        findings.extend(checks::space(
            context.host,
            workshop,
            bytes,
            "the restored tree",
        ));
        findings.extend(fits.err().map(|failure| Finding::of(&failure)));
        findings
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        self.restore(context, &|_| Ok(()))
    }
}

impl FilesRestore {
    /// Restores. `prove` is given the whole tree where it was built, before anything is swapped, for
    /// adapters that know more of it than its hashes. An attempt that goes on with a swap that was
    /// begun does not prove again.
    pub(in crate::adapter) fn restore(
        &self,
        context: &StepContext<'_>,
        prove: &dyn Fn(&Path) -> Result<(), Failure>,
    ) -> Result<Outcome, Failure> {
        self.bring_back(context, prove).map_err(disturbed)
    }

    fn bring_back(
        &self,
        context: &StepContext<'_>,
        prove: &dyn Fn(&Path) -> Result<(), Failure>,
    ) -> Result<Outcome, Failure> {
        let set = context.using()?;
        let record = set
            .artifact(&self.artifact)
            .ok_or_else(|| self.no_artifact(set))?;
        let target = self.place(record);
        let pieces = of_artifact(set, record)?;
        let keep = self.kept_paths(context.host, record, &target, &pieces)?;
        if self.parents {
            parents::make(context, &target)?;
        }
        let swap = Swap::new(context, &target, self.aside.as_deref());
        if pieces.is_empty() {
            swap.take_away()?;
        } else {
            refuse_kept_members(&pieces, &keep, &target)?;
            swap.put(|new| {
                build(context, new, &pieces)?;
                prove(new)
            })?;
            bring_over(context, swap.old(), &target, &keep, &pieces)?;
        }
        let tree = scan(context.host, &target, &keep, &|| go_on(context))?;
        let foreign = compare(&pieces, &target, tree.as_ref())?;
        context.host.sync(workshop(&target, None))?;
        Ok(outcome(&pieces, swap.kept()?, foreign, &target))
    }

    fn place(&self, record: &ArtifactRecord) -> PathBuf {
        let recorded = || path_of(&record.source);
        self.target.clone().unwrap_or_else(recorded)
    }

    fn no_artifact(&self, set: &SealedSet) -> Failure {
        let names: Vec<&str> = set
            .manifest()
            .artifacts
            .iter()
            .map(|artifact| artifact.name.as_str())
            .collect();
        let text = format!("the set {} has no artifact `{}`", set.id(), self.artifact);
        Failure::refused(text).hint(format!("it has: {}", names.join(", ")))
    }

    /// What stays: all of it must have its place in the tree that is brought back. What the backup
    /// left out and has none goes aside with the directory that came since.
    fn kept_paths(
        &self,
        host: &dyn Host,
        record: &ArtifactRecord,
        target: &Path,
        pieces: &[Piece],
    ) -> Result<Vec<PathBuf>, Failure> {
        let asked = self.keep.as_deref().unwrap_or_default();
        let asked = asked.iter().filter_map(|path| sub_path(target, path));
        let wanted: Vec<PathBuf> = match &self.keep {
            Some(_) => asked.collect(),
            None => excluded(record)?,
        };
        let mut kept = Vec::new();
        for path in wanted {
            let location = target.join(&path);
            if has_place(pieces, &path) {
                kept.push(path);
            } else if self.keep.is_some() && host.stat(&location)?.is_some() {
                let text = format!(
                    "{} cannot be kept: the backup has no directory for it",
                    location.display()
                );
                let failure = Failure::refused(text);
                return Err(failure.hint("keep the directory above it as a whole"));
            }
        }
        Ok(kept)
    }
}

/// Whether the directory of a path is a member.
fn has_place(pieces: &[Piece], path: &Path) -> bool {
    let above = |piece: &Piece| {
        matches!(piece.kind, PieceKind::Directory)
            && Some(piece.relative.as_path()) == path.parent()
    };
    pieces.iter().any(above)
}

fn refuse_kept_members(pieces: &[Piece], keep: &[PathBuf], target: &Path) -> Result<(), Failure> {
    let kept = |piece: &&Piece| keep.iter().any(|path| piece.relative.starts_with(path));
    match pieces.iter().find(kept) {
        None => Ok(()),
        Some(piece) => {
            let path = at(target, &piece.relative);
            let text = format!("{} is to be kept and restored at once", path.display());
            Err(Failure::refused(text).hint("take it out of `keep`, or out of the backup"))
        }
    }
}

/// What the operator and later steps learn.
pub(super) fn outcome(
    pieces: &[Piece],
    kept: Option<PathBuf>,
    foreign: u64,
    target: &Path,
) -> Outcome {
    let files = pieces
        .iter()
        .filter(|piece| matches!(piece.kind, PieceKind::File { .. }))
        .count();
    let mut outcome = Outcome {
        summary: if pieces.is_empty() {
            format!("{} is absent, as it was", target.display())
        } else {
            format!(
                "{}, {}",
                words::files(files),
                words::bytes(total_bytes(pieces))
            )
        },
        ..Outcome::default()
    };
    if foreign > 0 {
        outcome.warnings.push(format!(
            "{foreign} members of {} could not be given their owner: run as root to restore owners",
            target.display()
        ));
    }
    let kept = kept.map(|path| path.display().to_string());
    outcome
        .outputs
        .insert("members".into(), pieces.len().into());
    outcome
        .outputs
        .insert("replaced".into(), kept.unwrap_or_default().into());
    outcome
}
