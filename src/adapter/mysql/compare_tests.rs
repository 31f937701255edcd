use super::*;
use crate::adapter::mysql::connection::Family;
use crate::adapter::mysql::record::TableRecord;

fn table(name: &str, columns: u64, definition: &str) -> TableRecord {
    TableRecord {
        name: name.to_owned(),
        kind: ObjectKind::Table,
        engine: "InnoDB".to_owned(),
        columns,
        floats: Vec::new(),
        summed: Vec::new(),
        definition: definition.to_owned(),
    }
}

fn object(kind: ObjectKind, name: &str, definition: &str) -> ObjectRecord {
    ObjectRecord {
        kind,
        name: name.to_owned(),
        definer: "root@localhost".to_owned(),
        once: false,
        definition: definition.to_owned(),
    }
}

fn contents(of: &[(&str, u64, &str)]) -> BTreeMap<String, Contents> {
    of.iter()
        .map(|(name, rows, checksum)| {
            let contents = Contents {
                rows: *rows,
                checksum: (*checksum).to_owned(),
            };
            ((*name).to_owned(), contents)
        })
        .collect()
}

fn record() -> DumpRecord {
    DumpRecord {
        format: 1,
        schema: "dom".to_owned(),
        family: Family::Mariadb,
        server_version: "10.11.19-MariaDB".to_owned(),
        tool: String::new(),
        inventory: Inventory {
            create: String::new(),
            character_set: "utf8mb4".to_owned(),
            collation: "utf8mb4_bin".to_owned(),
            tables: vec![table("a", 2, "da"), table("b", 1, "db")],
            objects: vec![
                object(ObjectKind::View, "v", "dv"),
                object(ObjectKind::Trigger, "t", "dt"),
                object(ObjectKind::Procedure, "p", "dp"),
                object(ObjectKind::Event, "e", "de"),
            ],
        },
        contents: contents(&[("a", 5, "1"), ("b", 0, "0")]),
        longest_line: 100,
        by_hand: Vec::new(),
    }
}

#[test]
fn the_same_is_the_same() {
    let record = record();
    let found = restored(&record, &record.inventory, &record.contents, true);
    assert_eq!(found, Differences::default());
    assert!(changed(&record.inventory, &record.inventory).is_empty());
}

#[test]
fn every_difference_is_named_with_its_numbers() {
    let record = record();
    let mut inventory = record.inventory.clone();
    inventory.collation = "latin1_bin".to_owned();
    inventory.tables[1].columns = 4;
    inventory.tables.push(table("new", 1, "dn"));
    inventory.objects[0].definition = "other".to_owned();
    inventory.objects.remove(2);
    let found = restored(
        &record,
        &inventory,
        &contents(&[("a", 4, "1"), ("b", 0, "9")]),
        true,
    );
    let expected = [
        "the schema has the character set utf8mb4 and collation latin1_bin, recorded were utf8mb4 \
         and utf8mb4_bin",
        "table `b` has 4 columns, recorded were 1",
        "view `v` is defined otherwise",
        "procedure `p` is missing",
        "table `new` is too many",
        "table `a` has 4 rows, recorded were 5",
        "table `b` has the checksum 9, recorded was 0 (0 rows)",
    ];
    let mut failures = found.failures.clone();
    failures.sort();
    let mut expected = expected.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(failures, expected);
    assert!(found.warnings.is_empty());
}

#[test]
fn time_and_other_versions_explain_differences() {
    let mut record = record();
    record.inventory.objects[3].once = true;
    let mut inventory = record.inventory.clone();
    inventory.objects.remove(3);
    inventory.tables[1].definition = "worded otherwise".to_owned();
    let found = restored(
        &record,
        &inventory,
        &contents(&[("a", 5, "1"), ("b", 0, "0")]),
        false,
    );
    assert!(found.failures.is_empty(), "{:?}", found.failures);
    assert_eq!(found.warnings.len(), 2, "{:?}", found.warnings);
}

#[test]
fn a_text_that_lacks_an_object_or_all_rows_of_a_table_is_found_out() {
    let record = record();
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let mut text = DumpText {
        tables: set(&["a", "b", "spoof"]),
        tables_with_rows: set(&["a"]),
        views: set(&["v"]),
        triggers: set(&["t"]),
        routines: set(&["p"]),
        events: set(&["e"]),
        ..DumpText::default()
    };
    let missing = |text: &DumpText| missing_in_text(&record.inventory, &record.contents, text);
    assert!(missing(&text).is_empty());
    text.triggers.clear();
    text.routines.clear();
    text.tables_with_rows.clear();
    assert_eq!(
        missing(&text),
        ["5 rows of table `a`", "trigger `t`", "procedure `p`"]
    );
}
