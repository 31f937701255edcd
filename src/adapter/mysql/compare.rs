//! Is what is there what was recorded?

use std::collections::BTreeMap;

use super::preflight::ELSEWHERE;
use super::record::{Contents, DumpRecord, Inventory, ObjectKind, ObjectRecord};
use super::scanner::DumpText;

/// What differs between a record and a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Differences {
    /// The schema is not what was recorded.
    pub(super) failures: Vec<String>,
    /// Explained by another version of the server, or by time.
    pub(super) warnings: Vec<String>,
}

/// Objects that a dump's text must hold and does not.
pub(super) fn missing_in_text(
    inventory: &Inventory,
    contents: &BTreeMap<String, Contents>,
    text: &DumpText,
) -> Vec<String> {
    let mut missing = Vec::new();
    for table in &inventory.tables {
        if !text.tables.contains(&table.name) {
            missing.push(format!("{} `{}`", table.kind.word(), table.name));
        }
        let rows = contents
            .get(&table.name)
            .map_or(0, |contents| contents.rows);
        let written =
            table.kind == ObjectKind::Table && !ELSEWHERE.contains(&table.engine.as_str());
        if written && rows > 0 && !text.tables_with_rows.contains(&table.name) {
            missing.push(format!("{rows} rows of table `{}`", table.name));
        }
    }
    for object in &inventory.objects {
        let seen = match object.kind {
            ObjectKind::View => &text.views,
            ObjectKind::Trigger => &text.triggers,
            ObjectKind::Event => &text.events,
            _ => &text.routines,
        };
        if !seen.contains(&object.name) {
            missing.push(named(object));
        }
    }
    missing
}

/// What changed between two looks at a schema, for a dump that must not see a change.
pub(super) fn changed(before: &Inventory, after: &Inventory) -> Vec<String> {
    let mut differences = Differences::default();
    compare_inventories(before, after, true, &mut differences);
    let mut all = differences.failures;
    all.append(&mut differences.warnings);
    all
}

/// A restored schema against the record of its dump. Definitions are worded by the server: those of
/// another version may differ in words only.
pub(super) fn restored(
    record: &DumpRecord,
    inventory: &Inventory,
    contents: &BTreeMap<String, Contents>,
    same_version: bool,
) -> Differences {
    let mut differences = Differences::default();
    compare_inventories(&record.inventory, inventory, same_version, &mut differences);
    for table in &record.inventory.tables {
        let pair = (record.contents.get(&table.name), contents.get(&table.name));
        let (Some(recorded), Some(found)) = pair else {
            continue;
        };
        if recorded.rows != found.rows {
            differences.failures.push(format!(
                "table `{}` has {} rows, recorded were {}",
                table.name, found.rows, recorded.rows
            ));
        } else if recorded.checksum != found.checksum {
            differences.failures.push(format!(
                "table `{}` has the checksum {}, recorded was {} ({} rows)",
                table.name, found.checksum, recorded.checksum, found.rows
            ));
        }
    }
    differences
}

fn compare_inventories(
    recorded: &Inventory,
    found: &Inventory,
    same_version: bool,
    differences: &mut Differences,
) {
    if (&recorded.character_set, &recorded.collation) != (&found.character_set, &found.collation) {
        differences.failures.push(format!(
            "the schema has the character set {} and collation {}, recorded were {} and {}",
            found.character_set, found.collation, recorded.character_set, recorded.collation
        ));
    }
    if same_version && recorded.create != found.create {
        differences.failures.push(format!(
            "the schema is defined by `{}`, recorded was `{}`",
            found.create, recorded.create
        ));
    }
    let (recorded, mut found) = (entries(recorded), entries(found));
    for (key, entry) in recorded {
        compare_entry(&entry, found.remove(&key), same_version, differences);
    }
    for entry in found.into_values() {
        let text = format!("{} is too many", entry.text);
        differences.failures.push(text);
    }
}

fn compare_entry(
    entry: &Entry,
    found: Option<Entry>,
    same_version: bool,
    differences: &mut Differences,
) {
    match found {
        None if entry.once => differences.warnings.push(format!(
            "{} is gone: its one time has passed, and the server drops it then",
            entry.text
        )),
        None => {
            let text = format!("{} is missing", entry.text);
            differences.failures.push(text);
        }
        Some(now) if now.columns != entry.columns => differences.failures.push(format!(
            "{} has {} columns, recorded were {}",
            entry.text,
            now.columns.unwrap_or_default(),
            entry.columns.unwrap_or_default()
        )),
        Some(now) if now.definition != entry.definition => {
            let text = format!("{} is defined otherwise", entry.text);
            if same_version {
                differences.failures.push(text);
            } else {
                differences.warnings.push(text);
            }
        }
        Some(_) => {}
    }
}

fn entries(inventory: &Inventory) -> BTreeMap<(ObjectKind, String), Entry> {
    let tables = inventory.tables.iter().map(|table| Entry {
        text: format!("{} `{}`", table.kind.word(), table.name),
        key: (table.kind, table.name.clone()),
        definition: table.definition.clone(),
        columns: Some(table.columns),
        once: false,
    });
    let objects = inventory.objects.iter().map(|object| Entry {
        text: named(object),
        key: (object.kind, object.name.clone()),
        definition: object.definition.clone(),
        columns: None,
        once: object.once,
    });
    tables
        .chain(objects)
        .map(|entry| (entry.key.clone(), entry))
        .collect()
}

struct Entry {
    text: String,
    key: (ObjectKind, String),
    definition: String,
    columns: Option<u64>,
    once: bool,
}

fn named(object: &ObjectRecord) -> String {
    format!("{} `{}`", object.kind.word(), object.name)
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
