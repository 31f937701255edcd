//! Restrictions on singleton services, their migrations, and applications.

use super::rules::updated_clusters;
use crate::adapter::Finding;
use crate::site::weblogic::{Migration, MigrationType, Topology};

/// Every rollout restarts servers: their JMS and JTA services must be elsewhere by then.
pub(super) fn singletons(topology: &Topology) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in updated_clusters(topology) {
        let cluster = topology.clusters.iter().find(|one| one.name == name);
        let Some(singletons) = cluster.and_then(|one| one.singletons.as_ref()) else {
            continue;
        };
        let word = singletons.policy.word();
        if !singletons.shared_store {
            findings.push(
                Finding::refuse(format!(
                    "the JMS store of {name} is not shared by its servers"
                ))
                .hint("put it where every server of the cluster reaches it, or messages are lost"),
            );
        }
        if singletons.policy.has_migratable_targets() && singletons.activation_timeout.is_none() {
            findings.push(
                Finding::refuse(format!(
                    "{name} has no ServiceActivationRequestResponseTimeout"
                ))
                .hint(format!(
                    "set it to how long a migration takes, and write it into \
                     `clusters.{name}.singletons.activation_timeout`"
                )),
            );
        }
        if !singletons.policy.has_migratable_targets() && singletons.restart_in_place != Some(false)
        {
            findings.push(
                Finding::refuse(format!("restart in place of {name} is not switched off"))
                    .hint(format!(
                        "switch it off, and write `clusters.{name}.singletons.restart_in_place: false`"
                    )),
            );
        }
        if singletons.policy.is_automatic() {
            continue;
        }
        let members = topology
            .updated()
            .filter(|one| one.cluster.as_deref() == Some(name));
        for server in members {
            let named = topology
                .migrations
                .iter()
                .any(|one| one.source == server.name);
            if !named {
                findings.push(
                    Finding::refuse(format!(
                        "services of {} do not move by themselves ({word}), and no migration names it",
                        server.name
                    ))
                    .hint(format!(
                        "add an entry with `source: {}` to `rollout.migrations`; `migrationType: none` if they may stop",
                        server.name
                    )),
                );
            }
        }
    }
    findings
}

/// What no setting avoids, and whoever uses the services must know beforehand.
pub(super) fn outages(topology: &Topology) -> Vec<Finding> {
    let with_singletons = |name: &&str| {
        let cluster = topology.clusters.iter().find(|one| one.name == *name);
        cluster.is_some_and(|one| one.singletons.is_some())
    };
    let names: Vec<&str> = updated_clusters(topology)
        .into_iter()
        .filter(with_singletons)
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let text = format!(
        "JMS and JTA services of {} are away for a moment when they leave a server, and again when they \
         come back",
        names.join(", ")
    );
    vec![Finding::warning(text).hint(
        "tell who uses them: lookups of queues and connection factories fail meanwhile, for as long as machines, \
         network, the size of the cluster, the start of a server and waiting messages make it",
    )]
}

/// The entries of the migrations file, and how they fit the topology.
pub(super) fn migrations(topology: &Topology) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, migration) in topology.migrations.iter().enumerate() {
        let earlier = &topology.migrations[..at];
        let mut say = |text: String, hint: &str| {
            findings.push(Finding::refuse(format!("entry {}: {text}", at + 1)).hint(hint));
        };
        if let Err((text, hint)) = of_itself(migration) {
            say(text, hint);
        }
        let overlaps = earlier.iter().any(|other| {
            let apart = matches!(
                (other.migration_type, migration.migration_type),
                (MigrationType::Jms, MigrationType::Jta) | (MigrationType::Jta, MigrationType::Jms)
            );
            other.source == migration.source && !apart
        });
        if overlaps {
            say(
                format!(
                    "{} is migrated by an earlier entry already",
                    migration.source
                ),
                "one entry for each server; only `jms` and `jta` may stand beside each other",
            );
        }
        let Some(source) = topology.server(&migration.source) else {
            say(
                format!("there is no server {}", migration.source),
                "name a server of the site as `source`",
            );
            continue;
        };
        if !topology.updated().any(|one| one.name == source.name) {
            say(
                format!(
                    "{} is not updated, so nothing of it is migrated",
                    source.name
                ),
                "take the entry out, or target the server",
            );
        }
        let Some(destination) = &migration.destination else {
            continue;
        };
        match migration.migration_type {
            MigrationType::Server if topology.node(destination).is_none() => say(
                format!("there is no node {destination}"),
                "the destination of `server` is a node (machine)",
            ),
            MigrationType::Server if *destination == source.node => say(
                format!("{} is on {destination} already", source.name),
                "name another node: all servers of one node stop together",
            ),
            MigrationType::None | MigrationType::Server => {}
            _ => match topology.server(destination) {
                None => say(
                    format!("there is no server {destination}"),
                    "the destination is a server of the site; a node only for `server`",
                ),
                Some(other) if other.node == source.node => say(
                    format!(
                        "{} and {destination} are both on {}",
                        source.name, source.node
                    ),
                    "name a server on another node: all servers of one node stop together",
                ),
                Some(_) => {}
            },
        }
    }
    findings
}

/// What an entry must say of itself.
fn of_itself(migration: &Migration) -> Result<(), (String, &'static str)> {
    let word = migration.migration_type.word();
    match (migration.migration_type, &migration.destination) {
        (MigrationType::None, Some(_)) => Err((
            "`none` has a destination".to_owned(),
            "leave `destination` out, or say what is migrated",
        )),
        (MigrationType::None, None) if migration.failback.is_some() => Err((
            "`none` has `failback`".to_owned(),
            "leave `failback` out: nothing is migrated",
        )),
        (MigrationType::None, None) => Ok(()),
        (_, None) => Err((format!("`{word}` has no destination"), "add `destination`")),
        (MigrationType::Jta, _) if migration.failback.is_some() => Err((
            "`jta` has `failback`".to_owned(),
            "leave `failback` out: JTA fails back by itself",
        )),
        (_, Some(destination)) if *destination == migration.source => Err((
            format!("{destination} is both source and destination"),
            "name another server on another node",
        )),
        _ => Ok(()),
    }
}

/// The entries of the applications file.
pub(super) fn applications(topology: &Topology) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, one) in topology.applications.iter().enumerate() {
        let name = &one.application_name;
        let mut say = |text: String, hint: &str| {
            findings.push(Finding::refuse(format!("entry {}: {text}", at + 1)).hint(hint));
        };
        if topology.applications[..at]
            .iter()
            .any(|other| other.application_name == *name)
        {
            say(
                format!("{name} is updated by an earlier entry already"),
                "one entry for each application",
            );
        }
        if name.trim().is_empty() {
            say(
                "`applicationName` is empty".to_owned(),
                "name the application",
            );
        }
        if one.patched_location == one.backup_location {
            say(
                format!("{name} has one path as `patchedLocation` and `backupLocation`"),
                "give the backup a path of its own",
            );
        }
        let places = [
            ("patchedLocation", Some(&one.patched_location)),
            ("backupLocation", Some(&one.backup_location)),
            ("planLocation", one.plan_location.as_ref()),
        ];
        for (key, place) in places {
            let Some(place) = place else { continue };
            if place.contains('\\') {
                say(
                    format!("`{key}` of {name} has a backslash"),
                    "write `/`, on Windows too: Java may take a backslash for the beginning of another sign",
                );
            } else if !place.starts_with('/') && place.as_bytes().get(1) != Some(&b':') {
                say(
                    format!("`{key}` of {name} is not absolute"),
                    "give the whole path",
                );
            }
        }
        if topology.version.starts_with("12.2.1.0") && is_coherence_archive(&one.patched_location) {
            say(
                format!("{name} is a Coherence archive (`.gar`)"),
                "12.2.1.0 cannot roll those out: leave it out",
            );
        }
        if one.partition.is_some() && one.resource_group_template.is_some() {
            say(
                format!("{name} has `partition` and `resourceGroupTemplate`"),
                "give one of them",
            );
        }
    }
    findings
}

fn is_coherence_archive(path: &str) -> bool {
    let ending = std::path::Path::new(path).extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("gar"))
}
