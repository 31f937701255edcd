//! May the account do it, and can the server? Asked before anything begins.

use std::collections::BTreeSet;

use super::connection::Family;
use super::inventory::Schema;
use super::quoting::{account, grant_pattern, identifier};
use super::record::DumpRecord;
use super::server::Server;
use crate::adapter::Finding;

/// Engines that `--single-transaction` reads from one snapshot.
const TRANSACTIONAL: [&str; 3] = ["InnoDB", "ROCKSDB", "TokuDB"];

/// Engines whose rows live elsewhere: the dump programs write only their definition.
pub(super) const ELSEWHERE: [&str; 6] = [
    "FEDERATED",
    "MRG_MyISAM",
    "MRG_MYISAM",
    "BLACKHOLE",
    "CONNECT",
    "SPIDER",
];

/// What a complete dump needs of the account. Without TRIGGER, or without the sight of other
/// people's routines, the dump program ends well and leaves them out.
pub(super) fn dump_rights(server: &Server, schema: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let missing = missing(server, schema, &["SELECT", "SHOW VIEW", "TRIGGER", "EVENT"]);
    let sight = server.missing_routine_sight(schema);
    if !missing.is_empty() || sight.is_some() {
        let mut lacks = missing.clone();
        if sight.is_some() {
            lacks.push("the sight of stored routines");
        }
        let message = format!(
            "the account {} lacks {} on `{schema}`: a dump would fail or silently leave objects out",
            server.account,
            lacks.join(", ")
        );
        let hint = grant_hint(server, schema, &missing, sight.as_deref());
        findings.push(Finding::refuse(message).hint(hint));
    }
    findings.extend(process_right(server));
    findings
}

fn process_right(server: &Server) -> Option<Finding> {
    if server.grants.globally("PROCESS") || server.grants.globally("SUPER") {
        return None;
    }
    let message = format!(
        "the account {} lacks PROCESS: sessions of other accounts on the schema cannot be seen",
        server.account
    );
    let hint = format!("GRANT PROCESS ON *.* TO {};", account(&server.account));
    Some(Finding::warning(message).hint(hint))
}

fn missing<'a>(server: &Server, schema: &str, wanted: &[&'a str]) -> Vec<&'a str> {
    let lacks = |privilege: &&&str| !server.grants.on_schema(schema, privilege);
    wanted.iter().filter(lacks).copied().collect()
}

fn grant_hint(server: &Server, schema: &str, missing: &[&str], global: Option<&str>) -> String {
    let to = account(&server.account);
    let mut statements = Vec::new();
    if !missing.is_empty() {
        let privileges = missing.join(", ");
        let on = match server.grants.pattern_of(schema) {
            Some(pattern) => identifier(pattern),
            None => grant_pattern(schema),
        };
        statements.push(format!("GRANT {privileges} ON {on}.* TO {to};"));
    }
    if let Some(global) = global {
        statements.push(format!("GRANT {global} TO {to};"));
    }
    statements.join(" ")
}

/// Whether every table is read from one snapshot.
pub(super) fn has_snapshots(found: &Schema) -> bool {
    let tables = &found.inventory.tables;
    tables
        .iter()
        .all(|table| TRANSACTIONAL.contains(&table.engine.as_str()))
}

/// What of a schema a dump cannot keep, or only while nobody writes.
pub(super) fn dump_limits(schema: &str, found: &Schema) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !found.versioned.is_empty() {
        let message = format!(
            "tables of `{schema}` keep a history (system versioning) that a dump leaves out: {}",
            found.versioned.join(", ")
        );
        let hint = "save their history by other means, then `ALTER TABLE … DROP SYSTEM VERSIONING`";
        findings.push(Finding::refuse(message).hint(hint));
    }
    findings.extend(engine_limits(schema, found));
    let floats: Vec<String> = found
        .inventory
        .tables
        .iter()
        .flat_map(|table| {
            table
                .floats
                .iter()
                .map(|column| format!("{}.{column}", table.name))
        })
        .collect();
    if !floats.is_empty() {
        let message = format!(
            "a dump keeps six digits of columns of type FLOAT in `{schema}`: {}",
            floats.join(", ")
        );
        let hint =
            "DOUBLE keeps every digit: `ALTER TABLE … MODIFY … DOUBLE` if the last ones matter";
        findings.push(Finding::warning(message).hint(hint));
    }
    findings
}

fn engine_limits(schema: &str, found: &Schema) -> Vec<Finding> {
    let mut findings = Vec::new();
    let engines = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        let tables = found.inventory.tables.iter();
        tables
            .filter(|table| wanted(&table.engine))
            .map(|table| format!("{} ({})", table.name, table.engine))
            .collect()
    };
    let elsewhere = engines(&|engine| ELSEWHERE.contains(&engine));
    if !elsewhere.is_empty() {
        let names = elsewhere.join(", ");
        findings.push(Finding::warning(format!(
            "tables of `{schema}` hold their rows elsewhere, the dump has only their definition: {names}"
        )));
    }
    let unsafe_engines =
        engines(&|engine| !TRANSACTIONAL.contains(&engine) && !ELSEWHERE.contains(&engine));
    if !unsafe_engines.is_empty() {
        let names = unsafe_engines.join(", ");
        findings.push(Finding::warning(format!(
            "tables of `{schema}` are consistent only because nobody writes meanwhile, which is \
             proven by their checksums: {names}"
        )));
    }
    findings
}

/// What a restore needs of the server and the account.
pub(super) fn restore_rights(server: &Server, schema: &str, record: &DumpRecord) -> Vec<Finding> {
    let mut findings = server_limits(server, record);
    let missing = missing(
        server,
        schema,
        &[
            "SELECT",
            "INSERT",
            "CREATE",
            "DROP",
            "ALTER",
            "INDEX",
            "REFERENCES",
            "LOCK TABLES",
            "CREATE VIEW",
            "SHOW VIEW",
            "TRIGGER",
            "EVENT",
            "CREATE ROUTINE",
            "ALTER ROUTINE",
        ],
    );
    let sight = server.missing_routine_sight(schema);
    if !missing.is_empty() || sight.is_some() {
        let lacks = match missing.as_slice() {
            [] => "the sight of stored routines".to_owned(),
            missing => missing.join(", "),
        };
        let message = format!(
            "the account {} lacks {lacks} on `{schema}`: a restore would stop half-way",
            server.account
        );
        let hint = grant_hint(server, schema, &missing, sight.as_deref());
        findings.push(Finding::refuse(message).hint(hint));
    }
    findings.extend(definer_right(server, record));
    findings.extend(function_right(server, record));
    findings.extend(process_right(server));
    findings
}

fn server_limits(server: &Server, record: &DumpRecord) -> Vec<Finding> {
    let mut findings = Vec::new();
    if server.family != record.family {
        let message = format!(
            "the dump was taken from {} {} and does not load into {} {}",
            record.family, record.server_version, server.family, server.version
        );
        let hint = format!("restore into a server of the family {}", record.family);
        findings.push(Finding::refuse(message).hint(hint));
    } else if server.version != record.server_version {
        findings.push(Finding::warning(format!(
            "the dump was taken from version {}, the server is {}: differences in the wording of \
             definitions will be warnings",
            record.server_version, server.version
        )));
    }
    if server.read_only {
        findings.push(
            Finding::refuse("the server is read-only")
                .hint("restore into the primary server, or `SET GLOBAL read_only = OFF`"),
        );
    }
    // The statement around a row adds its table's name and keywords.
    let needed = record.longest_line + 4096;
    if server.max_allowed_packet < needed {
        let message = format!(
            "the largest row of the dump needs {needed} bytes in one statement, the server takes {}",
            server.max_allowed_packet
        );
        let needed = needed.next_multiple_of(1024 * 1024);
        let hint = format!("SET GLOBAL max_allowed_packet = {needed};");
        findings.push(Finding::refuse(message).hint(hint));
    }
    findings
}

fn definer_right(server: &Server, record: &DumpRecord) -> Option<Finding> {
    let others: BTreeSet<&str> = record
        .inventory
        .objects
        .iter()
        .map(|object| object.definer.as_str())
        .filter(|definer| !definer.is_empty() && *definer != server.account)
        .collect();
    let number = server.number();
    let right = match server.family {
        Family::Mariadb if number >= (10, 5, 2) => "SET USER",
        Family::Mysql if number >= (8, 2, 0) => "SET_ANY_DEFINER",
        Family::Mysql if number >= (8, 0, 0) => "SET_USER_ID",
        _ => "SUPER",
    };
    let mut lacks = Vec::new();
    if !server.grants.globally(right) && !server.grants.globally("SUPER") {
        lacks.push(right);
    }
    // Objects of an account with SYSTEM_USER can be made only by another one. Who has it cannot be
    // read without rights to the accounts' tables; root does.
    let of_root = others.iter().any(|definer| definer.starts_with("root@"));
    let guarded = server.family == Family::Mysql && number >= (8, 0, 16) && of_root;
    if guarded && !server.grants.globally("SYSTEM_USER") {
        lacks.push("SYSTEM_USER");
    }
    if others.is_empty() || lacks.is_empty() {
        return None;
    }
    let others: Vec<&str> = others.into_iter().take(5).collect();
    let message = format!(
        "the dump has views, routines, triggers or events in the name of {}, which the account {} \
         may not create",
        others.join(", "),
        server.account
    );
    let (lacks, to) = (lacks.join(", "), account(&server.account));
    let hint = format!("GRANT {lacks} ON *.* TO {to};");
    Some(Finding::refuse(message).hint(hint))
}

fn function_right(server: &Server, record: &DumpRecord) -> Option<Finding> {
    use super::record::ObjectKind::{Function, Trigger};
    let has = record
        .inventory
        .objects
        .iter()
        .any(|object| matches!(object.kind, Function | Trigger));
    let may = !server.log_bin || server.trusts_function_creators || server.grants.globally("SUPER");
    if !has || may {
        return None;
    }
    let message = "the server writes a binary log and refuses the dump's functions and triggers \
                   from an account without SUPER";
    Some(Finding::refuse(message).hint("SET GLOBAL log_bin_trust_function_creators = ON;"))
}

#[cfg(test)]
#[path = "preflight_tests.rs"]
mod tests;
