//! From the site file of an OX cluster to its resolved site. Nothing is read from the cluster: its own
//! tools alone know its schemata, and steps of the plan ask them.

use super::load::LoadedSite;
use super::stop::Stop;
use crate::plan::Phase;
use crate::site::ox::{OxSiteDocument, resolve};

/// The resolved site as expressions see it.
pub(super) fn values(
    loaded: &LoadedSite,
    document: &OxSiteDocument,
    phase: Phase,
) -> Result<serde_json::Value, Stop> {
    let read =
        |path: &std::path::Path| std::fs::read_to_string(path).map_err(|error| error.to_string());
    let site = resolve(document, &loaded.directory, &read)
        .map_err(|wrong| loaded.says_too_little(wrong))?;
    let put_back = &site.ox.restore;
    if phase == Phase::Restore && put_back.nodes.is_empty() && put_back.schemata.is_empty() {
        let wrong = "`ox.restore` names neither `nodes` nor `schemata`: say what goes back to the old \
                     version; users lose what they wrote to a schema since its dump";
        return Err(loaded.says_too_little(vec![wrong.to_owned()]));
    }
    Ok(serde_json::to_value(&site).map_err(std::io::Error::from)?)
}
