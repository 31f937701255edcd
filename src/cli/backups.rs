//! `backups`: list, show and verify the backup sets of a site.

use std::io::Write;

use super::arguments::{BackupsCommand, ListArguments, ListFormat, SetArguments};
use super::exit::Exit;
use super::load::{LoadedSite, load};
use super::stop::Stop;
use crate::adapter::registry::FORMAT_CHECKS;
use crate::backup::{self, SealedSet, SetStatus, VerifyWatch};
use crate::event::Level;
use crate::report::sets_view;

/// Does what was asked of backup sets.
pub(super) fn backups(command: &BackupsCommand, out: &mut dyn Write) -> Result<Exit, Stop> {
    match command {
        BackupsCommand::List(arguments) => list(arguments, out),
        BackupsCommand::Show(arguments) => show(arguments, out),
        BackupsCommand::Verify(arguments) => verify(arguments, out),
    }
}

fn list(arguments: &ListArguments, out: &mut dyn Write) -> Result<Exit, Stop> {
    let loaded = load(&arguments.site)?;
    let rows: Vec<sets_view::Row> = backup::catalogue(&loaded.backups)?
        .into_iter()
        .map(|entry| {
            let (status, manifest) = match entry.status {
                SetStatus::Sealed(manifest) => ("sealed".to_owned(), Some(manifest)),
                SetStatus::Partial => ("partial".to_owned(), None),
                SetStatus::Damaged(why) => (format!("damaged: {why}"), None),
                SetStatus::Newer(format) => (format!("of a newer program: format {format}"), None),
            };
            sets_view::Row {
                id: entry.id,
                status,
                time: entry.time,
                manifest: manifest.map(|m| *m),
            }
        })
        .collect();
    let text = match arguments.format {
        ListFormat::Text => sets_view::list(&rows),
        ListFormat::Json => sets_view::list_json(&rows),
    };
    out.write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn show(arguments: &SetArguments, out: &mut dyn Write) -> Result<Exit, Stop> {
    let loaded = load(&arguments.list.site)?;
    let set = find(&loaded, arguments.set.as_deref())?;
    let text = match arguments.list.format {
        ListFormat::Text => sets_view::set(set.manifest(), set.directory()),
        ListFormat::Json => sets_view::set_json(set.manifest(), set.directory()),
    };
    out.write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn verify(arguments: &SetArguments, out: &mut dyn Write) -> Result<Exit, Stop> {
    let loaded = load(&arguments.list.site)?;
    let set = find(&loaded, arguments.set.as_deref())?;
    let verification = set.verify(Level::L2, FORMAT_CHECKS, &VerifyWatch::none())?;
    let text = match arguments.list.format {
        ListFormat::Text => sets_view::verification(set.id(), &verification),
        ListFormat::Json => sets_view::verification_json(set.id(), &verification),
    };
    out.write_all(text.as_bytes())?;
    Ok(if verification.is_sound() {
        Exit::Done
    } else {
        Exit::DamagedSet
    })
}

fn find(loaded: &LoadedSite, id: Option<&str>) -> Result<SealedSet, Stop> {
    if let Some(id) = id {
        return Ok(SealedSet::open(&loaded.backups, id)?);
    }
    backup::latest(&loaded.backups)?.ok_or_else(|| {
        Stop::refused(format!("site `{}` has no backup set", loaded.head.site))
            .hint(format!("make one: upgrade-kit backup {}", loaded.options))
    })
}
