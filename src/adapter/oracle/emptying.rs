//! Emptying a schema, so that an import finds nothing to skip.
//!
//! The user itself stays, with its password, quotas and grants: an export by the schema's own account does
//! not hold them, so dropping the user could not be undone.

use std::fmt::Write;

use super::inventory;
use super::quoting::{literal, qualified};
use super::record::ObjectRecord;
use super::server::Server;
use super::session::Session;
use crate::adapter::Failure;

/// What a statement drops, in the order in which it is dropped. Bodies, triggers and indexes go with what
/// they belong to.
const DROPPED: [&str; 10] = [
    "MATERIALIZED VIEW",
    "JOB",
    "TABLE",
    "VIEW",
    "SEQUENCE",
    "SYNONYM",
    "PACKAGE",
    "PROCEDURE",
    "FUNCTION",
    "TYPE",
];

/// What goes with its owner, or is dropped in a second pass if it has none.
const DEPENDENT: [&str; 4] = ["INDEX", "TRIGGER", "PACKAGE BODY", "TYPE BODY"];

/// How often what is left is dropped again (types that refer to each other, tables of views).
const PASSES: usize = 3;

/// Objects that this cannot drop: refused before anything is touched.
pub(super) fn refuse_unknown(schema: &str, objects: &[ObjectRecord]) -> Result<(), Failure> {
    let known = |kind: &str| DROPPED.contains(&kind) || DEPENDENT.contains(&kind);
    let mut unknown = objects.iter().filter(|object| !known(&object.kind));
    let Some(first) = unknown.next() else {
        return Ok(());
    };
    Err(Failure::refused(format!(
        "`{schema}` holds objects that are not dropped by a plain statement: {} {} (and {} more)",
        first.kind.to_lowercase(),
        first.name,
        unknown.count()
    ))
    .hint("drop them as a DBA (queues with DBMS_AQADM, the rest by its own package), then resume the run"))
}

/// A clone replaces nothing that is somebody's.
pub(super) fn refuse_contents(schema: &str, objects: &[ObjectRecord]) -> Result<(), Failure> {
    if objects.is_empty() {
        return Ok(());
    }
    let text = format!(
        "the schema `{schema}` is not empty: it holds {}",
        objects.len()
    );
    Err(Failure::refused(text).hint(
        "a clone replaces nothing: name an empty schema, or drop this one's objects yourself",
    ))
}

/// Drops every object and proves that none is left. May be repeated.
pub(super) fn empty(session: &Session<'_>, server: &Server, schema: &str) -> Result<(), Failure> {
    for _ in 0..PASSES {
        let objects = inventory::names(session, server, schema)?;
        if objects.is_empty() {
            return Ok(());
        }
        refuse_unknown(schema, &objects)?;
        session.ask(&statements(schema, &objects))?;
    }
    let left = inventory::names(session, server, schema)?;
    let Some(first) = left.first() else {
        return Ok(());
    };
    Err(Failure::verification(format!(
        "{} objects of `{schema}` are still there after they were dropped, first {} {}",
        left.len(),
        first.kind.to_lowercase(),
        first.name
    ))
    .hint("something makes them anew, or holds them: stop it, then resume the run"))
}

/// The failure of an import into a schema that was emptied for it.
pub(super) fn half_way(failure: Failure) -> Failure {
    let again =
        "the schema is incomplete now; resume the run or restore again, it begins by emptying it";
    failure.hint_after(again)
}

fn statements(schema: &str, objects: &[ObjectRecord]) -> String {
    let container = |object: &&ObjectRecord| {
        // A materialized view's rows are in a table of its name, which goes with it.
        object.kind == "TABLE"
            && objects
                .iter()
                .any(|one| one.kind == "MATERIALIZED VIEW" && one.name == object.name)
    };
    let mut kinds: Vec<&str> = DROPPED.to_vec();
    let whole = |object: &ObjectRecord| DROPPED.contains(&object.kind.as_str());
    if !objects.iter().any(whole) {
        kinds.extend(DEPENDENT);
    }
    let mut text = String::new();
    for kind in kinds {
        let of_kind = objects.iter().filter(|object| object.kind == kind);
        for object in of_kind.filter(|object| !container(object)) {
            let _ = writeln!(text, "{}", statement(schema, object));
        }
    }
    text
}

fn statement(schema: &str, object: &ObjectRecord) -> String {
    let name = qualified(schema, &object.name);
    match object.kind.as_str() {
        "TABLE" => format!("DROP TABLE {name} CASCADE CONSTRAINTS PURGE;"),
        "TYPE" => format!("DROP TYPE {name} FORCE;"),
        "JOB" => format!(
            "BEGIN DBMS_SCHEDULER.DROP_JOB({}, TRUE); END;\n/",
            literal(&name)
        ),
        kind => format!("DROP {kind} {name};"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str, name: &str) -> ObjectRecord {
        ObjectRecord {
            kind: kind.to_owned(),
            name: name.to_owned(),
            status: "VALID".to_owned(),
            definition: String::new(),
        }
    }

    #[test]
    fn owners_are_dropped_and_what_goes_with_them_is_not() {
        let objects = [
            object("TABLE", "MV"),
            object("INDEX", "I"),
            object("TABLE", "T"),
            object("MATERIALIZED VIEW", "MV"),
            object("TYPE", "Y"),
        ];
        assert_eq!(
            statements("S", &objects),
            "DROP MATERIALIZED VIEW \"S\".\"MV\";\nDROP TABLE \"S\".\"T\" CASCADE CONSTRAINTS PURGE;\n\
             DROP TYPE \"S\".\"Y\" FORCE;\n"
        );
        assert_eq!(statements("S", &objects[1..2]), "DROP INDEX \"S\".\"I\";\n");
    }

    #[test]
    fn what_cannot_be_dropped_is_refused_first() {
        let objects = [object("TABLE", "T"), object("QUEUE", "Q")];
        let failure = refuse_unknown("S", &objects).unwrap_err();
        assert!(failure.to_string().contains("queue Q"));
    }
}
