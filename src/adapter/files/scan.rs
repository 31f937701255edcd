//! What a tree holds, by looking at it.

use std::collections::HashMap;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::adapter::Failure;
use crate::backup::{TREE_TOP, escape};
use crate::event::FailureKind;
use crate::host::{FileKind, FileStat, Host};

/// A member of a tree as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// Path below the top; empty for the top.
    pub(super) relative: PathBuf,
    /// What was seen.
    pub(super) stat: FileStat,
}

/// A tree as it was seen. Every directory stands before its members; members of a directory are
/// sorted by the bytes of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) top: PathBuf,
    pub(super) nodes: Vec<Node>,
}

impl Tree {
    /// Bytes of all regular files; hard links count once.
    pub(super) fn bytes(&self) -> u64 {
        let linked = first_names(&self.nodes);
        let counted = |(at, node): (usize, &Node)| {
            let again = linked
                .get(&node.stat.identity)
                .is_some_and(|&first| first != at);
            let counts = node.stat.kind == FileKind::File && !again;
            counts.then_some(node.stat.bytes)
        };
        self.nodes.iter().enumerate().filter_map(counted).sum()
    }

    /// Where a member is.
    pub(super) fn location(&self, node: &Node) -> PathBuf {
        at(&self.top, &node.relative)
    }
}

/// A path below a top; the top itself without a slash at its end, which would make a link be
/// followed and a file be refused.
pub(super) fn at(top: &Path, relative: &Path) -> PathBuf {
    if relative.as_os_str().is_empty() {
        top.to_owned()
    } else {
        top.join(relative)
    }
}

/// The text of a member's path in a tree's index.
pub(super) fn member_text(relative: &Path) -> String {
    if relative.as_os_str().is_empty() {
        TREE_TOP.to_owned()
    } else {
        escape(relative.as_os_str().as_bytes())
    }
}

/// For files with several names: the position of the first one.
pub(super) fn first_names(nodes: &[Node]) -> HashMap<(u64, u64), usize> {
    let mut first = HashMap::new();
    for (at, node) in nodes.iter().enumerate() {
        if node.stat.kind == FileKind::File && node.stat.links > 1 {
            first.entry(node.stat.identity).or_insert(at);
        }
    }
    first
}

/// Looks at everything below `top` but what is at or below a path of `exclude` (relative to `top`).
/// `None` if nothing is there. `watch` is asked at every member. Everything is found through the very
/// directory that was seen above it, so that a directory which somebody swaps for a link meanwhile leads
/// nowhere else.
pub(super) fn scan(
    host: &dyn Host,
    top: &Path,
    exclude: &[PathBuf],
    watch: &dyn Fn() -> Result<(), Failure>,
) -> Result<Option<Tree>, Failure> {
    let Some(stat) = host.stat(top)? else {
        return Ok(None);
    };
    let mut nodes = Vec::new();
    let mut waiting = vec![Node {
        relative: PathBuf::new(),
        stat,
    }];
    while let Some(node) = waiting.pop() {
        watch()?;
        if node.stat.kind == FileKind::Directory {
            let directory = at(top, &node.relative);
            let entries = host.entries(&directory, node.stat.identity)?;
            let entries = entries.ok_or_else(|| changed(&directory))?;
            for (name, stat) in entries.into_iter().rev() {
                let relative = node.relative.join(&name);
                if exclude.contains(&relative) {
                    continue;
                }
                let stat = stat.ok_or_else(|| changed(&top.join(&relative)))?;
                waiting.push(Node { relative, stat });
            }
        }
        nodes.push(node);
    }
    let top = top.to_owned();
    Ok(Some(Tree { top, nodes }))
}

/// Opens a file of a tree that was seen; another that took its place since is not read.
pub(super) fn open(
    host: &dyn Host,
    path: &Path,
    identity: (u64, u64),
) -> Result<Box<dyn Read + Send>, Failure> {
    let opened = host.open_same(path, identity)?;
    opened.ok_or_else(|| changed(path))
}

/// Whether a failure only says that the tree did not stand still.
pub(super) fn moves(failure: &Failure) -> bool {
    failure.kind() == FailureKind::Verification
}

/// A failure of building or swapping: if the machine alone speaks in it, with what to do.
pub(super) fn disturbed(failure: Failure) -> Failure {
    if failure.kind() == FailureKind::System && failure.0.hint.is_none() {
        return failure.hint(
            "look what else works there while the application stands still, then resume the run",
        );
    }
    failure
}

/// The tree changed while it had to stand still.
pub(super) fn changed(path: &Path) -> Failure {
    Failure::verification(format!("{} changed while it was read", path.display()))
        .hint("stop whatever writes there, so that the window is quiet, then run it again")
}

/// A sub path of `top` that an option names: relative to it, or absolute and then below it (`None`
/// if it is elsewhere).
pub(super) fn sub_path(top: &Path, path: &Path) -> Option<PathBuf> {
    let relative = if path.is_absolute() {
        path.strip_prefix(top).ok()?
    } else {
        path
    };
    let clean: PathBuf = relative
        .components()
        .filter(|component| *component != Component::CurDir)
        .collect();
    (!clean.as_os_str().is_empty()).then_some(clean)
}

/// What is wrong with sub paths of that option.
pub(super) fn sub_path_problems(option: &str, paths: &[PathBuf]) -> Vec<String> {
    let leads_out = |path: &&PathBuf| {
        path.as_os_str().is_empty() || path.components().any(|part| part == Component::ParentDir)
    };
    paths
        .iter()
        .filter(leads_out)
        .map(|path| format!("`{option}`: `{}` is no path below the tree", path.display()))
        .collect()
}

/// What is wrong with a path that must be absolute and plain.
pub(super) fn absolute_problem(option: &str, path: &Path) -> Option<String> {
    let plain = path.is_absolute()
        && path.file_name().is_some()
        && !path.components().any(|part| part == Component::ParentDir);
    (!plain).then(|| format!("`{option}`: `{}` is not an absolute path", path.display()))
}
