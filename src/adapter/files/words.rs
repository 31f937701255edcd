//! Words and rules that several actions share.

use super::scan::Tree;
use crate::adapter::Failure;
use crate::backup::SetPath;
use crate::host::FileKind;

/// `1 file`, `3 files`.
pub(super) fn files(count: usize) -> String {
    match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    }
}

/// `1 file or tree`, `3 files or trees`.
pub(super) fn things(count: usize) -> String {
    match count {
        1 => "1 file or tree".to_owned(),
        count => format!("{count} files or trees"),
    }
}

/// `1.5 GiB`.
pub(in crate::adapter) fn bytes(count: u64) -> String {
    indicatif::HumanBytes(count).to_string()
}

/// What is wrong with an artifact's name.
pub(in crate::adapter) fn artifact_problem(name: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/%@+".contains(c);
    let fits = name.chars().all(plain)
        && SetPath::parse(name).is_ok()
        && !name.split('/').any(|part| part.starts_with(['.', '-']));
    (!fits).then(|| {
        format!(
            "`artifact`: `{}` cannot be one: use letters, digits, `._-%@+`, and `/` between",
            name.escape_debug()
        )
    })
}

/// A link as a whole tree is refused: what it points to would not be saved, and a restore would put
/// a directory in its place.
pub(super) fn refuse_odd_top(tree: &Tree) -> Result<(), Failure> {
    let Some(top) = tree.nodes.first() else {
        return Ok(());
    };
    let path = tree.top.display();
    match &top.stat.kind {
        FileKind::File | FileKind::Directory => Ok(()),
        FileKind::Symlink(target) => {
            let text = format!("{path} is a symbolic link to {}", target.display());
            Err(Failure::refused(text).hint("give the path that it points to in the site"))
        }
        FileKind::Other => Err(Failure::refused(format!(
            "{path} is neither a file nor a directory"
        ))),
    }
}

/// Warnings about members that cannot be saved.
pub(super) fn skipped(tree: &Tree) -> Vec<String> {
    let mut others = tree
        .nodes
        .iter()
        .filter(|node| node.stat.kind == FileKind::Other);
    let Some(first) = others.next() else {
        return Vec::new();
    };
    let first = tree.location(first);
    let more = match others.count() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    vec![format!(
        "sockets, pipes and devices are not saved: {}{more}",
        first.display()
    )]
}
