//! Is what is there what was recorded?

use std::collections::{BTreeMap, BTreeSet};

use super::pump_log::PumpLog;
use super::record::{DumpRecord, Inventory, ObjectRecord};

type Key<'a> = (&'a str, &'a str);

/// What changed between two looks at one schema.
pub(super) fn changed(before: &Inventory, after: &Inventory) -> Vec<String> {
    let mut found = restored(before, after);
    for (table, was) in &before.contents {
        let Some(is) = after.contents.get(table) else {
            continue;
        };
        if was.rows == is.rows && was.change != is.change {
            found.push(format!("something was committed in the table {table}"));
        }
    }
    found
}

/// How a restored schema differs from the record.
pub(super) fn restored(recorded: &Inventory, found: &Inventory) -> Vec<String> {
    let mut differences = Vec::new();
    let mut left = by_key(found);
    for (key, object) in by_key(recorded) {
        let text = named(object);
        match left.remove(&key) {
            None => differences.push(format!("{text} is missing")),
            Some(now) if now.definition != object.definition => {
                differences.push(format!("{text} is defined otherwise"));
            }
            Some(now) if now.status != object.status && object.status == "VALID" => {
                differences.push(format!("{text} is {}, recorded was VALID", now.status));
            }
            Some(_) => {}
        }
    }
    differences.extend(
        left.into_values()
            .map(|one| format!("{} is too many", named(one))),
    );
    for (table, was) in &recorded.contents {
        if let Some(is) = found.contents.get(table)
            && is.rows != was.rows
        {
            differences.push(format!(
                "table {table} has {} rows, recorded were {}",
                is.rows, was.rows
            ));
        }
    }
    differences
}

/// Tables of which the log says another number of rows than was counted. One without rows may be
/// missing in a log: a table has no segment until its first row.
pub(super) fn against_log(schema: &str, counted: &Inventory, log: &PumpLog) -> Vec<String> {
    let mut differences = Vec::new();
    for (table, contents) in &counted.contents {
        let key = (schema.to_owned(), table.clone());
        let moved = log.rows.get(&key).copied().unwrap_or(0);
        if moved != contents.rows {
            differences.push(format!(
                "the log says {moved} rows of table {table}, counted were {}",
                contents.rows
            ));
        }
    }
    differences
}

/// What the account may do now and could not at the export, or the other way round: a dump holds neither.
pub(super) fn changed_grants(record: &DumpRecord, now: &BTreeSet<String>) -> Option<String> {
    let was = &record.grants;
    if was.is_empty() || was == now {
        return None;
    }
    let list = |grants: BTreeSet<String>| grants.into_iter().collect::<Vec<_>>().join(", ");
    Some(format!(
        "the rights of {} changed since the export: now granted `{}`, no more granted `{}`",
        record.schema,
        list(now - was),
        list(was - now)
    ))
}

fn by_key(inventory: &Inventory) -> BTreeMap<Key<'_>, &ObjectRecord> {
    let objects = inventory.objects.iter();
    objects
        .map(|object| ((object.kind.as_str(), object.name.as_str()), object))
        .collect()
}

fn named(object: &ObjectRecord) -> String {
    format!("{} {}", object.kind.to_lowercase(), object.name)
}

#[cfg(test)]
mod tests {
    use super::super::record::Contents;
    use super::*;

    fn inventory(objects: &[(&str, &str, &str)], rows: u64, change: &str) -> Inventory {
        let objects = objects.iter().map(|(kind, name, definition)| ObjectRecord {
            kind: (*kind).to_owned(),
            name: (*name).to_owned(),
            status: "VALID".to_owned(),
            definition: (*definition).to_owned(),
        });
        let change = change.to_owned();
        Inventory {
            objects: objects.collect(),
            contents: BTreeMap::from([("T".to_owned(), Contents { rows, change })]),
        }
    }

    #[test]
    fn every_difference_is_named() {
        let was = inventory(&[("TABLE", "T", "a"), ("SEQUENCE", "S", "7")], 3, "100");
        let is = inventory(&[("TABLE", "T", "b"), ("VIEW", "V", "1")], 4, "100");
        assert_eq!(
            restored(&was, &is),
            [
                "sequence S is missing",
                "table T is defined otherwise",
                "view V is too many",
                "table T has 4 rows, recorded were 3"
            ]
        );
        let later = inventory(&[("TABLE", "T", "a"), ("SEQUENCE", "S", "7")], 3, "101");
        assert!(restored(&was, &later).is_empty());
        assert_eq!(
            changed(&was, &later),
            ["something was committed in the table T"]
        );
    }

    #[test]
    fn a_log_must_say_every_row() {
        let counted = inventory(&[("TABLE", "T", "")], 3, "");
        let log = PumpLog::of(". . exported \"S\".\"T\"  8 KB  2 rows");
        assert_eq!(against_log("S", &counted, &log).len(), 1);
        let log = PumpLog::of(". . exported \"S\".\"T\"  8 KB  3 rows");
        assert!(against_log("S", &counted, &log).is_empty());
        assert_eq!(against_log("OTHER", &counted, &log).len(), 1);
    }
}
