//! Stopped and killed.

use std::time::{Duration, Instant};

use upgrade_kit::event::{FailureKind, StopLevel};

use super::rig::{dump, restore, rig};
use crate::database_stage::Stage;
use crate::fake_tools::Tools;

#[test]
fn a_load_that_was_killed_half_way_is_restored_by_the_next_attempt() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let before = rig.exact_dump(&database);
    let stage = Stage::new(&rig.password);
    let set = stage.sealed("set", &[dump(&rig.connection(), &database)]);
    let tools = Tools::new();
    tools.write(
        "half",
        "#!/bin/bash\ncase \"$*\" in *file=-*) { head -c 20000; sleep 60; } | psql \"$@\" ;; \
         *) exec psql \"$@\" ;; esac\n",
    );
    let mut hanging = rig.connection();
    hanging.client_program = Some(tools.path("half"));
    for level in [StopLevel::Kill, StopLevel::Ask] {
        let stage = Stage::new(&rig.password);
        let stop = stage.control.stop.clone();
        let loads = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' \
             AND backend_start < now() - interval '1 second'"
        );
        let stopper = std::thread::spawn(move || {
            let deadline = Instant::now() + Duration::from_secs(30);
            while super::rig::rig().unwrap().sql("postgres", "", &loads) == "0"
                && Instant::now() < deadline
            {}
            stop.raise(level);
        });
        let failure = stage
            .restore(&set, &restore(&hanging, &database))
            .unwrap_err();
        stopper.join().unwrap();
        assert_eq!(failure.kind(), FailureKind::Stopped, "{failure:?}");
        assert_ne!(rig.exact_dump(&database), before);
    }
    let stage = Stage::new(&rig.password);
    stage
        .restore(&set, &restore(&rig.connection(), &database))
        .unwrap();
    assert_eq!(rig.exact_dump(&database), before);
}

#[test]
fn a_dump_stops_when_it_is_asked_to() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let stage = Stage::new(&rig.password);
    let tools = Tools::new();
    tools.write("slow", "#!/bin/sh\npg_dump \"$@\"\nsleep 60\n");
    let mut connection = rig.connection();
    connection.dump_program = Some(tools.path("slow"));
    let stop = stage.control.stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(3));
        stop.raise(StopLevel::Ask);
    });
    let begun = Instant::now();
    let failure = stage
        .dump_into("set", &dump(&connection, &database))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Stopped);
    assert!(begun.elapsed() < Duration::from_secs(40));
}
