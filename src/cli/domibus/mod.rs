//! From the site file of a Domibus to its resolved site: what is not written down is read from the
//! installation, or from the backup set that a phase uses.

mod installed;
mod next;

use installed::{Looked, look};
use next::NextFound;

use super::exit::Exit;
use super::load::LoadedSite;
use super::stop::Stop;
use crate::backup::SealedSet;
use crate::host::{Host, LocalHost};
use crate::plan::{Phase, Plan};
use crate::site::domibus::Note;
use crate::site::{self, Basis, Site, SiteDocument, Surroundings};

/// The resolved site as expressions see it, and what was noticed on the way.
pub(super) fn values(
    loaded: &LoadedSite,
    document: &SiteDocument,
    scenario: &str,
    phase: Phase,
    set: Option<&SealedSet>,
) -> Result<(serde_json::Value, Vec<Note>), Stop> {
    let next = next::look(loaded, document, scenario, phase)?;
    let (site, mut notes) = match set {
        Some(set) => (recorded(loaded, document, set, &next)?, Vec::new()),
        None => installed(loaded, document, &next)?,
    };
    notes.extend(next.into_notes());
    let values = serde_json::to_value(&site).map_err(std::io::Error::from)?;
    Ok((values, notes))
}

/// The site on the basis of what is installed now.
fn installed(
    loaded: &LoadedSite,
    document: &SiteDocument,
    next: &NextFound,
) -> Result<(Site, Vec<Note>), Stop> {
    let found = look(loaded, &Looked::present(document), &[])?;
    let site = resolved(loaded, document, &Basis::Installed(&found), next)?;
    Ok((site, found.notes))
}

/// The site on the basis of what a backup set remembers.
fn recorded(
    loaded: &LoadedSite,
    document: &SiteDocument,
    set: &SealedSet,
    next: &NextFound,
) -> Result<Site, Stop> {
    let damaged = |reason: String| {
        let message = format!(
            "{} is damaged: {reason}",
            set.directory().join("plan.json").display()
        );
        Stop::new(Exit::DamagedSet, message).hint("`upgrade-kit backups verify` tells more")
    };
    let plan: Plan = serde_json::from_slice(&set.plan_json()?)
        .map_err(|error| damaged(format!("it cannot be read: {error}")))?;
    if plan.digest() != set.manifest().plan {
        return Err(damaged(
            "it is not the plan that the manifest names".to_owned(),
        ));
    }
    let site: Site = serde_json::from_value(plan.values)
        .map_err(|error| damaged(format!("its site cannot be read: {error}")))?;
    resolved(loaded, document, &Basis::Recorded(&site), next)
}

fn resolved(
    loaded: &LoadedSite,
    document: &SiteDocument,
    basis: &Basis<'_>,
    next: &NextFound,
) -> Result<Site, Stop> {
    let host = LocalHost;
    let find_program = |names: &[&str]| {
        names
            .iter()
            .find(|name| host.find_program(name).is_some())
            .map(|name| (*name).to_owned())
    };
    let around = Surroundings {
        directory: &loaded.directory,
        find_program: &find_program,
    };
    site::resolve(document, basis, &next.after(), &around)
        .map_err(|missing| loaded.says_too_little(missing))
}
