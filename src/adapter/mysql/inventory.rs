//! What a schema holds: names from `information_schema`, definitions from `SHOW CREATE`.
//!
//! `information_schema` shows only what the account may see, so an inventory is no proof of
//! completeness by itself: [`super::preflight`] looks at the grants first.

use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::quoting::{identifier, literal, qualified};
use super::record::{Inventory, ObjectKind, ObjectRecord, TableRecord};
use super::session::Session;
use crate::adapter::Failure;
use crate::adapter::database::Row;
use crate::backup::hex;

/// Objects whose definitions are asked for at once.
const BATCH: usize = 500;

/// A schema as it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schema {
    pub(super) inventory: Inventory,
    /// Bytes of data and indexes by table, as the server estimates them.
    pub(super) sizes: BTreeMap<String, u64>,
    /// Tables with system versioning: a dump leaves their history out.
    pub(super) versioned: Vec<String>,
}

/// Looks at a schema. Refuses if there is none of that name.
pub(super) fn look(session: &Session<'_>, schema: &str) -> Result<Schema, Failure> {
    let mut found = list(session, schema)?;
    define(session, schema, &mut found.inventory)?;
    Ok(found)
}

/// The names only; definitions are empty.
pub(super) fn list(session: &Session<'_>, schema: &str) -> Result<Schema, Failure> {
    let rows = session.ask(&list_statements(schema))?;
    match of_rows(schema, &rows) {
        Some(found) => Ok(found),
        None => Err(missing(session, schema)?),
    }
}

fn missing(session: &Session<'_>, schema: &str) -> Result<Failure, Failure> {
    let names: Vec<String> = session.ask("SHOW DATABASES;\n")?.concat();
    let near = names
        .iter()
        .map(|name| (strsim::jaro_winkler(name, schema), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let address = session.connection.address();
    let failure = Failure::refused(format!("no schema `{schema}` on the server at {address}"));
    Ok(match near {
        Some((_, name)) => failure.hint(format!(
            "the server has `{name}`; check the schema's name in the site"
        )),
        None => failure.hint(
            "check the schema's name in the site, and that the account has a right to it \
             (a schema without one is not shown)",
        ),
    })
}

/// The conditions let the server look at one schema; names that its collation thinks equal are
/// sorted out by [`of_rows`], for which every row carries the schema's name.
fn list_statements(schema: &str) -> String {
    let name = literal(schema);
    format!(
        "SELECT 'schema', SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME \
         FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {name};\n\
         SELECT 'table', TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, IFNULL(ENGINE, ''), \
         IFNULL(DATA_LENGTH, 0) + IFNULL(INDEX_LENGTH, 0) \
         FROM information_schema.TABLES WHERE TABLE_SCHEMA = {name};\n\
         SELECT 'column', TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, EXTRA \
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {name} ORDER BY ORDINAL_POSITION;\n\
         SELECT 'view', TABLE_SCHEMA, TABLE_NAME, DEFINER \
         FROM information_schema.VIEWS WHERE TABLE_SCHEMA = {name};\n\
         SELECT 'routine', ROUTINE_SCHEMA, ROUTINE_NAME, DEFINER, ROUTINE_TYPE \
         FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {name};\n\
         SELECT 'trigger', TRIGGER_SCHEMA, TRIGGER_NAME, DEFINER \
         FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {name};\n\
         SELECT 'event', EVENT_SCHEMA, EVENT_NAME, DEFINER, EVENT_TYPE, ON_COMPLETION \
         FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {name};\n"
    )
}

fn of_rows(schema: &str, rows: &[Row]) -> Option<Schema> {
    let mut found = Schema {
        inventory: Inventory {
            create: String::new(),
            character_set: String::new(),
            collation: String::new(),
            tables: Vec::new(),
            objects: Vec::new(),
        },
        sizes: BTreeMap::new(),
        versioned: Vec::new(),
    };
    let mut columns = BTreeMap::new();
    for row in rows {
        let row: Vec<&str> = row.iter().map(String::as_str).collect();
        if row.get(1) == Some(&schema) {
            take_row(&mut found, &mut columns, &row);
        }
    }
    if found.inventory.character_set.is_empty() {
        return None;
    }
    let Inventory {
        tables, objects, ..
    } = &mut found.inventory;
    for table in tables.iter_mut() {
        let columns = columns.remove(table.name.as_str()).unwrap_or_default();
        take_columns(table, &columns);
    }
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    objects.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Some(found)
}

fn take_row<'a>(
    found: &mut Schema,
    columns: &mut BTreeMap<&'a str, Vec<Column<'a>>>,
    row: &[&'a str],
) {
    match row {
        ["schema", _, set, collation] => {
            (*set).clone_into(&mut found.inventory.character_set);
            (*collation).clone_into(&mut found.inventory.collation);
        }
        ["table", _, name, kind, engine, bytes] => {
            let bytes = bytes.parse().unwrap_or_default();
            found.sizes.insert((*name).to_owned(), bytes);
            take_table(found, name, kind, engine);
        }
        ["column", _, table, name, kind, extra] => {
            // `VIRTUAL GENERATED`, `STORED GENERATED`; MariaDB 5 and 10.1: `VIRTUAL`, `PERSISTENT`.
            let generated = ["GENERATED", "VIRTUAL", "PERSISTENT"];
            columns.entry(table).or_default().push(Column {
                name,
                float: *kind == "float",
                generated: extra.split(' ').any(|word| generated.contains(&word)),
            });
        }
        [what, _, name, definer, details @ ..] => {
            let objects = &mut found.inventory.objects;
            objects.extend(object(what, name, definer, details));
        }
        _ => {}
    }
}

fn take_table(found: &mut Schema, name: &str, kind: &str, engine: &str) {
    let object = match kind {
        "VIEW" | "SYSTEM VIEW" => return,
        "SEQUENCE" => ObjectKind::Sequence,
        "SYSTEM VERSIONED" => {
            found.versioned.push(name.to_owned());
            ObjectKind::Table
        }
        _ => ObjectKind::Table,
    };
    found.inventory.tables.push(TableRecord {
        name: name.to_owned(),
        kind: object,
        engine: engine.to_owned(),
        columns: 0,
        floats: Vec::new(),
        summed: Vec::new(),
        definition: String::new(),
    });
}

struct Column<'a> {
    name: &'a str,
    float: bool,
    generated: bool,
}

fn take_columns(table: &mut TableRecord, columns: &[Column<'_>]) {
    let names = |wanted: &dyn Fn(&Column<'_>) -> bool| -> Vec<String> {
        let columns = columns.iter().filter(|column| wanted(column));
        columns.map(|column| column.name.to_owned()).collect()
    };
    table.columns = columns.len() as u64;
    table.floats = names(&|column| column.float);
    if columns
        .iter()
        .any(|column| column.float || column.generated)
    {
        table.summed = names(&|column| !column.generated);
    }
}

fn object(what: &str, name: &str, definer: &str, details: &[&str]) -> Option<ObjectRecord> {
    let kind = match (what, details.first().copied()) {
        ("view", _) => ObjectKind::View,
        ("routine", Some("PROCEDURE")) => ObjectKind::Procedure,
        ("routine", Some("PACKAGE")) => ObjectKind::Package,
        ("routine", Some("PACKAGE BODY")) => ObjectKind::PackageBody,
        ("routine", _) => ObjectKind::Function,
        ("trigger", _) => ObjectKind::Trigger,
        ("event", _) => ObjectKind::Event,
        _ => return None,
    };
    Some(ObjectRecord {
        kind,
        name: name.to_owned(),
        definer: definer.to_owned(),
        once: details == ["ONE TIME", "NOT PRESERVE"],
        definition: String::new(),
    })
}

/// Fills in the definitions. Every `SHOW CREATE` answers with exactly one row.
fn define(session: &Session<'_>, schema: &str, inventory: &mut Inventory) -> Result<(), Failure> {
    let create = &mut inventory.create;
    let mut wanted: Vec<(ObjectKind, &str, &mut String)> = Vec::new();
    for table in &mut inventory.tables {
        wanted.push((table.kind, &table.name, &mut table.definition));
    }
    for object in &mut inventory.objects {
        wanted.push((object.kind, &object.name, &mut object.definition));
    }
    // An empty schema has a definition too.
    let mut batches: Vec<&mut [_]> = wanted.chunks_mut(BATCH).collect();
    if batches.is_empty() {
        batches.push(&mut []);
    }
    for batch in batches {
        let statements = definition_statements(schema, batch);
        let mut hidden = Vec::new();
        let mut next = 0;
        let mut first = true;
        session.ask_each(&statements, |row| {
            if std::mem::take(&mut first) {
                *create = row.last().cloned().unwrap_or_default();
                return;
            }
            if let Some((kind, name, definition)) = batch.get_mut(next) {
                match digest(*kind, &row) {
                    Some(digest) => **definition = digest,
                    None => hidden.push(format!("{} `{name}`", kind.word())),
                }
            }
            next += 1;
        })?;
        if let Some(first) = hidden.first() {
            return Err(Failure::refused(format!(
                "the account sees that there is a {first} but not what it says"
            ))
            .hint("grant the account the right to see routines that `upgrade-kit check` names"));
        }
        if next != batch.len() {
            return Err(Failure::verification(format!(
                "the server described {next} of {} objects of `{schema}`",
                batch.len()
            )));
        }
    }
    Ok(())
}

/// The schema's own first, then one for each object.
fn definition_statements(schema: &str, objects: &[(ObjectKind, &str, &mut String)]) -> String {
    let name = identifier(schema);
    let mut statements = format!("USE {name};\nSHOW CREATE DATABASE {name};\n");
    for (kind, name, _) in objects {
        let word = kind.word().to_uppercase();
        let name = qualified(schema, name);
        let _ = writeln!(statements, "SHOW CREATE {word} {name};");
    }
    statements
}

/// SHA-256 of a `SHOW CREATE` row; `None` if the account may not see the definition. A trigger's
/// last column is the time of its creation.
fn digest(kind: ObjectKind, row: &[String]) -> Option<String> {
    let routine = matches!(
        kind,
        ObjectKind::Procedure
            | ObjectKind::Function
            | ObjectKind::Package
            | ObjectKind::PackageBody
    );
    if routine && row.get(2).is_none_or(|body| body == "NULL") {
        return None;
    }
    Some(match kind {
        ObjectKind::Trigger => sha256(row.get(..6).unwrap_or(row)),
        ObjectKind::Table => {
            let columns: Vec<String> = row
                .iter()
                .map(|text| without_character_sets(text))
                .collect();
            sha256(&columns)
        }
        _ => sha256(row),
    })
}

/// MySQL writes a column's collation alone until the table is made from that text, and from then on
/// `CHARACTER SET … COLLATE …`. A collation belongs to one character set, so nothing is lost.
fn without_character_sets(definition: &str) -> String {
    const BEFORE: &str = " CHARACTER SET ";
    let mut pieces = definition.split(BEFORE);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once(' ') {
            Some((_, rest)) if rest.starts_with("COLLATE ") => {
                text.push(' ');
                text.push_str(rest);
            }
            _ => {
                text.push_str(BEFORE);
                text.push_str(piece);
            }
        }
    }
    text
}

/// SHA-256 over texts, each ended by a NUL, which no text of a server holds.
pub(super) fn sha256<T: AsRef<[u8]>>(texts: &[T]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_ref());
        hash.update([0]);
    }
    hex(&hash.finalize())
}

#[cfg(test)]
#[path = "inventory_tests.rs"]
mod tests;
