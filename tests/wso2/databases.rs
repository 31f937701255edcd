//! The databases of the tests: a present one with content, and the name of a staging one that is still to
//! be made (with H2 a file).

use std::fs;
use std::path::{Path, PathBuf};

use super::world::World;
use crate::proof::tree::hash;
use crate::rig_server::{command, skipped};

type Text = Box<dyn Fn(&World) -> String>;
type Act = Box<dyn Fn(&World)>;

/// What a database of a test can do.
pub(super) struct Database {
    /// The sections `database` and `staging`.
    pub(super) section: String,
    /// The value of `DB_PASSWORD`.
    pub(super) secret: String,
    /// A text that is the same for the same content.
    pub(super) present: Text,
    /// The same of the staging database, as if it had the present one's name.
    pub(super) staging: Text,
    /// Makes it what no upgrade may leave behind.
    pub(super) damage: Act,
    /// Takes the staging database away: the kit makes it.
    pub(super) drop_staging: Act,
    /// Address of the data source that the new version gets.
    pub(super) url: Text,
}

/// The sections of two databases of a server on this machine.
fn section(kind: &str, port: u16, user: &str, [present, staging]: [&str; 2]) -> String {
    let one = |name: &str| {
        format!(
            "{{ kind: {kind}, host: 127.0.0.1, port: {port}, name: {name}, user: {user}, \
             password: {{ env: DB_PASSWORD }} }}"
        )
    };
    format!(
        "  database: {}\n  staging: {}\n",
        one(present),
        one(staging)
    )
}

/// On the rig's PostgreSQL, if there is one.
pub(super) fn postgres(scenario: &str) -> Option<Database> {
    let rig = crate::postgres::rig::rig()?;
    let present = rig.seeded();
    if scenario == "dss" {
        rig.sql(&present, "", "DROP TABLE um_domain");
    }
    let staging = format!("{present}_staging");
    let url = format!("jdbc:postgresql://127.0.0.1:{}/{staging}", rig.port);
    Some(Database {
        section: section("postgres", rig.port, &rig.user, [&present, &staging]),
        secret: rig.password.clone(),
        url: Box::new(move |_| url.clone()),
        present: {
            let present = present.clone();
            Box::new(move |_| rig.exact_dump(&present))
        },
        staging: {
            let (present, staging) = (present.clone(), staging.clone());
            let is_there = format!("SELECT 1 FROM pg_database WHERE datname = '{staging}'");
            Box::new(move |_| match rig.sql("postgres", "", &is_there).trim() {
                "" => String::new(),
                _ => rig.exact_dump(&staging).replace(&staging, &present),
            })
        },
        damage: Box::new(move |_| {
            let sql = "DELETE FROM um_user; CREATE TABLE added (id INT)";
            drop(rig.sql(&present, "SET ROLE wso2;", sql));
        }),
        drop_staging: Box::new(move |_| {
            drop(rig.sql(
                "postgres",
                "",
                &format!("DROP DATABASE IF EXISTS {staging}"),
            ));
        }),
    })
}

/// On the rig's MariaDB, if there is one.
pub(super) fn mariadb() -> Option<Database> {
    let rig = crate::mysql::rig::rig()?;
    let present = rig.seeded();
    let staging = format!("{present}_staging");
    let url = format!("jdbc:mysql://127.0.0.1:{}/{staging}", rig.port);
    Some(Database {
        section: section("mysql", rig.port, &rig.user, [&present, &staging]),
        secret: rig.password.clone(),
        url: Box::new(move |_| url.clone()),
        present: {
            let present = present.clone();
            Box::new(move |_| rig.exact_dump(&present))
        },
        staging: {
            let (present, staging) = (present.clone(), staging.clone());
            let is_there = format!("SHOW DATABASES LIKE '{staging}'");
            Box::new(move |_| match rig.sql(&is_there).trim() {
                "" => String::new(),
                _ => rig.exact_dump(&staging).replace(&staging, &present),
            })
        },
        damage: Box::new(move |_| {
            let sql =
                format!("USE {present}; DELETE FROM TB_PART_INFO; CREATE TABLE added (id INT)");
            rig.sql(&sql);
        }),
        drop_staging: Box::new(move |_| {
            drop(rig.sql(&format!("DROP DATABASE IF EXISTS {staging}")))
        }),
    })
}

const STORE: &str = "repository/database/WSO2CARBON_DB";

/// The embedded H2 of each home, if there is one: `mv.db` of H2 2.1, `h2.db` of the 1.3 that Carbon 4.4
/// brings.
pub(super) fn h2(scenario: &str, end: &'static str) -> Option<Database> {
    let jar = match end {
        "mv.db" => "lib/h2-2.1.214.jar",
        _ => "h2-1.3/h2-1.3.175.jar",
    };
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache");
    let jar = cache.join(jar);
    if !jar.exists() {
        skipped("skipped: there is no H2 (tests/rig/fetch)");
        return None;
    }
    let one = |home: &str| {
        format!(
            "{{ kind: h2, file: {home}/{STORE}.{end}, user: wso2carbon, \
             password: {{ env: DB_PASSWORD }}, jar: {} }}",
            jar.display()
        )
    };
    let path = |world: &World, home: &str| world.sandbox.path(home).join(STORE);
    // But for a migration, files are copied and never opened.
    let bytes = |home: &'static str| -> Text {
        Box::new(move |world| {
            let file = fs::read(path(world, home).with_extension(end));
            hash(&file.unwrap_or_default())
        })
    };
    let migrated = jar.clone();
    Some(Database {
        section: format!("  database: {}\n  staging: {}\n", one("old"), one("new")),
        secret: "wso2carbon".to_owned(),
        url: Box::new(move |world| {
            let path = path(world, "new");
            let path = path.display();
            format!("jdbc:h2:{path};DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000")
        }),
        present: bytes("old"),
        staging: match scenario {
            "dss" => {
                Box::new(move |world| h2_text(&migrated, &path(world, "new").with_extension(end)))
            }
            _ => bytes("new"),
        },
        damage: {
            let jar = jar.clone();
            let sql = "DELETE FROM UM_USER WHERE ID > 3; CREATE TABLE ADDED(ID INT);";
            Box::new(move |world| h2_run(&jar, &path(world, "old"), sql))
        },
        // A page store that was cut off has its lock file left beside it.
        drop_staging: Box::new(move |world| {
            for end in [end, "lock.db"] {
                drop(fs::remove_file(path(world, "new").with_extension(end)));
            }
        }),
    })
}

/// A world on such databases; an embedded one is made in its home.
pub(super) fn world(database: &Database) -> World {
    let mut world = World::new(&database.section);
    world.sandbox.set("DB_PASSWORD", &database.secret);
    with_scripts(&world);
    if database.section.contains("kind: h2") {
        let homes = ["old", "new"].map(|home| world.sandbox.path(home).join(STORE));
        for store in &homes {
            fs::create_dir_all(store.parent().unwrap()).unwrap();
        }
        let sql = "CREATE TABLE UM_USER(ID INT PRIMARY KEY, NAME VARCHAR(20)); \
                   INSERT INTO UM_USER SELECT X, 'user' || X FROM SYSTEM_RANGE(1, 500);";
        h2_run(&jar_of(database), &homes[0], sql);
    }
    world
}

fn jar_of(database: &Database) -> PathBuf {
    let (_, rest) = database.section.split_once("jar: ").unwrap();
    PathBuf::from(rest.split(' ').next().unwrap())
}

/// The folder with a migration script for each kind of database.
fn with_scripts(world: &World) {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/sql/wso2");
    let site = world.sandbox.read("site.yaml");
    let migration = format!("  migration: {{ folder: {} }}\n", scripts.display());
    world.sandbox.write("site.yaml", &(site + &migration));
}

fn h2_run(jar: &Path, database: &Path, sql: &str) {
    let mut java = command("java");
    java.arg("-cp").arg(jar).arg("org.h2.tools.Shell");
    java.args(["-user", "wso2carbon", "-password", "wso2carbon", "-url"])
        .arg(format!("jdbc:h2:file:{}", database.display()))
        .args(["-sql", sql])
        .stdout(std::process::Stdio::null());
    assert!(java.status().unwrap().success(), "{sql}");
}

/// Read from a copy: H2 writes into what it opens.
fn h2_text(jar: &Path, file: &Path) -> String {
    if !file.exists() {
        return String::new();
    }
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("all.sql");
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let (_, end) = name.split_once('.').unwrap();
    let copy = folder.path().join("copy");
    fs::copy(file, copy.with_extension(end)).unwrap();
    let mut java = command("java");
    java.arg("-cp").arg(jar).arg("org.h2.tools.Script");
    java.args(["-user", "wso2carbon", "-password", "wso2carbon", "-url"])
        .arg(format!("jdbc:h2:file:{}", copy.display()))
        .arg("-script")
        .arg(&script);
    assert!(java.status().unwrap().success());
    fs::read_to_string(script).unwrap()
}
