use super::*;

fn rows(lines: &[&str]) -> Vec<Row> {
    lines
        .iter()
        .map(|line| line.split('|').map(str::to_owned).collect())
        .collect()
}

#[test]
fn a_schema_is_read_and_its_neighbours_are_not() {
    let rows = rows(&[
        "schema|dom|utf8mb4|utf8mb4_bin",
        "schema|DOM|latin1|latin1_bin",
        "table|dom|t2|BASE TABLE|InnoDB|100",
        "table|dom|t1|BASE TABLE|MyISAM|11",
        "table|dom|s|SEQUENCE|InnoDB|0",
        "table|dom|h|SYSTEM VERSIONED|InnoDB|0",
        "table|dom|v|VIEW||0",
        "table|DOM|other|BASE TABLE|InnoDB|5000",
        "column|dom|t1|a|int|",
        "column|dom|t1|x|float|",
        "column|dom|t1|g|int|STORED GENERATED",
        "column|dom|t2|a|int|auto_increment",
        "column|DOM|t2|other|float|",
        "view|dom|v|root@localhost",
        "routine|dom|p|root@localhost|PROCEDURE",
        "event|dom|e|root@localhost|ONE TIME|NOT PRESERVE",
        "event|dom|f|root@localhost|RECURRING|NOT PRESERVE",
    ]);
    let found = of_rows("dom", &rows).unwrap();
    assert_eq!(found.sizes.values().sum::<u64>(), 111);
    assert_eq!(found.versioned, ["h"]);
    assert_eq!(found.inventory.collation, "utf8mb4_bin");
    let names: Vec<&str> = found
        .inventory
        .tables
        .iter()
        .map(|t| t.name.as_str())
        .collect();
    assert_eq!(names, ["h", "s", "t1", "t2"]);
    let t1 = &found.inventory.tables[2];
    assert_eq!(t1.columns, 3);
    assert_eq!(
        (t1.floats.join(" "), t1.summed.join(" ")),
        ("x".into(), "a x".into())
    );
    let t2 = &found.inventory.tables[3];
    assert_eq!((t2.columns, t2.summed.len()), (1, 0));
    let once: Vec<bool> = found.inventory.objects.iter().map(|o| o.once).collect();
    assert_eq!(once, [false, false, true, false]);
    assert_eq!(of_rows("Dom", &rows), None);
}

#[test]
fn a_hidden_body_is_not_a_definition() {
    let row: Row = ["p", "", "NULL", "utf8mb4"].map(str::to_owned).to_vec();
    assert_eq!(digest(ObjectKind::Procedure, &row), None);
    assert!(digest(ObjectKind::View, &row).is_some());
}

#[test]
fn a_collation_says_its_character_set() {
    let loaded = "`a` varchar(5) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\n  \
                  `b` text CHARACTER SET latin1,";
    let made = "`a` varchar(5) COLLATE utf8mb4_bin NOT NULL,\n  `b` text CHARACTER SET latin1,";
    assert_eq!(without_character_sets(loaded), made);
    assert_eq!(without_character_sets(made), made);
}

#[test]
fn when_a_trigger_was_made_is_no_part_of_it() {
    let row = |created: &str| -> Row {
        ["t", "", "CREATE…", "utf8mb4", "c", "d", created]
            .map(str::to_owned)
            .to_vec()
    };
    let one = digest(ObjectKind::Trigger, &row("2026-01-01"));
    assert_eq!(one, digest(ObjectKind::Trigger, &row("2026-02-02")));
}
