//! Servers and databases that do not do what they should: what an operator reads then, whole.

use insta::assert_snapshot;

use super::databases::{self, Database};
use super::world::{World, shown};
use crate::cli::harness::Said;

/// The same, with names and ports of a database server. Each is there as `NAME: VALUE,` in the site.
fn shown_with(world: &World, database: &Database, text: &str) -> String {
    let values = |name: &str| -> Vec<String> {
        let key = format!("{name}: ");
        let parts = database.section.split(&key).skip(1);
        parts
            .map(|part| part.split(',').next().unwrap().to_owned())
            .collect()
    };
    let (names, port) = (values("name"), &values("port")[0]);
    let text = text.replace(&names[1], "<staging>");
    let text = text.replace(&names[0], "<present>");
    shown(world, &text.replace(port, "<port>"))
}

/// What the program says of a run at its end.
fn summary(said: &Said) -> String {
    let text = said.both();
    let begin = ["\nBackup of", "\nUpgrade of"]
        .iter()
        .find_map(|words| text.find(words));
    text[begin.unwrap_or(0)..].to_owned()
}

#[test]
fn a_server_that_is_not_shown_to_be_stopped_ends_the_backup() {
    let Some(database) = databases::postgres("carbon") else {
        return;
    };
    let world = databases::world(&database);
    let port: u16 = world.sandbox.read("node2/port").parse().unwrap();
    let _held = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let said = world
        .sandbox
        .run(&["backup", "--yes", "--jobs", "1", "--scenario", "carbon"]);
    assert_eq!(said.code(), 5, "{said}");
    assert_snapshot!(shown_with(&world, &database, &summary(&said)), @"");
    assert!(
        !world
            .sandbox
            .path("backups/carbon")
            .join("manifest.json")
            .exists()
    );
}

#[test]
fn a_staging_database_that_holds_something_is_refused() {
    let Some(database) = databases::postgres("carbon") else {
        return;
    };
    let rig = crate::postgres::rig::rig().unwrap();
    let world = databases::world(&database);
    let with = ["--scenario", "carbon"];
    _ = world.sandbox.done(&["backup", "--yes", with[0], with[1]]);
    let names = database.section.split("name: ").skip(2);
    let staging = names.map(|part| part.split(',').next().unwrap()).last();
    let staging = staging.unwrap();
    rig.sql(staging, "", "CREATE TABLE somebodys (id INT)");
    let said = world.sandbox.run(&["check", "upgrade", with[0], with[1]]);
    assert_eq!(said.code(), 4, "{said}");
    assert_snapshot!(shown_with(&world, &database, &said.both()), @r#"
    REFUSED  fill-staging-postgres: the database `<staging>` is not empty: it holds 1 objects
             to do: a clone replaces nothing: name an empty database, or drop this one yourself
    info     stop-server[old]: the server does not run
    info     stop-server[node2]: the server does not run
    info     stop-new-server: the server does not run
    info     connect-datasource: [SITE]/new/repository/conf/datasources/master-datasources.xml will change:
               14 - <url>jdbc:h2:./repository/database/WSO2CARBON_DB;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000</url>
               14 + <url>jdbc:postgresql://127.0.0.1:<port>/<staging></url>
               15 - <username>wso2carbon</username>
               15 + <username>wso2</username>
               16 - <password>(as it is)</password>
               16 + <password>***</password>
               17 - <driverClassName>org.h2.Driver</driverClassName>
               17 + <driverClassName>org.postgresql.Driver</driverClassName>
    info     connect-user-management: [SITE]/new/repository/conf/user-mgt.xml will change:
               6 - <Property name="dataSource">jdbc/OldCarbonDB</Property>
               6 + <Property name="dataSource">jdbc/WSO2CarbonDB</Property>
    info     connect-registry: [SITE]/new/repository/conf/registry.xml will change:
               6 - <dataSource>jdbc/OldCarbonDB</dataSource>
               6 + <dataSource>jdbc/WSO2CarbonDB</dataSource>

    1 thing stands in the way
    "#);
    let said = world.sandbox.run(&["upgrade", "--yes", with[0], with[1]]);
    assert_ne!(said.code(), 0, "{said}");
    assert_eq!(rig.sql(staging, "", "SELECT count(*) FROM somebodys"), "0");
}

#[test]
fn a_database_that_cannot_be_reached_or_does_not_let_anybody_in() {
    let Some(database) = databases::postgres("carbon") else {
        return;
    };
    let mut world = databases::world(&database);
    let check = ["check", "backup", "--scenario", "carbon"];
    world.sandbox.set("DB_PASSWORD", "wrong");
    let said = world.sandbox.run(&check);
    assert_eq!(said.code(), 4, "{said}");
    assert_snapshot!(shown_with(&world, &database, &said.both()), @r#"
    REFUSED  check-quiet-postgres: the server at 127.0.0.1:<port> refused: the server does not accept the account's password (127.0.0.1:<port>)
             to do: check the account and its password in the site
    REFUSED  dump-database-postgres: the server at 127.0.0.1:<port> refused: the server does not accept the account's password (127.0.0.1:<port>)
             to do: check the account and its password in the site
    info     stop-server[old]: the server does not run
    info     stop-server[node2]: the server does not run
    info     save-new-tenants: [SITE]/new/repository/tenants does not exist; that will be recorded

    2 things stand in the way
    "#);
    let site = world.sandbox.read("site.yaml");
    let port = crate::postgres::rig::rig().unwrap().port;
    let nobody = site.replace(&format!("port: {port}"), "port: 1");
    world.sandbox.write("site.yaml", &nobody);
    let said = world.sandbox.run(&check);
    assert_eq!(said.code(), 4, "{said}");
    assert_snapshot!(shown_with(&world, &database, &said.both()), @r#"
    REFUSED  check-quiet-postgres: the server at 127.0.0.1:1 refused: nothing listens there (127.0.0.1:1)
             to do: start the server, or correct `host` and `port`
    REFUSED  dump-database-postgres: the server at 127.0.0.1:1 refused: nothing listens there (127.0.0.1:1)
             to do: start the server, or correct `host` and `port`
    info     stop-server[old]: the server does not run
    info     stop-server[node2]: the server does not run
    info     save-new-tenants: [SITE]/new/repository/tenants does not exist; that will be recorded

    2 things stand in the way
    "#);
}

/// A backup, and an upgrade with a migration script of the test's own.
fn upgraded_with(database: &Database, kind: &str, script: &str) -> (World, String) {
    let world = databases::world(database);
    let site = world.sandbox.read("site.yaml");
    let (site, _) = site.split_once("  migration:").unwrap();
    let name = format!("scripts/{kind}-migration.sql");
    world.sandbox.write(&name, script);
    let migration = "  migration: { folder: scripts }\n";
    world
        .sandbox
        .write("site.yaml", &format!("{site}{migration}"));
    let with = ["--yes", "--scenario", "dss"];
    _ = world.sandbox.done(&["backup", with[0], with[1], with[2]]);
    let upgrade = ["upgrade", "--jobs", "1", with[0], with[1], with[2]];
    let said = world.sandbox.run(&upgrade);
    assert_eq!(said.code(), 5, "{said}");
    assert!(!world.runs("new"), "{said}");
    let text = shown_with(&world, database, &summary(&said));
    (world, text)
}

#[test]
fn a_migration_that_fails_in_the_middle() {
    let Some(database) = databases::mariadb() else {
        return;
    };
    let script = "CREATE TABLE UM_SYSTEM_USER (UM_ID INT PRIMARY KEY);\n\
                  ALTER TABLE UM_NOT_THERE ADD COLUMN X INT;\n\
                  CREATE TABLE UM_SYSTEM_ROLE (UM_ID INT PRIMARY KEY);\n";
    let before = world_text(&database);
    let (world, text) = upgraded_with(&database, "mysql", script);
    assert_snapshot!(text, @"");
    assert_eq!((database.present)(&world), before);
}

fn world_text(database: &Database) -> String {
    (database.present)(&World::new(&database.section))
}

#[test]
fn a_migration_that_makes_a_table_too_few() {
    let Some(database) = databases::postgres("dss") else {
        return;
    };
    let script = "CREATE TABLE UM_SYSTEM_USER (UM_ID INT PRIMARY KEY);\n\
                  CREATE TABLE UM_SYSTEM_ROLE (UM_ID INT PRIMARY KEY);\n\
                  CREATE TABLE UM_SYSTEM_USER_ROLE (UM_ID INT PRIMARY KEY);\n";
    let (_world, text) = upgraded_with(&database, "postgresql", script);
    assert_snapshot!(text, @"");
}
