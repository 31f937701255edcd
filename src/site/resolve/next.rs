//! The installation that the new version runs in.

use serde_json::Value;

use super::super::domibus::DomibusInstallation;
use super::super::resolved::{Database, Folder, Next, SchemaClone};
use super::super::{Carriage, ServerKind, Shareable, SiteDocument};
use super::{
    After, Basis, Given, Installation, Surroundings, broker, config, folders, installation,
};

/// Puts it together; `missing` gets every value that the document has to say.
pub(super) fn resolve(
    document: &SiteDocument,
    now: &Installation,
    after: &After<'_>,
    around: &Surroundings<'_>,
    missing: &mut Vec<String>,
) -> Next {
    let same = Next {
        server: now.server.clone(),
        config: now.config.clone(),
        other_config: false,
        broker: now.broker.clone(),
        carries_messages: false,
        imports_messages: false,
        database: now.database.clone(),
        clones: Vec::new(),
        folders: now.folders.clone(),
        other_folders: Vec::new(),
        same_folders: now.folders.clone(),
        share: Vec::new(),
    };
    match (after, &document.target) {
        (After::Configuration(found), _) => configuration(document, now, found, around, same),
        (After::Target(found), Some(target)) => {
            let mut lacks = Vec::new();
            if target.server.kind != document.server.kind {
                lacks.push(
                    "`server.kind` differs: the stores of one broker product cannot be put into \
                     another's"
                        .to_owned(),
                );
            }
            let given = Given::target(target);
            let then = installation(&given, &Basis::Installed(found), around, &mut lacks);
            let mut next = separate(now, then, &target.share, &mut lacks);
            imports(&mut next, target.messages, &mut lacks);
            let of_target = |line: String| line.replacen('`', "`target.", 1);
            missing.extend(lacks.into_iter().map(of_target));
            next
        }
        (After::Same, _) | (After::Target(_), None) => same,
    }
}

/// The same server and database with another configuration directory.
fn configuration(
    document: &SiteDocument,
    now: &Installation,
    found: &DomibusInstallation,
    around: &Surroundings<'_>,
    same: Next,
) -> Next {
    let broker = broker::installed(found);
    let basis = Basis::Installed(found);
    let then = folders::resolve(&Given::present(document), &basis, around);
    Next {
        config: config(found),
        other_config: true,
        carries_messages: broker != now.broker,
        broker,
        other_folders: elsewhere(&now.folders, &then),
        same_folders: both(&now.folders, &then),
        folders: then,
        ..same
    }
}

/// An installation of its own.
fn separate(
    now: &Installation,
    then: Installation,
    share: &[Shareable],
    missing: &mut Vec<String>,
) -> Next {
    for folder in now.folders.iter().filter(|folder| is_data(folder)) {
        if !then.folders.iter().any(|other| other.name == folder.name) {
            missing.push(format!(
                "`folders.{}` is missing: where the new installation has the messages of {}",
                folder.name,
                folder.path.display()
            ));
        }
    }
    Next {
        other_config: then.config.location != now.config.location,
        carries_messages: then.broker != now.broker,
        imports_messages: false,
        clones: clones(&now.database, &then.database, missing),
        other_folders: elsewhere(&now.folders, &then.folders),
        same_folders: both(&now.folders, &then.folders),
        server: then.server,
        config: then.config,
        broker: then.broker,
        database: then.database,
        folders: then.folders,
        share: share.to_vec(),
    }
}

/// Whether messages are imported, and whether they can be.
fn imports(next: &mut Next, messages: Carriage, missing: &mut Vec<String>) {
    if messages == Carriage::Stores {
        return;
    }
    let problem = if next.server.kind != ServerKind::Wildfly {
        "only a WildFly imports them; leave it out"
    } else if !next.broker.embedded || !next.broker.persistent {
        "the new server's broker keeps no messages itself; leave it out"
    } else if !next.carries_messages {
        "both servers have the same stores: there is nothing to import; leave it out"
    } else {
        next.imports_messages = true;
        return;
    };
    missing.push(format!("`messages: export`: {problem}"));
}

/// Logs tell what one server did; another has its own.
fn is_data(folder: &Folder) -> bool {
    !folder.name.starts_with("logs-")
}

/// The folders that are there under the same name and another path.
fn elsewhere(now: &[Folder], then: &[Folder]) -> Vec<Folder> {
    let moved = then
        .iter()
        .filter(|folder| is_data(folder))
        .filter(|folder| {
            let mut before = now.iter().filter(|before| before.name == folder.name);
            before.any(|before| before.path != folder.path)
        });
    moved.cloned().collect()
}

/// The folders that are the same.
fn both(now: &[Folder], then: &[Folder]) -> Vec<Folder> {
    let same = then.iter().filter(|folder| now.contains(folder));
    same.cloned().collect()
}

/// Each schema with its clone; none if the database is the same. Both lists begin with the general
/// schema and go on by domain.
fn clones(now: &Database, then: &Database, missing: &mut Vec<String>) -> Vec<SchemaClone> {
    if now.kind != then.kind {
        missing.push("`database.kind` differs: a clone needs the same product".to_owned());
        return Vec::new();
    }
    if now.schemas.len() != then.schemas.len() {
        missing.push(format!(
            "`database.schemas` names {}, and the present installation has {}: name a schema for \
             each, in the same order",
            then.schemas.len(),
            now.schemas.len()
        ));
        return Vec::new();
    }
    let address = |database: &Database| match &database.oracle {
        Some(oracle) => serde_json::to_value(&oracle.connection),
        None => serde_json::to_value(&database.connection),
    };
    let same = match (address(now), address(then)) {
        (Ok(here), Ok(there)) => same_address(&here, &there),
        _ => false,
    };
    let pairs = now.schemas.iter().zip(&then.schemas);
    let clones = pairs.filter(|(from, to)| !same || from.schema != to.schema);
    let clones = clones.map(|(from, to)| SchemaClone {
        name: from.name.clone(),
        remap: (from.schema != to.schema).then(|| to.schema.clone()),
    });
    clones.collect()
}

/// Whether two connections of a database lead to the same server, judged by their letters: host and
/// port, socket, service, wallet. Names of this machine count as one.
pub fn same_address(one: &Value, other: &Value) -> bool {
    let part =
        |connection: &Value, key: &str| connection.get(key).filter(|v| !v.is_null()).cloned();
    let host = |connection: &Value| {
        let host = part(connection, "host");
        let text = host
            .as_ref()
            .and_then(Value::as_str)
            .map(str::to_ascii_lowercase);
        text.map(|host| match host.as_str() {
            "127.0.0.1" | "::1" => "localhost".to_owned(),
            _ => host,
        })
    };
    let same = |key: &str| part(one, key) == part(other, key);
    host(one) == host(other)
        && ["port", "socket", "service", "wallet", "sid"]
            .into_iter()
            .all(same)
}
