//! Directories above a target that is put where nothing was before.

use std::path::Path;

use super::checks;
use crate::adapter::{Failure, Finding};
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
/// to be able to work here.
pub(super) fn make(host: &dyn Host, target: &Path) -> Result<(), Failure> {
    let Some((folder, like)) = existing(host, target)? else {
        return Ok(());
    };
    let between = target
        .ancestors()
        .skip(1)
        .take_while(|path| *path != folder);
    let mut missing: Vec<&Path> = between.collect();
    missing.reverse();
    for path in missing {
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
        host.set_attributes(path, &attributes)?;
        host.sync(path.parent().unwrap_or(path))?;
    }
    Ok(())
}
