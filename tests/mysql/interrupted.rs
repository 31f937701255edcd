//! Stopped, killed, and done by hand.

use std::time::{Duration, Instant};

use upgrade_kit::event::{FailureKind, StopLevel};

use super::rig::{rig, sql_file};
use super::stage::{dump, restore};
use crate::database_stage::Stage;
use crate::fake_tools::Tools;

/// A client that loads a part of a dump and then hangs.
const HALF: &str = "#!/bin/bash\ncase \"$*\" in\n\
    *--skip-column-names*) exec mariadb \"$@\" ;;\n\
    *) { head -c 300000; sleep 60; } | mariadb \"$@\" ;;\nesac\n";

#[test]
fn a_load_that_was_killed_half_way_is_restored_by_the_next_attempt() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let before = rig.exact_dump(&schema);
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let set = stage.sealed("set", &[dump(&connection, &schema)]);
    rig.load(&schema, &sql_file("5.1.1/mysql-5.1-to-5.1.1-upgrade.ddl"));

    let tools = Tools::new();
    tools.write("half", HALF);
    let mut hanging = connection.clone();
    hanging.client_program = Some(tools.path("half"));
    for level in [StopLevel::Kill, StopLevel::Ask] {
        let stage = Stage::new(&rig.password);
        let stop = stage.control.stop.clone();
        let watched = schema.clone();
        let stopper = std::thread::spawn(move || {
            // Until the load has made its first table.
            let deadline = Instant::now() + Duration::from_secs(30);
            let tables = format!(
                "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '{watched}' \
                 AND table_name NOT IN ('TB_MESSAGE_PROPERTIES', 'OLD_TB_SEND_ATTEMPT')"
            );
            while super::rig::rig().unwrap().sql(&tables) != "1" && Instant::now() < deadline {}
            std::thread::sleep(Duration::from_millis(500));
            stop.raise(level);
        });
        let failure = stage
            .restore(&set, &restore(&hanging, &schema))
            .unwrap_err();
        stopper.join().unwrap();
        assert_eq!(failure.kind(), FailureKind::Stopped, "{failure:?}");
        assert_ne!(rig.exact_dump(&schema), before);
    }
    stage.restore(&set, &restore(&connection, &schema)).unwrap();
    assert_eq!(rig.exact_dump(&schema), before);
}

#[test]
fn a_dump_stops_when_it_is_asked_to() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let tools = Tools::new();
    tools.write("slow", "#!/bin/sh\nmysqldump \"$@\"\nsleep 60\n");
    let mut connection = rig.connection();
    connection.dump_program = Some(tools.path("slow"));
    let stop = stage.control.stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(3));
        stop.raise(StopLevel::Ask);
    });
    let begun = Instant::now();
    let failure = stage
        .dump_into("set", &dump(&connection, &schema))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Stopped);
    assert!(begun.elapsed() < Duration::from_secs(40));
}

#[test]
fn a_dump_can_be_restored_by_hand() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    rig.load(
        &schema,
        "DELIMITER //\nCREATE PROCEDURE c() BEGIN /* kept */ SELECT 1; -- kept\nEND//\nDELIMITER ;",
    );
    let before = rig.exact_dump(&schema);
    let stage = Stage::new(&rig.password);
    let (set, outcome) = stage
        .dump_into("set", &dump(&rig.connection(), &schema))
        .unwrap();
    let record = &outcome.artifacts[0].details;
    let lines: Vec<String> = serde_json::from_value(record["by_hand"].clone()).unwrap();
    let set = stage.seal(&set, outcome.artifacts);
    let guide = std::fs::read_to_string(set.directory().join("RESTORE.md")).unwrap();
    assert!(lines.iter().all(|line| guide.contains(line)), "{guide}");
    rig.load(&schema, &sql_file("5.1.1/mysql-5.1-to-5.1.1-upgrade.ddl"));
    rig.sql(&format!(
        "ALTER DATABASE `{schema}` CHARACTER SET latin1 COMMENT 'changed'"
    ));
    rig.by_hand(&lines, set.directory());
    assert_eq!(rig.exact_dump(&schema), before);
}
