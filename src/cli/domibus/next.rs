//! Looks at the installation that the new version will run in, where that is another one.

use super::super::exit::Exit;
use super::super::load::LoadedSite;
use super::super::stop::Stop;
use super::installed::{Looked, look as look_at};
use crate::diagnostic::{Code, Problem, Problems};
use crate::plan::Phase;
use crate::site::domibus::{DomibusInstallation, Note};
use crate::site::files::normalized;
use crate::site::{After, SiteDocument, absolute};

/// The scenario with an installation of its own for the new version.
const NEW_SERVER: &str = "new-server";

/// What was found.
pub(super) enum NextFound {
    /// The new version runs in the present installation, or this phase does not touch it.
    Same,
    /// It has a new configuration directory.
    Configuration(Box<DomibusInstallation>),
    /// It is an installation of its own.
    Target(Box<DomibusInstallation>),
}

impl NextFound {
    /// As the site is made from it.
    pub(super) fn after(&self) -> After<'_> {
        match self {
            Self::Same => After::Same,
            Self::Configuration(found) => After::Configuration(found),
            Self::Target(found) => After::Target(found),
        }
    }

    /// What discovery noticed.
    pub(super) fn into_notes(self) -> Vec<Note> {
        match self {
            Self::Same => Vec::new(),
            Self::Configuration(found) | Self::Target(found) => found.notes,
        }
    }
}

/// Looks at it. A backup is of the present installation alone.
pub(super) fn look(
    loaded: &LoadedSite,
    document: &SiteDocument,
    scenario: &str,
    phase: Phase,
) -> Result<NextFound, Stop> {
    if phase == Phase::Backup {
        return Ok(NextFound::Same);
    }
    if scenario == NEW_SERVER {
        let Some(target) = &document.target else {
            let problem = Problem::error(
                Code::WRONG_VALUE,
                format!("scenario `{NEW_SERVER}` needs `target`"),
            )
            .at(loaded.source.value_at(&["site"]), "")
            .help("describe the new installation: `target: { server: …, database: … }`");
            return Err(Problems::from(problem).into());
        };
        let found = look_at(loaded, &Looked::target(target), &[])?;
        return Ok(NextFound::Target(Box::new(found)));
    }
    if document.upgrade.config_location.is_none() {
        return Ok(NextFound::Same);
    }
    configuration(loaded, document, phase)
}

/// A new configuration directory. An upgrade reads it where its material lies; a restore sees whether
/// an upgrade got as far as leading the server to it.
fn configuration(
    loaded: &LoadedSite,
    document: &SiteDocument,
    phase: Phase,
) -> Result<NextFound, Stop> {
    let upgrade = &document.upgrade;
    let path = |path| absolute(&loaded.directory, path);
    let location = upgrade.config_location.as_deref().map(path);
    let location = location.unwrap_or_default();
    let present = Looked::present(document);
    if phase == Phase::Restore {
        let found = look_at(loaded, &present, &[])?;
        return Ok(if normalized(&found.config_location) == location {
            NextFound::Configuration(Box::new(found))
        } else {
            NextFound::Same
        });
    }
    let Some(material) = upgrade.config.as_deref().map(path) else {
        let problem = Problem::error(Code::WRONG_VALUE, "`config_location` needs `config`")
            .at(loaded.source.value_at(&["upgrade", "config_location"]), "")
            .help("name the folder that holds the new version's whole configuration");
        return Err(Problems::from(problem).into());
    };
    for (key, given) in [
        ("plugins", upgrade.plugins.is_some()),
        ("extensions", upgrade.extensions.is_some()),
        ("remove", !upgrade.remove.is_empty()),
    ] {
        if given {
            let message = format!("`{key}` is of no use with `config_location`");
            let problem = Problem::error(Code::WRONG_VALUE, message)
                .at(loaded.source.value_at(&["upgrade", key]), "")
                .help("`config` holds the whole configuration: make it so, and leave this out");
            return Err(Problems::from(problem).into());
        }
    }
    let mut elsewhere = vec![(location.clone(), material)];
    if let Some(startup) = upgrade.startup_arguments.as_deref().map(path) {
        let now = look_at(loaded, &present, &[])?;
        let written = document.server.startup_arguments.as_deref();
        if let Some(file) = written.map(path).or(now.startup_file) {
            elsewhere.push((file, startup));
        }
    }
    let found = look_at(loaded, &present, &elsewhere)?;
    if normalized(&found.config_location) == location {
        return Ok(NextFound::Configuration(Box::new(found)));
    }
    let message = format!(
        "the startup arguments of the new version lead to {}, not to `upgrade.config_location`, {}",
        found.config_location.display(),
        location.display()
    );
    Err(Stop::new(Exit::Refused, message).hint(
        "name a file of startup arguments that sets `-Ddomibus.config.location` with \
         `upgrade.startup_arguments`",
    ))
}
