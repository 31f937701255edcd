//! Backup, upgrade, damage, restore: the earlier server and database are back to the byte.

use std::path::Path;

use super::world::World;
use crate::oracle::rig::{PASSWORD, Rig, UPGRADE};
use crate::rig_server::command;

/// What a database of a test can do.
struct Database<'a> {
    /// The sections `database` and `staging`.
    section: String,
    secret: &'a str,
    /// A text that is the same for the same content.
    present: &'a dyn Fn() -> String,
    staging: &'a dyn Fn() -> String,
    damage: &'a dyn Fn(),
    drop_staging: &'a dyn Fn(),
    /// Of the data source that the new version gets.
    url: String,
}

fn round_trip(world: &mut World, scenario: &str, database: &Database<'_>) {
    world.sandbox.set("DB_PASSWORD", database.secret);
    let with = ["--scenario", scenario];
    let before = (database.present)();
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
    assert!(
        said.contains(shown) && said.contains(&database.url),
        "{said}"
    );
    assert!(
        !said.contains(database.secret) || database.secret == "wso2carbon",
        "{said}"
    );

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
        (database.present)(),
        before,
        "the present database is not touched"
    );
    if scenario == "carbon" {
        assert_eq!((database.staging)(), before);
    } else {
        assert!(
            (database.staging)()
                .to_uppercase()
                .contains("UM_SYSTEM_USER_ROLE")
        );
    }
    let log = world.sandbox.read("new/repository/logs/wso2carbon.log");
    assert!(log.contains(&database.url), "{log}");
    check_configuration(world, &new, &database.url);
    let carried = world.files("new/repository/deployment/server");
    assert_eq!(carried[Path::new("dataservices/orders.dbs")], b"<data/>");
    assert!(carried.contains_key(Path::new("webapps/carbon.war")));
    assert_eq!(
        world
            .sandbox
            .read("new/repository/tenants/1/axis2services/a.aar"),
        "tenant 1"
    );

    (database.damage)();
    assert_ne!((database.present)(), before);
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
        (database.present)(),
        before,
        "the database is back to the byte"
    );
    assert_eq!(world.files("old"), old);
    assert_eq!(world.files("node2"), node2);
    assert_eq!(world.files("new"), new);

    // What the guides call impossible: the upgrade is tried again.
    (database.drop_staging)();
    _ = world.sandbox.done(&["backup", "--yes", with[0], with[1]]);
    _ = world.sandbox.done(&["upgrade", "--yes", with[0], with[1]]);
    assert!(world.runs("new"));
    assert_eq!((database.present)(), before);
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
        let Some(rig) = crate::postgres::rig::rig() else {
            return;
        };
        let present = rig.seeded();
        if scenario == "dss" {
            rig.sql(&present, "", "DROP TABLE um_domain");
        }
        let staging = rig.empty();
        let one = |name: &str| {
            format!(
                "{{ kind: postgres, host: 127.0.0.1, port: {}, name: {name}, user: {}, \
                 password: {{ env: DB_PASSWORD }} }}",
                rig.port, rig.user
            )
        };
        let section = format!(
            "  database: {}\n  staging: {}\n",
            one(&present),
            one(&staging)
        );
        let database = Database {
            secret: &rig.password,
            present: &|| rig.exact_dump(&present),
            staging: &|| rig.exact_dump(&staging).replace(&staging, &present),
            damage: &|| {
                drop(rig.sql(
                    &present,
                    "SET ROLE wso2;",
                    "DELETE FROM um_user; CREATE TABLE added (id INT)",
                ))
            },
            drop_staging: &|| {
                drop(rig.sql(
                    "postgres",
                    "",
                    &format!("DROP DATABASE {staging}; CREATE DATABASE {staging} OWNER wso2"),
                ))
            },
            url: format!("jdbc:postgresql://127.0.0.1:{}/{staging}", rig.port),
            section,
        };
        let mut world = World::new(&database.section);
        with_scripts(&world);
        round_trip(&mut world, scenario, &database);
    }
}

#[test]
fn mariadb_is_brought_back_after_an_upgrade() {
    for scenario in ["carbon", "dss"] {
        let Some(rig) = crate::mysql::rig::rig() else {
            return;
        };
        let present = rig.seeded();
        let staging = format!("{present}_staging");
        rig.create(&staging, "utf8mb4", "utf8mb4_bin");
        let one = |name: &str| {
            format!(
                "{{ kind: mysql, host: 127.0.0.1, port: {}, name: {name}, user: {}, \
                 password: {{ env: DB_PASSWORD }} }}",
                rig.port, rig.user
            )
        };
        let section = format!(
            "  database: {}\n  staging: {}\n",
            one(&present),
            one(&staging)
        );
        let database = Database {
            secret: &rig.password,
            present: &|| rig.exact_dump(&present),
            staging: &|| rig.exact_dump(&staging).replace(&staging, &present),
            damage: &|| {
                let sql =
                    format!("USE {present}; DELETE FROM TB_PART_INFO; CREATE TABLE added (id INT)");
                rig.sql(&sql);
            },
            drop_staging: &|| rig.create(&staging, "utf8mb4", "utf8mb4_bin"),
            url: format!("jdbc:mysql://127.0.0.1:{}/{staging}", rig.port),
            section,
        };
        let mut world = World::new(&database.section);
        with_scripts(&world);
        round_trip(&mut world, scenario, &database);
    }
}

/// Simulated: no Oracle database can be had.
#[test]
fn oracle_is_brought_back_after_an_upgrade() {
    for scenario in ["carbon", "dss"] {
        let rig = Rig::new();
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
        let empty = |schema: &str| {
            let tables = rig.tables(schema);
            for table in tables.split('\'').filter(|name| name.contains('_')) {
                rig.sql(schema, &format!("DROP TABLE {table} CASCADE CONSTRAINTS;"));
            }
            rig.sql(
                schema,
                "DROP VIEW V_MESSAGE;\nDROP SEQUENCE SEQ_MESSAGE;\nDROP PROCEDURE P_PURGE;",
            );
        };
        let database = Database {
            secret: PASSWORD,
            present: &|| rig.exact("DOMIBUS"),
            staging: &|| rig.exact("OTHER"),
            damage: &|| drop(rig.sql("DOMIBUS", UPGRADE)),
            drop_staging: &|| empty("OTHER"),
            url: "jdbc:oracle:thin:@//db.example:1521/domibus".to_owned(),
            section,
        };
        let mut world = World::new(&database.section);
        with_scripts(&world);
        round_trip(&mut world, scenario, &database);
    }
}

#[test]
fn h2_is_brought_back_after_an_upgrade() {
    let jar = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache/lib/h2-2.1.214.jar");
    if !jar.exists() {
        println!("skipped: there is no H2 (tests/rig/fetch)");
        return;
    }
    for scenario in ["carbon", "dss"] {
        let one = |home: &str| {
            format!(
                "{{ kind: h2, file: {home}/repository/database/WSO2CARBON_DB.mv.db, user: wso2carbon, \
                 password: {{ env: DB_PASSWORD }}, jar: {} }}",
                jar.display()
            )
        };
        let section = format!("  database: {}\n  staging: {}\n", one("old"), one("new"));
        let mut world = World::new(&section);
        with_scripts(&world);
        let path = |home: &str| {
            world
                .sandbox
                .path(home)
                .join("repository/database/WSO2CARBON_DB")
        };
        let (old, new) = (path("old"), path("new"));
        std::fs::create_dir_all(old.parent().unwrap()).unwrap();
        std::fs::create_dir_all(new.parent().unwrap()).unwrap();
        let sql = "CREATE TABLE UM_USER(ID INT PRIMARY KEY, NAME VARCHAR(20)); \
                   INSERT INTO UM_USER SELECT X, 'user' || X FROM SYSTEM_RANGE(1, 500);";
        h2(&jar, &old, sql);
        let file = new.with_extension("mv.db");
        let database = Database {
            secret: "wso2carbon",
            present: &|| h2_text(&jar, &old),
            staging: &|| h2_text(&jar, &new),
            damage: &|| {
                h2(
                    &jar,
                    &old,
                    "DELETE FROM UM_USER WHERE ID > 3; CREATE TABLE ADDED(ID INT);",
                )
            },
            drop_staging: &|| drop(std::fs::remove_file(&file)),
            url: format!(
                "jdbc:h2:{};DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000",
                new.display()
            ),
            section: String::new(),
        };
        round_trip(&mut world, scenario, &database);
    }
}

/// The folder with a migration script for each kind of database.
fn with_scripts(world: &World) {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/sql/wso2");
    let site = world.sandbox.read("site.yaml");
    let migration = format!("  migration: {{ folder: {} }}\n", scripts.display());
    world.sandbox.write("site.yaml", &(site + &migration));
}

fn h2(jar: &Path, database: &Path, sql: &str) {
    let status = command("java")
        .arg("-cp")
        .arg(jar)
        .args([
            "org.h2.tools.Shell",
            "-user",
            "wso2carbon",
            "-password",
            "wso2carbon",
        ])
        .arg("-url")
        .arg(format!("jdbc:h2:file:{}", database.display()))
        .args(["-sql", sql])
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success(), "{sql}");
}

fn h2_text(jar: &Path, database: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("all.sql");
    let status = command("java")
        .arg("-cp")
        .arg(jar)
        .args([
            "org.h2.tools.Script",
            "-user",
            "wso2carbon",
            "-password",
            "wso2carbon",
        ])
        .arg("-url")
        .arg(format!("jdbc:h2:file:{}", database.display()))
        .arg("-script")
        .arg(&script)
        .status();
    assert!(status.unwrap().success());
    std::fs::read_to_string(script).unwrap()
}
