//! Backup, upgrade, damage, restore: the earlier server and database are back to the byte.

use std::path::Path;
use std::rc::Rc;

use super::databases::{self, Database};
use super::world::World;
use crate::oracle::rig::{PASSWORD, Rig, UPGRADE};

fn round_trip(world: &World, scenario: &str, database: &Database) {
    let with = ["--scenario", scenario];
    let before = (database.present)(world);
    let (url, secret) = ((database.url)(world), database.secret.as_str());
    let [old, node2, new] = ["old", "node2", "new"].map(|home| world.files(home));
    world.start("old");
    world.start("node2");

    let said = world.sandbox.done(&["backup", "--yes", with[0], with[1]]);
    assert!(!world.runs("old") && !world.runs("node2"), "{said}");
    let said = world
        .sandbox
        .done(&["check", "upgrade", with[0], with[1]])
        .both();
    let shown = "+ <url>";
    assert!(said.contains(shown) && said.contains(&url), "{said}");
    assert!(!said.contains(secret) || secret == "wso2carbon", "{said}");

    let said = world
        .sandbox
        .done(&["upgrade", "--yes", with[0], with[1]])
        .both();
    let downtime = said.lines().find(|line| line.starts_with("Downtime"));
    assert!(
        downtime.is_some_and(|line| line.contains(" s, from ")),
        "{said}"
    );
    assert!(world.runs("new") && !world.runs("old"), "{said}");
    assert_eq!(
        (database.present)(world),
        before,
        "the present database is not touched"
    );
    if scenario == "carbon" {
        assert_eq!((database.staging)(world), before);
    } else {
        assert!(
            (database.staging)(world)
                .to_uppercase()
                .contains("UM_SYSTEM_USER_ROLE")
        );
    }
    let log = world.sandbox.read("new/repository/logs/wso2carbon.log");
    assert!(log.contains(&url), "{log}");
    check_configuration(world, &new, &url);
    let carried = world.files("new/repository/deployment/server");
    assert_eq!(carried[Path::new("dataservices/orders.dbs")], b"<data/>");
    assert!(carried.contains_key(Path::new("webapps/carbon.war")));
    assert_eq!(
        world
            .sandbox
            .read("new/repository/tenants/1/axis2services/a.aar"),
        "tenant 1"
    );

    (database.damage)(world);
    assert_ne!((database.present)(world), before);
    world
        .sandbox
        .write("old/repository/conf/registry.xml", "ruined");
    std::fs::remove_file(world.sandbox.path("node2/bin/version.txt")).unwrap();

    let set = std::fs::read_dir(world.sandbox.path("backups/carbon")).unwrap();
    let set = set
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .min()
        .unwrap();
    _ = world
        .sandbox
        .done(&["restore", "--yes", "--from", &set, with[0], with[1]]);
    assert!(world.runs("old") && world.runs("node2") && !world.runs("new"));
    assert_eq!(
        (database.present)(world),
        before,
        "the database is back to the byte"
    );
    assert_eq!(world.files("old"), old);
    assert_eq!(world.files("node2"), node2);
    assert_eq!(world.files("new"), new);

    // What the guides call impossible: the upgrade is tried again.
    (database.drop_staging)(world);
    _ = world.sandbox.done(&["backup", "--yes", with[0], with[1]]);
    _ = world.sandbox.done(&["upgrade", "--yes", with[0], with[1]]);
    assert!(world.runs("new"));
    assert_eq!((database.present)(world), before);
}

/// Only the values of the data source and the references changed, and every other byte is there.
fn check_configuration(
    world: &World,
    new: &std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>,
    url: &str,
) {
    let conf = Path::new("repository/conf");
    let text = |name: &str| String::from_utf8(new[&conf.join(name)].clone()).unwrap();
    for name in ["user-mgt.xml", "registry.xml"] {
        let now = world.sandbox.read(&format!("new/repository/conf/{name}"));
        assert_eq!(
            now,
            text(name).replace("jdbc/OldCarbonDB", "jdbc/WSO2CarbonDB")
        );
    }
    let name = "datasources/master-datasources.xml";
    let now = world.sandbox.read(&format!("new/repository/conf/{name}"));
    assert!(now.contains(&format!("<url>{url}</url>")), "{now}");
    let unlike: Vec<(String, &str)> = text(name)
        .lines()
        .map(str::to_owned)
        .zip(now.lines())
        .filter(|(old, new)| old != new)
        .collect();
    assert!((1..=4).contains(&unlike.len()), "{unlike:?}");
    assert!(now.contains("<maxActive>50</maxActive>\t<!-- a tab before, and é -->"));
    let left = world
        .files("new")
        .keys()
        .any(|path| path.to_string_lossy().contains("upgrade-kit-old"));
    assert!(!left, "what was replaced is discarded");
}

#[test]
fn postgres_is_brought_back_after_an_upgrade() {
    for scenario in ["carbon", "dss"] {
        let Some(database) = databases::postgres(scenario) else {
            return;
        };
        round_trip(&databases::world(&database), scenario, &database);
    }
}

#[test]
fn mariadb_is_brought_back_after_an_upgrade() {
    for scenario in ["carbon", "dss"] {
        let Some(database) = databases::mariadb() else {
            return;
        };
        round_trip(&databases::world(&database), scenario, &database);
    }
}

fn h2_is_brought_back(end: &'static str) {
    for scenario in ["carbon", "dss"] {
        let Some(database) = databases::h2(scenario, end) else {
            return;
        };
        round_trip(&databases::world(&database), scenario, &database);
    }
}

#[test]
fn h2_is_brought_back_after_an_upgrade() {
    h2_is_brought_back("mv.db");
}

#[test]
fn the_h2_that_carbon_brings_is_brought_back_after_an_upgrade() {
    h2_is_brought_back("h2.db");
}

/// Simulated: no Oracle database can be had.
#[test]
fn oracle_is_brought_back_after_an_upgrade() {
    for scenario in ["carbon", "dss"] {
        let rig = Rc::new(Rig::new());
        rig.python(
            "b.run('UPDATE m_users SET roles = ? WHERE name = ?', \
             '[\"DATAPUMP_IMP_FULL_DATABASE\"]', 'OTHER')",
        );
        let program = |name: &str| rig.path("bin").join(name).display().to_string();
        let one = |name: &str| {
            format!(
                "{{ kind: oracle, host: db.example, service: domibus, name: {name}, user: {}, \
                 password: {{ env: DB_PASSWORD }}, directory: UPK_DIR, directory_path: {}, \
                 dump_program: {}, import_program: {}, client_program: {} }}",
                name.to_lowercase(),
                rig.folder().display(),
                program("expdp"),
                program("impdp"),
                program("sqlplus"),
            )
        };
        let section = format!(
            "  database: {}\n  staging: {}\n",
            one("DOMIBUS"),
            one("OTHER")
        );
        let exact = |schema: &'static str| -> Box<dyn Fn(&World) -> String> {
            let rig = Rc::clone(&rig);
            Box::new(move |_| rig.exact(schema))
        };
        let (damaged, emptied) = (Rc::clone(&rig), Rc::clone(&rig));
        let database = Database {
            section,
            secret: PASSWORD.to_owned(),
            present: exact("DOMIBUS"),
            staging: exact("OTHER"),
            damage: Box::new(move |_| drop(damaged.sql("DOMIBUS", UPGRADE))),
            drop_staging: Box::new(move |_| empty(&emptied, "OTHER")),
            url: Box::new(|_| "jdbc:oracle:thin:@//db.example:1521/domibus".to_owned()),
        };
        round_trip(&databases::world(&database), scenario, &database);
    }
}

/// Drops everything in a schema of the simulated Oracle.
fn empty(rig: &Rig, schema: &str) {
    let tables = rig.tables(schema);
    for table in tables.split('\'').filter(|name| name.contains('_')) {
        rig.sql(schema, &format!("DROP TABLE {table} CASCADE CONSTRAINTS;"));
    }
    rig.sql(
        schema,
        "DROP VIEW V_MESSAGE;\nDROP SEQUENCE SEQ_MESSAGE;\nDROP PROCEDURE P_PURGE;",
    );
}
