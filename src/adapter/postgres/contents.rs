//! What tables contain: counted rows and checksums.

use std::collections::BTreeMap;

use super::inventory::Inventory;
use super::quoting::qualified;
use super::record::Contents;
use super::session::{PREAMBLE, Session, copied};
use crate::adapter::Failure;
use crate::adapter::database::Row;

/// What stands for all large objects.
pub(super) const LARGE_OBJECTS: &str = "large objects";

/// Rows and checksums by table and sequence.
pub(super) type AllContents = BTreeMap<String, Contents>;

/// Queries for the contents of everything, in the order of [`names`].
pub(super) fn statements(found: &Inventory) -> String {
    let mut text = String::new();
    for (schema, name) in &found.tables {
        let table = qualified(schema, name);
        text.push_str(&copied(&format!(
            "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum(('x' || pg_catalog.substr(\
             pg_catalog.md5((upgrade_kit_row.*)::pg_catalog.text), 1, 15))::pg_catalog.\"bit\"(60)\
             ::pg_catalog.int8), 0) FROM ONLY {table} AS upgrade_kit_row"
        )));
    }
    for (schema, name) in &found.sequences {
        let sequence = qualified(schema, name);
        text.push_str(&copied(&format!(
            "SELECT 0, last_value || CASE WHEN is_called THEN '' ELSE ' not yet given' END \
             FROM {sequence}"
        )));
    }
    if found.large_objects {
        text.push_str(&copied(
            "SELECT pg_catalog.count(*), pg_catalog.sum(('x' || pg_catalog.substr(pg_catalog.md5(\
             oid || ' ' || pg_catalog.md5(pg_catalog.lo_get(oid))), 1, 15))::pg_catalog.\"bit\"(60)\
             ::pg_catalog.int8) FROM pg_catalog.pg_largeobject_metadata",
        ));
    }
    text
}

fn names(found: &Inventory) -> Vec<String> {
    let all = found.tables.iter().chain(&found.sequences);
    let mut names: Vec<String> = all
        .map(|(schema, name)| format!("{schema}.{name}"))
        .collect();
    if found.large_objects {
        names.push(LARGE_OBJECTS.to_owned());
    }
    names
}

/// From the rows of [`statements`].
pub(super) fn of_rows(found: &Inventory, rows: &[Row]) -> Result<AllContents, Failure> {
    let names = names(found);
    if rows.len() != names.len() {
        return Err(Failure::verification(format!(
            "the server told the contents of {} tables and sequences of {}",
            rows.len(),
            names.len()
        )));
    }
    let contents = names.into_iter().zip(rows).map(|(name, row)| {
        let rows = row.first().and_then(|rows| rows.parse().ok());
        let (Some(rows), Some(checksum)) = (rows, row.get(1)) else {
            let text = format!("the server's answer on `{name}` cannot be read");
            return Err(Failure::verification(text));
        };
        let checksum = checksum.clone();
        Ok((name, Contents { rows, checksum }))
    });
    contents.collect()
}

/// As they are now.
pub(super) fn contents(
    session: &Session<'_>,
    database: &str,
    found: &Inventory,
) -> Result<AllContents, Failure> {
    let mut rows = Vec::new();
    let script = format!("{PREAMBLE}{}", statements(found));
    session.ask_each(database, &mut script.as_bytes(), |row| rows.push(row))?;
    of_rows(found, &rows)
}
