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
    assert_snapshot!(shown_with(&world, &database, &summary(&said)), @r#"
    Backup of carbon: FAILED after [SPAN] (run [RUN], carbon)
      2 steps done, 1 failed, 12 not run
        not run  quiet                   `stop-server[node2]`, which it comes after, failed
        not run  check-quiet-postgres    `stop-server[node2]`, which it comes after, failed
        not run  dump-database-postgres  `stop-server[node2]`, which it comes after, failed
        not run  save-home[old]          `stop-server[node2]`, which it comes after, failed
        not run  save-home[node2]        `stop-server[node2]`, which it comes after, failed
        not run  save-new-configuration  `stop-server[node2]`, which it comes after, failed
        not run  save-new-deployment     `stop-server[node2]`, which it comes after, failed
        not run  save-new-tenants        `stop-server[node2]`, which it comes after, failed
        not run  saved                   `stop-server[node2]`, which it comes after, failed
        not run  still-stopped[old]      `stop-server[node2]`, which it comes after, failed
        not run  still-stopped[node2]    `stop-server[node2]`, which it comes after, failed
        not run  seal                    `stop-server[node2]`, which it comes after, failed

    Failed: stop-server[node2] (server.stop)
      port <port of node2> is open although no process of the server in [SITE]/node2 is left: process [PID] ([PROGRAM]) listens
      the result does not stand up to verification
        to do    if that is the server, name its `pid_file`; if not, end that process or take the port out of `ports`; then resume

    Backup set [RUN] (not finished)

    Downtime  open since [CLOCK], [SPAN] so far: the application is not available

    Next
      upgrade-kit resume [RUN] --site site.yaml
    "#);
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
    let make = format!("CREATE DATABASE {staging} OWNER wso2");
    rig.sql("postgres", "", &make);
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
             to do: start the server, or correct `host` and `port`, then try again
    REFUSED  dump-database-postgres: the server at 127.0.0.1:1 refused: nothing listens there (127.0.0.1:1)
             to do: start the server, or correct `host` and `port`, then try again
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
    assert_snapshot!(text, @r#"
    Upgrade of carbon: FAILED after [SPAN] (run [RUN], dss)
      9 steps done, 1 failed, 22 not run
        not run  check-tables[UM_DOMAIN]            `migrate-staging`, which it comes after, failed
        not run  check-tables[UM_SYSTEM_USER]       `migrate-staging`, which it comes after, failed
        not run  check-tables[UM_SYSTEM_ROLE]       `migrate-staging`, which it comes after, failed
        not run  check-tables[UM_SYSTEM_USER_ROLE]  `migrate-staging`, which it comes after, failed
        not run  filled                             `migrate-staging`, which it comes after, failed
        not run  connect-datasource                 `migrate-staging`, which it comes after, failed
        not run  connect-user-management            `migrate-staging`, which it comes after, failed
        not run  connect-registry                   `migrate-staging`, which it comes after, failed
        not run  carry-super-tenant                 `migrate-staging`, which it comes after, failed
        not run  carry-tenants                      `migrate-staging`, which it comes after, failed
        not run  check-configuration                `migrate-staging`, which it comes after, failed
        not run  installed                          `migrate-staging`, which it comes after, failed
        not run  start-server                       `migrate-staging`, which it comes after, failed
        not run  check-health                       `migrate-staging`, which it comes after, failed
        not run  started                            `migrate-staging`, which it comes after, failed
        not run  test-user-stores                   `migrate-staging`, which it comes after, failed
        not run  test-tenants                       `migrate-staging`, which it comes after, failed
        not run  test-features                      `migrate-staging`, which it comes after, failed
        not run  tested                             `migrate-staging`, which it comes after, failed
        not run  promote                            `migrate-staging`, which it comes after, failed
        and 2 more

    Warnings
      ! fill-staging: the account domibus@127.0.0.1 lacks PROCESS: sessions of other accounts on the schema cannot be seen

    Failed: migrate-staging (mysql.script)
      the script [SITE]/scripts/mysql-migration.sql failed in `<staging>`
      the tool failed
        command  mysql --defaults-file=/dev/fd/3 --user=domibus --protocol=tcp --host=127.0.0.1 --port=<port> --default-character-set=utf8mb4 --max-allowed-packet=1G --connect-timeout=20 --batch --binary-mode --comments --loose-skip-reconnect --loose-sandbox --loose-skip-commands --loose-skip-print-query-on-error --database=<staging>
        ended    exit code 1
        stderr   ERROR 1146 (42S02) at line 2: Table '<staging>.UM_NOT_THERE' doesn't exist
        to do    statements before the failing one stay in effect: before the next attempt restore the schema from the backup set; a staging copy is emptied instead, and a new run fills it

    Uses backup set [RUN]  [SITE]/backups/carbon/[RUN]

    Downtime  open since [CLOCK], [SPAN] so far: the application is not available
    Point of no return  not reached: nothing needs to be restored

    Next
      upgrade-kit resume [RUN] --site site.yaml
      upgrade-kit restore --scenario dss --from [RUN] --site site.yaml
    "#);
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
    assert_snapshot!(text, @r#"
    Upgrade of carbon: FAILED after [SPAN] (run [RUN], dss)
      10 steps done, 1 failed, 21 not run
        not run  check-tables-postgres[UM_SYSTEM_USER]       `check-tables-postgres[UM_DOMAIN]` failed and ended the run
        not run  check-tables-postgres[UM_SYSTEM_ROLE]       `check-tables-postgres[UM_DOMAIN]` failed and ended the run
        not run  check-tables-postgres[UM_SYSTEM_USER_ROLE]  `check-tables-postgres[UM_DOMAIN]` failed and ended the run
        not run  filled                                      `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  connect-datasource                          `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  connect-user-management                     `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  connect-registry                            `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  carry-super-tenant                          `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  carry-tenants                               `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  check-configuration                         `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  installed                                   `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  start-server                                `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  check-health                                `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  started                                     `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  test-user-stores                            `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  test-tenants                                `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  test-features                               `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  tested                                      `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  promote                                     `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        not run  upgraded                                    `check-tables-postgres[UM_DOMAIN]`, which it comes after, failed
        and 1 more

    Failed: check-tables-postgres[UM_DOMAIN] (postgres.query)
      the answer of `<staging>` is `0` instead of `1`
      the result does not stand up to verification
        to do    the migration did not make this table: see whether the script is that of this product and version; then empty the staging database and begin a new upgrade

    Uses backup set [RUN]  [SITE]/backups/carbon/[RUN]

    Downtime  open since [CLOCK], [SPAN] so far: the application is not available
    Point of no return  not reached: nothing needs to be restored

    Next
      upgrade-kit resume [RUN] --site site.yaml
      upgrade-kit restore --scenario dss --from [RUN] --site site.yaml
    "#);
}
