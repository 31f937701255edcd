//! Directories above a target that is put where nothing was before.

use std::path::Path;

use super::checks;
use super::swap::Swap;
use crate::adapter::{Failure, Finding, StepContext};
use crate::host::{Attributes, FileStat, Host};

/// The nearest directory above a path that exists.
fn existing<'a>(host: &dyn Host, path: &'a Path) -> Result<Option<(&'a Path, FileStat)>, Failure> {
    for folder in path.ancestors().skip(1) {
        if let Some(stat) = host.stat(folder)? {
            return Ok(Some((folder, stat)));
        }
    }
    Ok(None)
}

/// Whether they can be made, and the target put there.
pub(super) fn check(host: &dyn Host, target: &Path, workshop: &Path) -> Vec<Finding> {
    match existing(host, target) {
        Ok(Some((folder, _))) if target.parent() != Some(folder) => {
            let first = target
                .ancestors()
                .find(|path| path.parent() == Some(folder));
            let workshop = if workshop.starts_with(folder) {
                folder
            } else {
                workshop
            };
            checks::target(host, first.unwrap_or(target), workshop)
        }
        Ok(_) => checks::target(host, target, workshop),
        Err(failure) => vec![Finding::of(&failure)],
    }
}

/// Makes them, each with the owner and mode of the directory that it is made in: who works there has
/// to be able to work here. An attempt that is cut off leaves none of them, so that the next one does not
/// take one for the operator's own whose owner and mode were still to be set.
pub(super) fn make(context: &StepContext<'_>, target: &Path) -> Result<(), Failure> {
    let host = context.host;
    let Some((folder, like)) = existing(host, target)? else {
        return Ok(());
    };
    let between = target
        .ancestors()
        .skip(1)
        .take_while(|path| *path != folder);
    let missing: Vec<&Path> = between.collect();
    let Some(first) = missing.last() else {
        return Ok(());
    };
    Swap::new(context, first, None).put(|new| {
        make_like(host, new, &like)?;
        let inside = missing.iter().rev().skip(1);
        for path in inside.flat_map(|path| path.strip_prefix(first)) {
            make_like(host, &new.join(path), &like)?;
        }
        Ok(())
    })
}

fn make_like(host: &dyn Host, path: &Path, like: &FileStat) -> Result<(), Failure> {
    host.create_dir(path, like.mode)?;
    let made = host.stat(path)?;
    let owner = (like.uid, like.gid);
    let attributes = Attributes {
        mode: Some(like.mode),
        owner: made
            .filter(|made| (made.uid, made.gid) != owner)
            .map(|_| owner),
        ..Attributes::default()
    };
    Ok(host.set_attributes(path, &attributes)?)
}
