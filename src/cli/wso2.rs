//! From the site file of a WSO2 product to its values.

use super::load::LoadedSite;
use super::stop::Stop;
use crate::site::wso2::{Around, Wso2SiteDocument, resolve};

/// The site as expressions see it.
pub(super) fn values(
    loaded: &LoadedSite,
    document: &Wso2SiteDocument,
    scenario: &str,
) -> Result<serde_json::Value, Stop> {
    let around = Around {
        directory: &loaded.directory,
        scenario,
        is_file: &|path| path.is_file(),
    };
    resolve(document, &around).map_err(|missing| loaded.says_too_little(missing))
}
