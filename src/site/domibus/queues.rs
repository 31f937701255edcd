//! The queues between Domibus and its plugins, and misspelled properties that name some.

use strsim::damerau_levenshtein;

use super::domains::Tenancy;
use super::installation::{Plugin, Queue};
use super::notes::{Findings, Severity};
use super::property_files::PropertyFiles;
use super::sources::Sources;

/// Have one value for all domains (BG FSPluginPropertiesMetadataManagerImpl, JmsPluginPropertyManager).
const GLOBAL: [(Plugin, &str); 4] = [
    (Plugin::Fs, "fsplugin.send.queue"),
    (Plugin::Jms, "jmsplugin.queue.notification"),
    (Plugin::Jms, "jmsplugin.queue.in"),
    (Plugin::Ws, "wsplugin.send.queue"),
];

/// Can have one for each domain, and routing rules.
const ROUTED: [&str; 4] = [
    "jmsplugin.queue.out",
    "jmsplugin.queue.reply",
    "jmsplugin.queue.consumer.notification.error",
    "jmsplugin.queue.producer.notification.error",
];

/// All queues of the plugins that are there.
pub(super) fn read(
    sources: &Sources,
    tenancy: Tenancy,
    codes: &[String],
    plugins: &[Plugin],
    findings: &mut Findings,
) -> Vec<Queue> {
    let mut found = Vec::new();
    for (plugin, property) in GLOBAL {
        if plugins.contains(&plugin) {
            found.extend(queue(sources, plugin, property, None, findings));
        }
    }
    if !plugins.contains(&Plugin::Jms) {
        return found;
    }
    let mut owners = vec![None];
    if tenancy.multi_tenant {
        owners.extend(codes.iter().map(|code| Some(code.as_str())));
    }
    for owner in owners {
        for property in ROUTED {
            found.extend(queue(sources, Plugin::Jms, property, owner, findings));
            for rule in rules(sources, property, owner) {
                let property = format!("{property}.routing.{rule}.queue");
                let routed = queue(sources, Plugin::Jms, &property, owner, findings);
                found.extend(routed.map(|queue| Queue {
                    rule: Some(rule),
                    ..queue
                }));
            }
        }
    }
    found
}

fn queue(
    sources: &Sources,
    plugin: Plugin,
    property: &str,
    domain: Option<&str>,
    findings: &mut Findings,
) -> Option<Queue> {
    let found = sources.text(&owned_key(property, domain), findings)?;
    Some(Queue {
        plugin,
        property: property.to_owned(),
        name: found.value,
        domain: domain.map(ToOwned::to_owned),
        rule: None,
        place: found.place,
    })
}

fn owned_key(property: &str, domain: Option<&str>) -> String {
    domain.map_or_else(|| property.to_owned(), |code| format!("{code}.{property}"))
}

/// The names between `.routing.` and `.queue`; they may contain dots.
fn rules(sources: &Sources, property: &str, domain: Option<&str>) -> Vec<String> {
    let prefix = format!("{}.routing.", owned_key(property, domain));
    let rules = sources.keys().into_iter().filter_map(|key| {
        let rule = key.strip_prefix(&prefix)?.strip_suffix(".queue")?;
        (!rule.is_empty()).then(|| rule.to_owned())
    });
    rules.collect()
}

/// The upgrade instructions print `jspugin` and `jmssplugin`; copied into a file, they have no effect.
pub(super) fn note_misspelled(loaded: &PropertyFiles, findings: &mut Findings) {
    for (key, place) in &loaded.written {
        let Some((before, _)) = key.split_once(".queue") else {
            continue;
        };
        let prefix = before.rsplit('.').next().unwrap_or(before);
        let misspelled = prefix.starts_with('j')
            && prefix != "jmsplugin"
            && damerau_levenshtein(prefix, "jmsplugin") <= 2;
        if misspelled {
            findings.note(
                Severity::Warning,
                Some(place.clone()),
                format!("{key} has no effect: the plugin reads jmsplugin"),
                format!("write {}", key.replacen(prefix, "jmsplugin", 1)),
            );
        }
    }
}
