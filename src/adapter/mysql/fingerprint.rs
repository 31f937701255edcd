//! What tables contain: counted rows and checksums.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::inventory::{Schema, sha256};
use super::quoting::{identifier, qualified};
use super::record::{Contents, Inventory, TableRecord};
use super::session::Session;
use crate::adapter::Failure;
use crate::adapter::database::Row;

/// Tables of one statement: an answer comes after the whole of it.
const BATCH: usize = 200;

/// Sessions that read at once. A checksum keeps one processor of the server busy.
const SESSIONS: usize = 2;

/// Rows and checksums by table.
pub(super) type AllContents = BTreeMap<String, Contents>;

/// Rows and checksums by table, as they are now.
pub(super) fn contents(
    session: &Session<'_>,
    schema: &str,
    found: &Schema,
) -> Result<AllContents, Failure> {
    let shares = shares(found);
    let answers: Vec<Result<AllContents, Failure>> = std::thread::scope(|scope| {
        let asked: Vec<_> = shares
            .iter()
            .map(|tables| scope.spawn(|| contents_of(session, schema, tables)))
            .collect();
        asked
            .into_iter()
            .map(|one| {
                one.join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    let mut all = AllContents::new();
    for answer in answers {
        all.extend(answer?);
    }
    Ok(all)
}

/// The tables in groups of about the same size.
fn shares(found: &Schema) -> Vec<Vec<&TableRecord>> {
    let size = |table: &TableRecord| found.sizes.get(&table.name).copied().unwrap_or_default();
    let mut tables: Vec<&TableRecord> = found.inventory.tables.iter().collect();
    tables.sort_by_key(|table| std::cmp::Reverse(size(table)));
    let mut shares = vec![(0, Vec::new()); SESSIONS];
    for table in tables {
        if let Some(lightest) = shares.iter_mut().min_by_key(|share| share.0) {
            lightest.0 += size(table).max(1);
            lightest.1.push(table);
        }
    }
    shares
        .into_iter()
        .map(|(_, tables)| tables)
        .filter(|tables| !tables.is_empty())
        .collect()
}

fn contents_of(
    session: &Session<'_>,
    schema: &str,
    tables: &[&TableRecord],
) -> Result<AllContents, Failure> {
    let (checksums, asked) = checksum_statements(schema, tables);
    let mut statements = String::new();
    for table in &asked {
        let name = qualified(schema, &table.name);
        let _ = writeln!(statements, "SELECT COUNT(*) FROM {name};");
    }
    statements.push_str(&checksums);
    let rows = session.ask(&statements)?;
    let (counts, sums) = rows.split_at(asked.len().min(rows.len()));
    let sums = checksums_of(schema, &asked, sums)?;
    let mut all = AllContents::new();
    for ((table, count), checksum) in asked.iter().zip(counts).zip(sums) {
        let rows = count.first().and_then(|count| count.parse().ok());
        let rows = rows.ok_or_else(|| unreadable(schema, table))?;
        all.insert(table.name.clone(), Contents { rows, checksum });
    }
    Ok(all)
}

/// The checksums of a moment before anything else happens: `opened` is called when the snapshot
/// that they are read from exists, the answer comes when they are done. Tables of engines without
/// snapshots are read as they are when it is their turn.
pub(super) fn checksums_of_now(
    session: &Session<'_>,
    schema: &str,
    inventory: &Inventory,
    mut opened: impl FnMut() + Send,
) -> Result<BTreeMap<String, String>, Failure> {
    let tables: Vec<&TableRecord> = inventory.tables.iter().collect();
    let (checksums, asked) = checksum_statements(schema, &tables);
    let statements = format!(
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;\n\
         START TRANSACTION WITH CONSISTENT SNAPSHOT;\n\
         SELECT 'opened';\n{checksums}"
    );
    let mut rows = Vec::new();
    let mut first = true;
    session.ask_each(&statements, |row| {
        if std::mem::take(&mut first) {
            opened();
        } else {
            rows.push(row);
        }
    })?;
    let sums = checksums_of(schema, &asked, &rows)?;
    let names = asked.iter().map(|table| table.name.clone());
    Ok(names.zip(sums).collect())
}

/// Statements that answer with one row for each table, and the tables in the order of the answers.
fn checksum_statements<'a>(
    schema: &str,
    tables: &[&'a TableRecord],
) -> (String, Vec<&'a TableRecord>) {
    let (summed, plain): (Vec<&TableRecord>, Vec<_>) =
        tables.iter().partition(|table| !table.summed.is_empty());
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
    (statements, plain.into_iter().chain(summed).collect())
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

fn checksums_of(
    schema: &str,
    asked: &[&TableRecord],
    rows: &[Row],
) -> Result<Vec<String>, Failure> {
    if rows.len() != asked.len() {
        return Err(Failure::verification(format!(
            "the server gave {} checksums for {} tables of `{schema}`",
            rows.len(),
            asked.len()
        )));
    }
    asked
        .iter()
        .zip(rows)
        .map(|(table, row)| match row.last() {
            Some(value) if value != "NULL" => Ok(value.clone()),
            _ => Err(unreadable(schema, table)),
        })
        .collect()
}

fn unreadable(schema: &str, table: &TableRecord) -> Failure {
    let name = &table.name;
    Failure::verification(format!(
        "the server could not read the table `{schema}`.`{name}`"
    ))
    .hint("run `CHECK TABLE` on it; a damaged table can be neither dumped nor compared")
}

/// One value for all that a schema is and contains. Equal values mean that nothing changed.
pub(super) fn digest(inventory: &Inventory, contents: &AllContents) -> String {
    let mut texts = vec![inventory.create.clone()];
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
