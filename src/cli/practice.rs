//! Lays out an installation for practice.

use std::path::Path;

use anyhow::Context;

use super::exit::Exit;
use super::load::LoadedSite;
use super::stop::Stop;
use crate::site::absolute;

/// Copies the template to its place if nothing is there yet; tells whether it did. The copy gets its
/// name when it is whole.
pub(super) fn lay_out(loaded: &LoadedSite) -> Result<bool, Stop> {
    let Some(practice) = &loaded.head.practice else {
        return Ok(false);
    };
    let installation = absolute(&loaded.directory, &practice.installation);
    if installation.exists() {
        return Ok(false);
    }
    let template = absolute(&loaded.directory, &practice.template);
    let mut unfinished = installation.clone().into_os_string();
    unfinished.push(".unfinished");
    let unfinished = Path::new(&unfinished);
    let laid_out = (|| {
        if unfinished.exists() {
            std::fs::remove_dir_all(unfinished)?;
        }
        copy(&template, unfinished)?;
        std::fs::rename(unfinished, &installation)?;
        anyhow::Ok(())
    })();
    let to = installation.display();
    laid_out
        .with_context(|| format!("failed to lay out the practice installation {to}"))
        .map_err(|error| Stop::because(Exit::Refused, error.as_ref()))?;
    Ok(true)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        let path = entry.path();
        let target = to.join(path.strip_prefix(from)?);
        let copied = if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target)
        } else if entry.file_type().is_symlink() {
            std::fs::read_link(path).and_then(|link| std::os::unix::fs::symlink(link, &target))
        } else {
            std::fs::copy(path, &target).map(drop)
        };
        copied.with_context(|| format!("failed to copy {}", path.display()))?;
    }
    Ok(())
}
