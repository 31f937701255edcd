//! The version to go to.

use super::super::SiteDocument;
use super::super::resolved::{Migration, Next, Upgrade};
use super::Surroundings;

pub(super) fn resolve(
    document: &SiteDocument,
    around: &Surroundings<'_>,
    multi_tenant: bool,
    next: &Next,
) -> Upgrade {
    let given = &document.upgrade;
    let migrations = next
        .database
        .schemas
        .iter()
        .filter_map(|schema| {
            let general = multi_tenant && schema.general;
            let scripts = if general {
                &given.scripts.general
            } else {
                &given.scripts.domain
            };
            (!scripts.is_empty()).then(|| Migration {
                name: schema.name.clone(),
                schema: schema.schema.clone(),
                scripts: around.paths(scripts),
            })
        })
        .collect();
    Upgrade {
        to: given.to.clone(),
        war: around.optional(given.war.as_ref()),
        config: around.optional(given.config.as_ref()),
        config_location: around.optional(given.config_location.as_ref()),
        plugins: around.optional(given.plugins.as_ref()),
        extensions: around.optional(given.extensions.as_ref()),
        startup_arguments: around.optional(given.startup_arguments.as_ref()),
        remove: given
            .remove
            .iter()
            .map(|path| next.config.location.join(path))
            .collect(),
        migrations,
        allow_queued_messages: given.allow_queued_messages,
    }
}
