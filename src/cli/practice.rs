//! Lays out an installation for practice.

use std::path::Path;

use super::exit::Exit;
use super::load::LoadedSite;
use super::stop::Stop;
use crate::site::absolute;

/// Copies the template to its place if nothing is there yet; tells whether it did. The copy gets its
/// name when it is whole.
pub(super) fn lay_out(loaded: &LoadedSite) -> Result<bool, Stop> {
    let Some(practice) = &loaded.document.practice else {
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
    let result = (|| {
        if unfinished.exists() {
            std::fs::remove_dir_all(unfinished)?;
        }
        copy(&template, unfinished)?;
        std::fs::rename(unfinished, &installation)
    })();
    result.map_err(|error: std::io::Error| {
        let message = format!(
            "failed to lay out the practice installation {} from {}",
            installation.display(),
            template.display()
        );
        Stop::caused(Exit::Refused, message, &error)
    })?;
    Ok(true)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        let target = match entry.path().strip_prefix(from) {
            Ok(inner) => to.join(inner),
            Err(_) => continue,
        };
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target)?;
        } else if entry.file_type().is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
