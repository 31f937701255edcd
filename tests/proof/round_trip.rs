//! Backup, upgrade, damage, restore of a real installation: everything is as it was.

use std::path::Path;

use super::real::{Real, is_wanted};
use super::secrets::Watch;
use super::sets;

#[test]
fn two_schemas_come_back_exactly() {
    if is_wanted("two schemas") {
        round_trip(0);
    }
}

#[test]
fn a_general_schema_and_three_tenants_come_back_exactly() {
    if is_wanted("general schema and three tenants") {
        round_trip(2);
    }
}

fn round_trip(further_tenants: usize) {
    let real = Real::start(further_tenants);
    assert_eq!(real.schemas.len(), 2 + further_tenants);
    real.fill_queues();
    let before = real.fingerprint();
    let count = |kind: &str| {
        before
            .messages
            .iter()
            .filter(|line| line.starts_with(kind))
            .count()
    };
    assert_eq!((count("message "), count("job ")), (2220, 300));
    let watch = Watch::new(&real.password);

    real.kit.succeed(&["backup", "--scenario", "same-server"]);
    let set = real.kit.newest_set();
    sets::check(&real.kit, &set);

    real.kit
        .succeed(&["upgrade", "--scenario", "same-server", "--yes"]);
    assert_new_version(&real);
    damage(&real);

    real.kit.succeed(&[
        "restore",
        "--scenario",
        "same-server",
        "--yes",
        "--from",
        &set,
    ]);
    real.expect_processes();
    before.same(&real.fingerprint(), "after the restore");
    sets::check(&real.kit, &set);
    sets::check(&real.kit, &real.kit.newest_set());
    sets::no_remnants(&real.kit);

    let looked = watch.end();
    println!(
        "{} schemas: {} lines of state equal, {looked} looks at processes",
        real.schemas.len(),
        before.messages.len() + before.installed.len()
    );
    super::secrets::nowhere(&real);
    for folder in [&real.kit.sets, &real.kit.runs] {
        sets::private(folder);
    }
}

/// The new application answers, every schema says so, the old plugins are gone.
pub(super) fn assert_new_version(real: &Real) {
    real.expect_processes();
    for schema in &real.schemas {
        let version = real.sql(&format!(
            "SELECT VERSION FROM {schema}.TB_VERSION ORDER BY CREATION_TIME DESC, VERSION DESC LIMIT 1"
        ));
        assert_eq!(version.trim(), "5.1.1", "{schema}");
    }
    let unpacked = real.path("tomcat/webapps/domibus/WEB-INF/classes/version.properties");
    assert!(std::fs::read_to_string(unpacked).unwrap().contains("5.1.1"));
    let plugins = super::kit::names(&real.path("tomcat/conf/domibus/plugins/lib"));
    assert!(
        plugins.iter().all(|name| name.ends_with("-5.1.1.jar")),
        "{plugins:?}"
    );
    assert_eq!(plugins.len(), 3);
}

/// What a new version in production does to all that was saved, and worse.
fn damage(real: &Real) {
    real.jms(&["consume", "domibus.backend.jms.outQueue", "250"]);
    real.jms(&["consume", "domibus.DLQ", "5"]);
    real.jms(&["send", "domibus.notification.webservice", "40"]);
    real.jms(&["nack", "domibus.notification.webservice", "30"]);
    let general = &real.schemas[0];
    real.sql(&format!("CREATE TABLE {general}.TB_NEW (A INT); CREATE VIEW {general}.V_NEW AS SELECT * FROM {general}.TB_NEW"));
    for schema in &real.schemas {
        real.sql(&format!("INSERT INTO {schema}.TB_VERSION (VERSION, BUILD_TIME, CREATION_TIME) VALUES ('6.0', 'now', NOW())"));
    }
    for schema in &real.schemas[1..] {
        real.sql(&format!(
            "SET foreign_key_checks = 0; DELETE FROM {schema}.TB_USER_MESSAGE LIMIT 100; DROP VIEW {schema}.V_AUDIT, {schema}.V_MESSAGE"
        ));
    }
    let write = |path: &Path, text: &str| std::fs::write(path, text).unwrap();
    let outgoing = real.path("data/fs_plugin/default/OUT");
    write(&outgoing.join("new"), "new");
    write(&outgoing.join("linked-1"), "no longer the same");
    std::fs::remove_file(outgoing.join("two  spaces and a trailing one ")).unwrap();
    std::fs::remove_dir_all(real.path("data/payloads/default")).unwrap();
    write(&real.path("tomcat/conf/domibus/logback.xml"), "<changed/>");
    write(
        &real.path("tomcat/bin/setenv.sh"),
        &(std::fs::read_to_string(real.path("tomcat/bin/setenv.sh")).unwrap() + "# changed\n"),
    );
}
