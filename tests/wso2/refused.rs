//! Bad input: whole outputs.

use insta::assert_snapshot;

use super::databases::postgres_section as postgres;
use super::world::World;
use crate::cli::harness::redact;

const H2: &str = "  database: { kind: h2, file: old/repository/database/WSO2CARBON_DB.mv.db }\n  \
                  staging: { kind: h2, file: new/repository/database/WSO2CARBON_DB.mv.db }\n";

/// Paths of the test's own place and its ports are not the same twice.
fn shown(world: &World, text: &str) -> String {
    let mut text = redact(text, world.sandbox.root());
    for home in ["old", "node2", "new"] {
        let port = world.sandbox.read(&format!("{home}/port"));
        text = text.replace(&port, &format!("<port of {home}>"));
    }
    text
}

#[test]
fn another_type_of_database_is_refused_with_everything_else_that_is_wrong() {
    let world = World::new(
        "  database: { kind: mysql, host: db.example, name: carbon, user: carbon }\n  \
         staging: { kind: oracle, host: db.example, name: CARBON, user: carbon }\n",
    );
    let said = world.sandbox.run(&["plan", "upgrade", "--scenario", "dss"]);
    assert_eq!(said.code(), 3);
    assert_snapshot!(shown(&world, &said.both()));
}

#[test]
fn a_script_that_is_missing_or_of_another_type_is_refused() {
    let world = World::new(H2.replace(" }", ", user: sa, jar: h2.jar }").as_str());
    let site = world.sandbox.read("site.yaml");
    world.sandbox.write(
        "site.yaml",
        &format!("{site}  migration: {{ folder: scripts }}\n"),
    );
    let missing = world.sandbox.run(&["plan", "upgrade", "--scenario", "dss"]);
    world
        .sandbox
        .write("scripts/oracle-migration.sql", "SELECT 1;");
    let other = "  migration: { script: scripts/oracle-migration.sql }\n";
    world.sandbox.write("site.yaml", &format!("{site}{other}"));
    let other = world.sandbox.run(&["plan", "upgrade", "--scenario", "dss"]);
    let both = format!("{}\n{}", missing.both(), other.both());
    assert_snapshot!(shown(&world, &both));
}

#[test]
fn a_file_that_is_no_xml_is_refused_before_anything_is_stopped() {
    let world = World::new(H2);
    world
        .sandbox
        .write("old/repository/database/WSO2CARBON_DB.mv.db", "no database");
    world.sandbox.write(
        "new/repository/conf/registry.xml",
        "<wso2registry>\n  <dbConfig>\n</wso2registry>\n",
    );
    world.sandbox.change(
        "new/repository/conf/user-mgt.xml",
        "name=\"dataSource\"",
        "name=\"other\"",
    );
    world.start("old");
    let said = world
        .sandbox
        .run(&["check", "upgrade", "--scenario", "carbon"]);
    assert_ne!(said.code(), 0);
    let text = said.both();
    assert!(text.contains("registry.xml cannot be edited"), "{text}");
    assert!(text.contains("there is no such element"), "{text}");
    assert!(world.runs("old"));
}

#[test]
fn a_server_that_is_not_shown_to_be_stopped_ends_the_backup() {
    let Some(rig) = crate::postgres::rig::rig() else {
        return;
    };
    let mut world = World::new(&postgres(rig, &rig.seeded(), &rig.empty()));
    world.sandbox.set("DB_PASSWORD", &rig.password);
    let port: u16 = world.sandbox.read("node2/port").parse().unwrap();
    let _held = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let said = world
        .sandbox
        .run(&["backup", "--yes", "--scenario", "carbon"]);
    assert_eq!(said.code(), 5, "{said}");
    let text = shown(&world, &said.both());
    let wanted =
        "port <port of node2> is open although no process of the server in [SITE]/node2 is left";
    assert!(text.contains(wanted), "{text}");
    assert!(
        !world
            .sandbox
            .path("backups/carbon")
            .join("manifest.json")
            .exists()
    );
    assert!(text.contains("not run  quiet"), "{text}");
}

#[test]
fn a_staging_database_that_holds_something_is_refused() {
    let Some(rig) = crate::postgres::rig::rig() else {
        return;
    };
    let (present, staging) = (rig.seeded(), rig.empty());
    let section = postgres(rig, &present, &staging);
    let mut world = World::new(&section);
    world.sandbox.set("DB_PASSWORD", &rig.password);
    _ = world
        .sandbox
        .done(&["backup", "--yes", "--scenario", "carbon"]);
    rig.sql(&staging, "", "CREATE TABLE somebodys (id INT)");
    let said = world
        .sandbox
        .run(&["check", "upgrade", "--scenario", "carbon"]);
    assert_eq!(said.code(), 4, "{said}");
    let wanted = format!("the database `{staging}` is not empty: it holds 1 objects");
    assert!(said.both().contains(&wanted), "{said}");
    let said = world
        .sandbox
        .run(&["upgrade", "--yes", "--scenario", "carbon"]);
    assert_ne!(said.code(), 0, "{said}");
    assert_eq!(rig.sql(&staging, "", "SELECT count(*) FROM somebodys"), "0");
}
