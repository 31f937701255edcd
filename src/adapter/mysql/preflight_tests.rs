use std::collections::BTreeMap;

use super::*;
use crate::adapter::Severity;
use crate::adapter::database::{Row, refuse_or_warn};
use crate::adapter::mysql::record::{Inventory, ObjectKind, ObjectRecord, TableRecord};

fn server(version: &str, lines: &[&str]) -> Server {
    let mut rows: Vec<Row> = [
        ["version", version],
        ["account", "bk@10.0.%"],
        ["max_allowed_packet", "16777216"],
    ]
    .iter()
    .map(|row| row.map(str::to_owned).to_vec())
    .collect();
    rows.extend(lines.iter().map(|line| vec![(*line).to_owned()]));
    Server::of_rows(&rows)
}

fn record(version: &str, definer: &str) -> DumpRecord {
    DumpRecord {
        format: 1,
        schema: "dom_a".to_owned(),
        family: Family::of_version(version),
        server_version: version.to_owned(),
        tool: String::new(),
        inventory: Inventory {
            create: String::new(),
            character_set: "utf8mb4".to_owned(),
            collation: "utf8mb4_bin".to_owned(),
            tables: Vec::new(),
            objects: vec![ObjectRecord {
                kind: ObjectKind::Trigger,
                name: "t".to_owned(),
                definer: definer.to_owned(),
                once: false,
                definition: String::new(),
            }],
        },
        contents: BTreeMap::new(),
        longest_line: 1000,
        by_hand: Vec::new(),
    }
}

#[test]
fn a_starved_account_gets_the_exact_statements() {
    let server = server(
        "10.11.19-MariaDB",
        &["GRANT SELECT, EVENT ON `dom\\_a`.* TO `bk`@`10.0.%`"],
    );
    let findings = dump_rights(&server, "dom_a");
    assert_eq!(findings[0].severity, Severity::Refuse);
    assert_eq!(
        findings[0].message,
        "the account bk@10.0.% lacks SHOW VIEW, TRIGGER, the sight of stored routines on `dom_a`: \
         a dump would fail or silently leave objects out"
    );
    assert_eq!(
        findings[0].hint.as_deref(),
        Some(
            "GRANT SHOW VIEW, TRIGGER ON `dom\\_a`.* TO 'bk'@'10.0.%'; \
             GRANT SELECT ON mysql.proc TO 'bk'@'10.0.%';"
        )
    );
    assert_eq!(findings[1].severity, Severity::Warning);
    assert!(findings[1].message.contains("PROCESS"));
}

#[test]
fn root_needs_nothing_more() {
    let server = server("8.0.46", &["GRANT ALL PRIVILEGES ON *.* TO `bk`@`10.0.%`"]);
    assert!(dump_rights(&server, "dom_a").is_empty());
    let record = record("8.0.46", "root@localhost");
    assert!(restore_rights(&server, "dom_a", &record).is_empty());
}

#[test]
fn a_restore_needs_the_right_to_other_definers() {
    let all = "GRANT ALL PRIVILEGES ON `dom\\_a`.* TO `bk`@`10.0.%`";
    for (version, right) in [
        ("10.11.19-MariaDB", "SET USER"),
        ("5.7.42", "SUPER"),
        ("8.0.15", "SET_USER_ID"),
        ("8.4.10", "SET_ANY_DEFINER, SYSTEM_USER"),
    ] {
        let refused = |definer: &str, grants: &[&str]| {
            let mut lines = vec![
                all,
                "GRANT SELECT, PROCESS, SHOW VIEW ON *.* TO `bk`@`10.0.%`",
            ];
            lines.extend(grants);
            restore_rights(&server(version, &lines), "dom_a", &record(version, definer))
        };
        let findings = refused("root@localhost", &[]);
        assert_eq!(findings.len(), 1, "{version}: {findings:?}");
        let hint = format!("GRANT {right} ON *.* TO 'bk'@'10.0.%';");
        assert_eq!(findings[0].hint.as_deref(), Some(hint.as_str()));
        assert!(refused("bk@10.0.%", &[]).is_empty(), "{version}");
        let grant = format!("GRANT {right} ON *.* TO `bk`@`10.0.%`");
        assert!(refused("root@localhost", &[&grant]).is_empty(), "{version}");
    }
}

#[test]
fn what_the_server_cannot_take_is_refused_before_the_drop() {
    let mut strict = server(
        "8.0.46",
        &["GRANT ALL PRIVILEGES ON `dom\\_a`.* TO `bk`@`10.0.%`"],
    );
    strict.log_bin = true;
    strict.read_only = true;
    let mut record = record("10.11.19-MariaDB", "bk@10.0.%");
    record.longest_line = 20_000_000;
    let findings = restore_rights(&strict, "dom_a", &record);
    let messages: Vec<&str> = findings.iter().map(|f| f.message.as_str()).collect();
    for part in [
        "does not load into MySQL",
        "read-only",
        "largest row",
        "binary log",
    ] {
        assert!(
            messages.iter().any(|m| m.contains(part)),
            "{part}: {messages:?}"
        );
    }
    let hints: Vec<&str> = findings.iter().filter_map(|f| f.hint.as_deref()).collect();
    assert!(
        hints.contains(&"SET GLOBAL max_allowed_packet = 20971520;"),
        "{hints:?}"
    );
    let failure = refuse_or_warn(findings).unwrap_err();
    assert!(failure.0.message.contains("does not load"));
    assert!(failure.0.causes.len() >= 3);
}

#[test]
fn what_a_dump_cannot_keep_is_said() {
    let table = |name: &str, engine: &str, floats: &[&str]| TableRecord {
        name: name.to_owned(),
        kind: ObjectKind::Table,
        engine: engine.to_owned(),
        columns: 1,
        floats: floats.iter().map(|&name| name.to_owned()).collect(),
        summed: Vec::new(),
        definition: String::new(),
    };
    let found = Schema {
        inventory: Inventory {
            create: String::new(),
            character_set: String::new(),
            collation: String::new(),
            tables: vec![
                table("a", "InnoDB", &["f"]),
                table("b", "MyISAM", &[]),
                table("c", "FEDERATED", &[]),
            ],
            objects: Vec::new(),
        },
        sizes: BTreeMap::new(),
        versioned: vec!["h".to_owned()],
    };
    let findings = dump_limits("dom", &found);
    let text: Vec<String> = findings
        .iter()
        .map(|f| format!("{:?} {}", f.severity, f.message))
        .collect();
    assert!(
        text[0].starts_with("Refuse") && text[0].contains('h'),
        "{text:?}"
    );
    assert!(text[1].contains("c (FEDERATED)"), "{text:?}");
    assert!(text[2].contains("b (MyISAM)"), "{text:?}");
    assert!(text[3].contains("a.f"), "{text:?}");
}
