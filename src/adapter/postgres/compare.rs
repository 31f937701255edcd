//! Is what is there what was recorded?

use std::collections::BTreeMap;

use super::contents::AllContents;

/// Definitions that are missing, too many, or other than they were.
pub(super) fn definitions(
    recorded: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut all = of_names(recorded, found, "");
    for (name, definition) in recorded {
        if found.get(name).is_some_and(|now| now != definition) {
            all.push(format!("{name} is defined otherwise"));
        }
    }
    all
}

/// Tables and sequences whose rows are not the recorded ones.
pub(super) fn contents(recorded: &AllContents, found: &AllContents) -> Vec<String> {
    let mut all = of_names(recorded, found, "the contents of ");
    for (name, was) in recorded {
        match found.get(name) {
            Some(now) if now.rows != was.rows => all.push(format!(
                "`{name}` has {} rows, recorded were {}",
                now.rows, was.rows
            )),
            Some(now) if now.checksum != was.checksum => all.push(format!(
                "the checksum of `{name}` is {}, recorded was {}",
                now.checksum, was.checksum
            )),
            _ => {}
        }
    }
    all
}

fn of_names<T>(
    recorded: &BTreeMap<String, T>,
    found: &BTreeMap<String, T>,
    what: &str,
) -> Vec<String> {
    let absent = |one: &BTreeMap<String, T>, other: &BTreeMap<String, T>, word: &str| {
        let names = one.keys().filter(|name| !other.contains_key(*name));
        names
            .map(|name| format!("{what}{name} {word}"))
            .collect::<Vec<_>>()
    };
    let mut all = absent(recorded, found, "is missing");
    all.extend(absent(found, recorded, "is too many"));
    all
}

/// Tables whose rows in a dump's text are not as many as the snapshot had.
pub(super) fn rows_in_text(contents: &AllContents, text: &BTreeMap<String, u64>) -> Vec<String> {
    let counted = contents.iter().filter(|(_, contents)| contents.rows > 0);
    counted
        .filter_map(|(name, contents)| {
            // Large objects are statements, not rows.
            if name == super::contents::LARGE_OBJECTS {
                return None;
            }
            let written = text.get(name).copied().unwrap_or_default();
            (written != contents.rows).then(|| {
                format!(
                    "`{name}` has {written} rows in the dump and {} in the database",
                    contents.rows
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::postgres::record::Contents;

    #[test]
    fn every_difference_is_named() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect()
        };
        let found = definitions(
            &map(&[("A", "1"), ("B", "1")]),
            &map(&[("B", "2"), ("C", "1")]),
        );
        assert_eq!(
            found,
            ["A is missing", "C is too many", "B is defined otherwise"]
        );
        let table = |rows, checksum: &str| -> AllContents {
            let checksum = checksum.to_owned();
            BTreeMap::from([("s.t".to_owned(), Contents { rows, checksum })])
        };
        assert_eq!(
            contents(&table(1, "5"), &table(1, "5")),
            Vec::<String>::new()
        );
        assert!(contents(&table(1, "5"), &table(2, "5"))[0].contains("2 rows, recorded were 1"));
        assert!(contents(&table(1, "5"), &table(1, "6"))[0].contains("checksum"));
        assert_eq!(rows_in_text(&table(1, "5"), &BTreeMap::new()).len(), 1);
        let text = BTreeMap::from([("s.t".to_owned(), 1)]);
        assert_eq!(rows_in_text(&table(1, "5"), &text).len(), 0);
    }
}
