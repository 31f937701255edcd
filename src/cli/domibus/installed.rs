//! Looks at an installation: the present one, or the one that a site goes to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::load::LoadedSite;
use super::super::stop::Stop;
use crate::diagnostic::{Code, Problem, Problems};
use crate::site::domibus::{DomibusInstallation, ServerPlace, discover};
use crate::site::files::{FileSource, Mapped};
use crate::site::{self, ServerDocument, SiteDocument, TargetDocument};

/// Which installation is looked at.
pub(super) struct Looked<'a> {
    server: &'a ServerDocument,
    /// Where the document speaks of it, before `server`.
    keys: &'a [&'a str],
}

impl<'a> Looked<'a> {
    /// The present one.
    pub(super) fn present(document: &'a SiteDocument) -> Self {
        Self {
            server: &document.server,
            keys: &[],
        }
    }

    /// The new one of scenario `new-server`.
    pub(super) fn target(target: &'a TargetDocument) -> Self {
        Self {
            server: &target.server,
            keys: &["target"],
        }
    }

    /// Where the document names its home.
    fn home(&self) -> Vec<&'a str> {
        [self.keys, &["server", "home"]].concat()
    }
}

/// Reads an installation, with some of its places read elsewhere. One for practice that is not laid
/// out yet is read from its template.
pub(super) fn look(
    loaded: &LoadedSite,
    looked: &Looked<'_>,
    elsewhere: &[(PathBuf, PathBuf)],
) -> Result<DomibusInstallation, Stop> {
    let home = site::absolute(&loaded.directory, &looked.server.home);
    let base = looked.server.base.as_ref();
    let base = base.map(|base| site::absolute(&loaded.directory, base));
    let environment: BTreeMap<String, String> =
        looked.server.environment.clone().into_iter().collect();
    let mut files = Mapped::default();
    if let Some(practice) = &loaded.head.practice
        && !home.exists()
    {
        files = files.and(
            &site::absolute(&loaded.directory, &practice.installation),
            &site::absolute(&loaded.directory, &practice.template),
        );
    }
    for (from, to) in elsewhere {
        files = files.and(from, to);
    }
    if let Err(error) = files.list(&home) {
        return Err(Problems::from(no_server(loaded, looked, &home, &error)).into());
    }
    let start = looked.server.start.as_deref().unwrap_or_default();
    let place = ServerPlace {
        kind: looked.server.kind,
        home: &home,
        base: base.as_deref(),
        configuration_file: looked.server.configuration_file.as_deref(),
        arguments: start.get(1..).unwrap_or_default(),
    };
    discover(&files, &place, &environment).map_err(|error| {
        let message = format!(
            "failed to read the Domibus installation in {}",
            home.display()
        );
        let mut stop = Stop::refused(message);
        for problem in error.problems {
            stop = stop.cause(match &problem.place {
                Some(place) => format!("{place}: {}", problem.text),
                None => problem.text,
            });
            if !problem.help.is_empty() {
                stop = stop.hint(problem.help);
            }
        }
        stop.hint(must_be(looked))
    })
}

fn must_be(looked: &Looked<'_>) -> String {
    format!(
        "`{}` must be the home directory of the server that runs Domibus",
        looked.home().join(".")
    )
}

fn no_server(
    loaded: &LoadedSite,
    looked: &Looked<'_>,
    home: &Path,
    error: &std::io::Error,
) -> Problem {
    let template = loaded
        .head
        .practice
        .as_ref()
        .map(|practice| site::absolute(&loaded.directory, &practice.template))
        .filter(|template| !template.is_dir());
    let (path, keys, help) = match &template {
        Some(template) => (
            template.as_path(),
            vec!["practice", "template"],
            "the practice installation is laid out from this directory".to_owned(),
        ),
        None => (home, looked.home(), must_be(looked)),
    };
    Problem::error(
        Code::DISCOVERY,
        format!("failed to read {}", path.display()),
    )
    .at(loaded.source.value_at(&keys), error.to_string())
    .help(help)
}
