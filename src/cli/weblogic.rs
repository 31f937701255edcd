//! From the site file of a WebLogic domain to its resolved site.

use super::load::LoadedSite;
use super::stop::Stop;
use crate::site::files::LocalFiles;
use crate::site::weblogic::{Reading, WeblogicSiteDocument, resolve};

/// The resolved site as expressions see it. It rests on the file alone: a rollout leaves the domain's
/// paths as they are.
pub(super) fn values(
    loaded: &LoadedSite,
    document: &WeblogicSiteDocument,
) -> Result<serde_json::Value, Stop> {
    let reading = Reading {
        source: &loaded.source,
        directory: &loaded.directory,
        files: &LocalFiles,
    };
    let site = resolve(document, &reading)?;
    Ok(serde_json::to_value(&site).map_err(std::io::Error::from)?)
}
