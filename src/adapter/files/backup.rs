//! `files.backup`.

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::copy::{Copy, DataRanges, data_ranges};
use super::scan::{
    Node, Tree, absolute_problem, changed, first_names, member_text, open, scan, sub_path,
    sub_path_problems,
};
use super::script::{self, target_text};
use super::workers::{BUFFER, Meter, chunks, for_each, go_on};
use super::{checks, words};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::backup::{
    BackupError, MemberKind, PartialSet, SetFolder, SetPath, TREE_TOP, TreeMember,
};
use crate::event::{ArtifactFile, ArtifactRecord, Level, Outcome};
use crate::host::{FileKind, FileStat};

/// Copies a tree or a single file into the backup set: bytes, owners, modes, times, links, holes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilesBackup {
    /// Directory or file to copy. Must not be a symbolic link itself.
    pub source: PathBuf,
    /// Name of the artifact in the set, and its folder there.
    pub artifact: String,
    /// What to leave out: paths relative to the source, or absolute ones (those elsewhere do not
    /// matter), each with everything below it.
    #[serde(default)]
    pub exclude: Vec<PathBuf>,
    /// The source may be missing. That is recorded too: a restore then removes what was added.
    #[serde(default)]
    pub optional: bool,
    /// Kind of the artifact. `tree` unless given.
    #[serde(default)]
    pub kind: Option<String>,
}

/// What copying a file found.
struct Copied {
    file: ArtifactFile,
    data: Option<DataRanges>,
}

impl Action for FilesBackup {
    const NAME: &'static str = "files.backup";
    const SUMMARY: &'static str = "Copies a tree or a file into the backup set";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "members",
            kind: OutputKind::Number,
            about: "members of the tree: files, directories, links",
        },
        OutputSpec {
            name: "bytes",
            kind: OutputKind::Number,
            about: "bytes of its files",
        },
        OutputSpec {
            name: "absent",
            kind: OutputKind::Boolean,
            about: "whether the source was missing",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems = sub_path_problems("exclude", &self.exclude);
        problems.extend(absolute_problem("source", &self.source));
        problems.extend(words::artifact_problem(&self.artifact));
        problems
    }

    fn preview(&self) -> Preview {
        let source = self.source.display();
        let mut lines = vec![PreviewLine::Reads(format!("{source} (all of it)"))];
        for path in &self.exclude {
            lines.push(PreviewLine::Note(format!("leaves out {}", path.display())));
        }
        if self.optional {
            lines.push(PreviewLine::Note(format!(
                "if {source} is missing, that is recorded"
            )));
        }
        let artifact = &self.artifact;
        lines.push(PreviewLine::Writes(format!(
            "backup set: {artifact}/content/…"
        )));
        lines.push(PreviewLine::Writes(format!(
            "backup set: {artifact}/tree.jsonl"
        )));
        lines.push(PreviewLine::Writes(format!(
            "backup set: {artifact}/restore-attributes.sh"
        )));
        lines.push(PreviewLine::Checks(format!(
            "{source} did not change meanwhile, member by member"
        )));
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        checks::source(context, &self.source, &self.excluded(), self.optional)
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.writing()?;
        set.discard(&self.artifact)?;
        let exclude = self.excluded();
        let watch = || go_on(context);
        let Some(tree) = scan(context.host, &self.source, &exclude, &watch)? else {
            return self.absent(set);
        };
        words::refuse_odd_top(&tree)?;
        let bytes = tree.bytes();
        let copied = self.copy(context, set, &tree, bytes)?;
        let again = scan(context.host, &self.source, &exclude, &watch)?;
        compare_scans(&tree, again.as_ref())?;
        let members = members(&tree, copied);
        let record = self.record(set, &members, bytes)?;
        Ok(outcome(&tree, &members, bytes, record))
    }
}

impl FilesBackup {
    fn excluded(&self) -> Vec<PathBuf> {
        let inside = |path: &PathBuf| sub_path(&self.source, path);
        self.exclude.iter().filter_map(inside).collect()
    }

    fn absent(&self, set: &PartialSet) -> Result<Outcome, Failure> {
        if !self.optional {
            let text = format!("{} does not exist", self.source.display());
            return Err(Failure::refused(text)
                .hint("correct the path in the site, or set `optional: true` on the step"));
        }
        let record = self.record(set, &[], 0)?;
        let mut outcome = Outcome {
            artifacts: vec![record],
            summary: format!("{} is absent, recorded as such", self.source.display()),
            ..Outcome::default()
        };
        outcome.outputs.insert("members".into(), 0.into());
        outcome.outputs.insert("bytes".into(), 0.into());
        outcome.outputs.insert("absent".into(), true.into());
        Ok(outcome)
    }

    /// Copies every file, the first name of hard links only. The result is by position in the tree.
    fn copy(
        &self,
        context: &StepContext<'_>,
        set: &PartialSet,
        tree: &Tree,
        bytes: u64,
    ) -> Result<HashMap<usize, Copied>, Failure> {
        let linked = first_names(&tree.nodes);
        let files: Vec<usize> = (0..tree.nodes.len())
            .filter(|&at| {
                let stat = &tree.nodes[at].stat;
                let first = linked.get(&stat.identity).is_none_or(|&first| first == at);
                stat.kind == FileKind::File && first
            })
            .collect();
        let sizes: Vec<u64> = files.iter().map(|&at| tree.nodes[at].stat.bytes).collect();
        let meter = Meter::new(context, bytes);
        let copied = Mutex::new(HashMap::with_capacity(files.len()));
        let copier = || Copier {
            context,
            set,
            artifact: &self.artifact,
            meter: &meter,
            folder: None,
            buffer: vec![0; BUFFER],
        };
        for_each(&chunks(&sizes), copier, |copier, range: &Range<usize>| {
            let mut done = Vec::with_capacity(range.len());
            for &at in &files[range.clone()] {
                let node = &tree.nodes[at];
                done.push((at, copier.copy(node, &tree.location(node))?));
            }
            if let Ok(mut copied) = copied.lock() {
                copied.extend(done);
            }
            Ok(())
        })?;
        Ok(copied.into_inner().unwrap_or_default())
    }

    fn record(
        &self,
        set: &PartialSet,
        members: &[TreeMember],
        bytes: u64,
    ) -> Result<ArtifactRecord, Failure> {
        let index = write_index(set, &format!("{}/tree.jsonl", self.artifact), members)?;
        let script = format!("{}/restore-attributes.sh", self.artifact);
        let script = write_with(set, &script, |out| script::write(out, members))?;
        let excluded: Vec<String> = self
            .excluded()
            .iter()
            .map(|path| member_text(path))
            .collect();
        Ok(ArtifactRecord {
            name: self.artifact.clone(),
            kind: self.kind.clone().unwrap_or_else(|| "tree".to_owned()),
            details: json!({
                "index": index.path,
                "members": members.len(),
                "absent": members.is_empty(),
                "excluded": excluded,
            }),
            files: vec![index, script],
            source: target_text(&self.source),
            source_bytes: bytes,
            level: Level::L3,
        })
    }
}

fn outcome(tree: &Tree, members: &[TreeMember], bytes: u64, record: ArtifactRecord) -> Outcome {
    let files = members
        .iter()
        .filter(|member| member.kind == MemberKind::File);
    let mut outcome = Outcome {
        summary: format!("{}, {}", words::files(files.count()), words::bytes(bytes)),
        warnings: words::skipped(tree),
        artifacts: vec![record],
        ..Outcome::default()
    };
    outcome
        .outputs
        .insert("members".into(), members.len().into());
    outcome.outputs.insert("bytes".into(), bytes.into());
    outcome.outputs.insert("absent".into(), false.into());
    outcome
}

/// Copies files into the set, one after the other.
struct Copier<'a> {
    context: &'a StepContext<'a>,
    set: &'a PartialSet,
    artifact: &'a str,
    meter: &'a Meter<'a>,
    /// The folder of the last file, which is mostly that of the next.
    folder: Option<(PathBuf, SetFolder)>,
    buffer: Vec<u8>,
}

impl Copier<'_> {
    fn copy(&mut self, node: &Node, location: &Path) -> Result<Copied, Failure> {
        let host = self.context.host;
        let mut reader = open(host, location, node.stat.identity)?;
        let data = data_ranges(host, location, &node.stat)?;
        let mut writer = match (node.relative.parent(), node.relative.file_name()) {
            (Some(parent), Some(name)) => self.folder(parent)?.file(name)?,
            _ => self.set.file(&format!("{}/content", self.artifact))?,
        };
        let copy = Copy {
            path: location,
            bytes: node.stat.bytes,
            data: data.as_deref(),
            meter: self.meter,
        };
        copy.run(&mut *reader, &mut writer, &mut self.buffer)
            .map_err(|error| error.failure(|error| self.write_failure(error)))?;
        Ok(Copied {
            file: writer.finish()?,
            data,
        })
    }

    fn folder(&mut self, parent: &Path) -> Result<&SetFolder, Failure> {
        let known = self.folder.as_ref().is_some_and(|(path, _)| path == parent);
        if !known {
            let mut path = SetPath::parse(&format!("{}/content", self.artifact))?;
            for name in parent {
                path = path.join(name)?;
            }
            self.folder = Some((parent.to_owned(), self.set.folder(&path)?));
        }
        match &self.folder {
            Some((_, folder)) => Ok(folder),
            None => Err(Failure::refused("the folder in the set is gone")),
        }
    }

    fn write_failure(&self, error: std::io::Error) -> Failure {
        BackupError::file("write into", self.set.directory(), error).into()
    }
}

/// Whether a second look saw the same: nothing wrote while the bytes were copied.
fn compare_scans(before: &Tree, after: Option<&Tree>) -> Result<(), Failure> {
    let Some(after) = after else {
        return Err(changed(&before.top));
    };
    // Space that is written back late may be counted differently the second time.
    let same = |one: &FileStat, other: &FileStat| {
        let allocated = one.allocated;
        *one == FileStat {
            allocated,
            ..other.clone()
        }
    };
    for (one, other) in before.nodes.iter().zip(&after.nodes) {
        if one.relative != other.relative || !same(&one.stat, &other.stat) {
            let first = one.relative.as_path().min(other.relative.as_path());
            return Err(changed(&super::scan::at(&before.top, first)));
        }
    }
    match before.nodes.len().cmp(&after.nodes.len()) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(changed(&after.location(&after.nodes[before.nodes.len()]))),
        std::cmp::Ordering::Greater => {
            Err(changed(&before.location(&before.nodes[after.nodes.len()])))
        }
    }
}

/// The lines of the index.
fn members(tree: &Tree, mut copied: HashMap<usize, Copied>) -> Vec<TreeMember> {
    let linked = first_names(&tree.nodes);
    let member = |(at, node): (usize, &Node)| {
        let stat = &node.stat;
        let first = linked
            .get(&stat.identity)
            .copied()
            .filter(|&first| first != at);
        let (kind, target) = match (&stat.kind, first) {
            (FileKind::File, Some(first)) => {
                let target = member_text(&tree.nodes[first].relative);
                (MemberKind::HardLink, Some(target))
            }
            (FileKind::File, None) => (MemberKind::File, None),
            (FileKind::Directory, _) => (MemberKind::Directory, None),
            (FileKind::Symlink(target), _) => (MemberKind::Symlink, Some(target_text(target))),
            (FileKind::Other, _) => (MemberKind::Skipped, None),
        };
        let content = copied.remove(&at);
        let data = content.as_ref().and_then(|content| content.data.clone());
        TreeMember {
            path: member_text(&node.relative),
            kind,
            mode: stat.mode,
            uid: stat.uid,
            gid: stat.gid,
            mtime: stat.mtime,
            bytes: content.as_ref().map(|content| content.file.bytes),
            sha256: content.map(|content| content.file.sha256),
            data,
            target,
        }
    };
    tree.nodes.iter().enumerate().map(member).collect()
}

fn write_index(
    set: &PartialSet,
    path: &str,
    members: &[TreeMember],
) -> Result<ArtifactFile, Failure> {
    debug_assert!(members.first().is_none_or(|top| top.path == TREE_TOP));
    write_with(set, path, |out| {
        for member in members {
            serde_json::to_writer(&mut *out, member)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    })
}

fn write_with(
    set: &PartialSet,
    path: &str,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<ArtifactFile, Failure> {
    let failed = |error| BackupError::file("write", &set.directory().join(path), error);
    let mut out = BufWriter::with_capacity(64 * 1024, set.file(path)?);
    write(&mut out).map_err(failed)?;
    let writer = out
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    Ok(writer.finish()?)
}
