//! What tables contain: counted rows and `CHECKSUM TABLE`.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::inventory::sha256;
use super::quoting::qualified;
use super::record::{Contents, Inventory};
use super::session::Session;
use crate::adapter::Failure;

/// Tables of one statement: an answer comes after the whole of it.
const BATCH: usize = 200;

/// `CHECKSUM TABLE` of every table, in the inventory's order.
pub(super) fn checksums(
    session: &Session<'_>,
    schema: &str,
    inventory: &Inventory,
) -> Result<Vec<String>, Failure> {
    let mut statements = String::new();
    for batch in inventory.tables.chunks(BATCH) {
        let names: Vec<String> = batch
            .iter()
            .map(|table| qualified(schema, &table.name))
            .collect();
        let _ = writeln!(statements, "CHECKSUM TABLE {};", names.join(", "));
    }
    let rows = if statements.is_empty() {
        Vec::new()
    } else {
        session.ask(&statements)?
    };
    let values: Vec<String> = rows.into_iter().filter_map(|mut row| row.pop()).collect();
    let failed = inventory
        .tables
        .iter()
        .zip(&values)
        .find(|(_, value)| *value == "NULL");
    match failed {
        Some((table, _)) => Err(Failure::verification(format!(
            "the server could not read the table `{schema}`.`{}`",
            table.name
        ))
        .hint("run `CHECK TABLE` on it; a damaged table can be neither dumped nor compared")),
        None if values.len() != inventory.tables.len() => Err(Failure::verification(format!(
            "the server gave {} checksums for {} tables of `{schema}`",
            values.len(),
            inventory.tables.len()
        ))),
        None => Ok(values),
    }
}

/// Counted rows of every table, in the inventory's order.
pub(super) fn row_counts(
    session: &Session<'_>,
    schema: &str,
    inventory: &Inventory,
) -> Result<Vec<u64>, Failure> {
    let mut statements = String::new();
    for table in &inventory.tables {
        let name = qualified(schema, &table.name);
        let _ = writeln!(statements, "SELECT COUNT(*) FROM {name};");
    }
    if statements.is_empty() {
        return Ok(Vec::new());
    }
    let counts: Vec<u64> = session
        .ask(&statements)?
        .iter()
        .filter_map(|row| row.first()?.parse().ok())
        .collect();
    if counts.len() == inventory.tables.len() {
        return Ok(counts);
    }
    Err(Failure::verification(format!(
        "the server counted {} of {} tables of `{schema}`",
        counts.len(),
        inventory.tables.len()
    )))
}

/// Rows and checksums by table.
pub(super) fn contents(
    session: &Session<'_>,
    schema: &str,
    inventory: &Inventory,
) -> Result<BTreeMap<String, Contents>, Failure> {
    // Both read every row; on two sessions they take the time of the longer one.
    let (rows, checksums) = std::thread::scope(|scope| {
        let rows = scope.spawn(|| row_counts(session, schema, inventory));
        let checksums = checksums(session, schema, inventory);
        (rows.join(), checksums)
    });
    let rows = rows.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    Ok(inventory
        .tables
        .iter()
        .zip(rows.into_iter().zip(checksums?))
        .map(|(table, (rows, checksum))| (table.name.clone(), Contents { rows, checksum }))
        .collect())
}

/// One value for all that a schema is and contains. Equal values mean that nothing changed.
pub(super) fn digest(inventory: &Inventory, contents: &BTreeMap<String, Contents>) -> String {
    let mut texts = vec![inventory.character_set.clone(), inventory.collation.clone()];
    for table in &inventory.tables {
        texts.extend([table.name.clone(), table.definition.clone()]);
    }
    for object in &inventory.objects {
        texts.extend([
            object.kind.word().to_owned(),
            object.name.clone(),
            object.definition.clone(),
        ]);
    }
    for (name, contents) in contents {
        texts.extend([
            name.clone(),
            contents.rows.to_string(),
            contents.checksum.clone(),
        ]);
    }
    sha256(&texts)
}
