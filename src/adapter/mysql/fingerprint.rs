//! What tables contain: counted rows and checksums.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::inventory::sha256;
use super::quoting::{identifier, qualified};
use super::record::{Contents, Inventory, TableRecord};
use super::session::Session;
use crate::adapter::Failure;

/// Tables of one statement: an answer comes after the whole of it.
const BATCH: usize = 200;

/// A value for the rows of every table, in the inventory's order. See [`Contents::checksum`].
pub(super) fn checksums(
    session: &Session<'_>,
    schema: &str,
    inventory: &Inventory,
) -> Result<Vec<String>, Failure> {
    let (summed, plain): (Vec<_>, Vec<_>) = inventory
        .tables
        .iter()
        .partition(|table| !table.summed.is_empty());
    let mut statements = String::new();
    for batch in plain.chunks(BATCH) {
        let names: Vec<String> = batch
            .iter()
            .map(|table| qualified(schema, &table.name))
            .collect();
        let _ = writeln!(statements, "CHECKSUM TABLE {};", names.join(", "));
    }
    for table in &summed {
        let _ = writeln!(statements, "{}", sum_of_rows(schema, table));
    }
    if statements.is_empty() {
        return Ok(Vec::new());
    }
    let rows = session.ask(&statements)?;
    let asked: Vec<&TableRecord> = plain.into_iter().chain(summed).collect();
    if rows.len() != asked.len() {
        return Err(Failure::verification(format!(
            "the server gave {} checksums for {} tables of `{schema}`",
            rows.len(),
            asked.len()
        )));
    }
    let mut values = BTreeMap::new();
    for (table, mut row) in asked.into_iter().zip(rows) {
        match row.pop() {
            Some(value) if value != "NULL" => values.insert(&table.name, value),
            _ => {
                let name = &table.name;
                let text = format!("the server could not read the table `{schema}`.`{name}`");
                return Err(Failure::verification(text).hint(
                    "run `CHECK TABLE` on it; a damaged table can be neither dumped nor compared",
                ));
            }
        };
    }
    let in_order = inventory.tables.iter();
    Ok(in_order
        .filter_map(|table| values.remove(&table.name))
        .collect())
}

/// The sum of a value of each row, so their order is of no matter. A row's value is taken from the
/// values of its columns and not from their texts, which together could be larger than a statement
/// may be and would then count as NULL.
fn sum_of_rows(schema: &str, table: &TableRecord) -> String {
    let columns: Vec<String> = table
        .summed
        .iter()
        .map(|column| format!("IFNULL(CRC32({}), 'n')", identifier(column)))
        .collect();
    format!(
        "SELECT COALESCE(SUM(CRC32(CONCAT_WS(',', {}))), 0) FROM {};",
        columns.join(", "),
        qualified(schema, &table.name)
    )
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
