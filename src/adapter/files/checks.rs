//! Read-only looks before a run.

use std::path::{Path, PathBuf};

use super::scan::{Tree, moves, scan};
use super::words;
use crate::adapter::{CheckContext, Failure, Finding};
use crate::host::{FileKind, Host, HostError};

/// Unreadable files that are named one by one.
const NAMED: usize = 20;

/// Whether a source can be saved: there, no link, every file can be opened, room in the set.
pub(super) fn source(
    context: &CheckContext<'_>,
    source: &Path,
    exclude: &[PathBuf],
    optional: bool,
) -> Vec<Finding> {
    let path = source.display();
    let tree = match scan(context.host, source, exclude, &|| Ok(())) {
        Ok(Some(tree)) => tree,
        Ok(None) if optional => {
            return vec![Finding::info(format!(
                "{path} does not exist; that will be recorded"
            ))];
        }
        Ok(None) => {
            return vec![
                Finding::refuse(format!("{path} does not exist"))
                    .hint("correct the path in the site, or set `optional: true` on the step"),
            ];
        }
        Err(failure) if moves(&failure) => return vec![not_still(source)],
        Err(failure) => return vec![Finding::refuse(in_full(&failure))],
    };
    if let Err(failure) = words::refuse_odd_top(&tree) {
        return vec![as_finding(&failure)];
    }
    let mut findings = unreadable(context.host, &tree);
    findings.extend(words::skipped(&tree).into_iter().map(Finding::warning));
    let bytes = tree.bytes();
    findings.extend(space(
        context.host,
        context.backups,
        bytes + bytes / 10,
        "the backup set",
    ));
    findings
}

fn in_full(failure: &Failure) -> String {
    let mut text = failure.to_string();
    for cause in &failure.0.causes {
        text.push_str(": ");
        text.push_str(cause);
    }
    text
}

fn unreadable(host: &dyn Host, tree: &Tree) -> Vec<Finding> {
    let files = tree
        .nodes
        .iter()
        .filter(|node| node.stat.kind == FileKind::File);
    // What is gone by now, or another thing, is read in the window or not at all.
    let opened = |node: &super::scan::Node| {
        let opened = host.open_same(&tree.location(node), node.stat.identity);
        opened.err()
    };
    let errors: Vec<HostError> = files.filter_map(opened).collect();
    let hint = "give the user that runs upgrade-kit read access to it";
    let mut findings: Vec<Finding> = errors
        .iter()
        .take(NAMED)
        .map(|error| {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
            Finding::refuse(format!("{error}{}", cause.unwrap_or_default())).hint(hint)
        })
        .collect();
    if errors.len() > NAMED {
        let more = errors.len() - NAMED;
        let text = format!("{more} more files of {} cannot be read", tree.top.display());
        findings.push(Finding::refuse(text).hint(hint));
    }
    findings
}

/// Whether a file system has room. `place` may not exist yet.
pub(super) fn space(host: &dyn Host, place: &Path, needed: u64, what: &str) -> Option<Finding> {
    let exists = |path: &&Path| matches!(host.stat(path), Ok(Some(_)));
    let existing = place.ancestors().find(exists)?;
    let free = host.free_space(existing).ok()?;
    (free < needed).then(|| {
        Finding::refuse(format!(
            "{what} needs {} in {}, and {} are free",
            words::bytes(needed),
            existing.display(),
            words::bytes(free)
        ))
        .hint("free some space, or choose another place in the site")
    })
}

/// Whether what stands at `target` can be swapped for something that is built in `workshop`.
pub(super) fn target(host: &dyn Host, target: &Path, workshop: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(parent) = target.parent() else {
        return vec![Finding::refuse(
            "the root of the file system cannot be replaced",
        )];
    };
    let mut devices = Vec::new();
    for folder in [parent, workshop] {
        match host.stat(folder) {
            Ok(Some(stat)) if stat.kind == FileKind::Directory => {
                devices.push(stat.identity.0);
                if !host.may_write(folder) {
                    findings.push(
                        Finding::refuse(format!("{} cannot be written", folder.display()))
                            .hint("a new tree is built there and swapped in: give write access"),
                    );
                }
            }
            Ok(found) => {
                let what = match found {
                    Some(_) => "is not a directory",
                    None => "does not exist",
                };
                let text = format!("{} {what}", folder.display());
                findings
                    .push(Finding::refuse(text).hint("correct the path, or make the directory"));
            }
            Err(error) => findings.push(Finding::refuse(error.to_string())),
        }
    }
    if devices.windows(2).any(|pair| pair[0] != pair[1]) {
        let text = format!(
            "{} and {} are on different file systems",
            parent.display(),
            workshop.display()
        );
        findings.push(Finding::refuse(text).hint("choose another `aside`"));
    }
    match obstacle(host, target) {
        Ok(found) => findings.extend(found.map(|(text, hint)| Finding::refuse(text).hint(hint))),
        Err(failure) if moves(&failure) => findings.push(not_still(target)),
        Err(failure) => findings.push(as_finding(&failure)),
    }
    findings.dedup();
    findings
}

/// Why what stands there cannot be swapped, with what to do. A link would be replaced by a tree, and
/// what it points to stay behind. A mount point cannot be renamed; one inside a tree would move away
/// with the replaced tree and be emptied with it.
pub(super) fn obstacle(
    host: &dyn Host,
    target: &Path,
) -> Result<Option<(String, &'static str)>, Failure> {
    let Some(top) = host.stat(target)? else {
        return Ok(None);
    };
    if let FileKind::Symlink(to) = &top.kind {
        let text = format!(
            "{} is a symbolic link to {}",
            target.display(),
            to.display()
        );
        return Ok(Some((text, "give the path that it points to")));
    }
    let mounted = |path: &Path| {
        let text = format!(
            "{} is a mount point, and a tree with one cannot be swapped",
            path.display()
        );
        (
            text,
            "name the directories inside it one by one, or unmount it",
        )
    };
    let parent = target
        .parent()
        .map(|parent| host.stat(parent))
        .transpose()?;
    if parent.flatten().map(|parent| parent.identity.0) != Some(top.identity.0) {
        return Ok(Some(mounted(target)));
    }
    let tree = scan(host, target, &[], &|| Ok(()))?;
    let found = tree.iter().find_map(|tree| {
        let foreign = |node: &&super::scan::Node| node.stat.identity.0 != top.identity.0;
        let node = tree.nodes.iter().find(foreign)?;
        Some(mounted(&tree.location(node)))
    });
    Ok(found)
}

/// Whether new content can be taken from there.
pub(super) fn origin(host: &dyn Host, from: &Path) -> Vec<Finding> {
    let tree = match scan(host, from, &[], &|| Ok(())) {
        Ok(Some(tree)) => tree,
        Ok(None) => {
            return vec![
                Finding::refuse(format!("{} does not exist", from.display()))
                    .hint("unpack the release there, or correct the path"),
            ];
        }
        Err(failure) if moves(&failure) => return vec![not_still(from)],
        Err(failure) => return vec![Finding::refuse(in_full(&failure))],
    };
    match words::refuse_odd_top(&tree) {
        Ok(()) => unreadable(host, &tree),
        Err(failure) => vec![as_finding(&failure)],
    }
}

/// The application works, as it may before the run: what it does to the tree is no obstacle yet.
fn not_still(tree: &Path) -> Finding {
    Finding::info(format!(
        "{} changes while it is looked at: it is checked again when everything stands still",
        tree.display()
    ))
}

fn as_finding(failure: &Failure) -> Finding {
    let finding = Finding::refuse(in_full(failure));
    match &failure.0.hint {
        Some(hint) => finding.hint(hint.clone()),
        None => finding,
    }
}
