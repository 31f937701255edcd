//! Scenes on real MariaDB and PostgreSQL servers, on simulated Oracle databases and on files of the real H2.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use super::scene::{Row, Scene, Set, Sound, row, some};
use crate::planted::instead_of;
use crate::rig_server::command;
use crate::{mysql, oracle, postgres};

pub(super) const MYSQL: &[Row] = &[
    row("mysql.check-quiet", mysql_quiet),
    some(4, "mysql.dump", mysql_dump),
    row("mysql.query", mysql_query),
    some(4, "mysql.restore", mysql_restore),
    some(4, "mysql.script", mysql_script),
];

pub(super) const POSTGRES: &[Row] = &[
    row("postgres.check-quiet", postgres_quiet),
    some(2, "postgres.dump", postgres_dump),
    row("postgres.query", postgres_query),
    some(2, "postgres.restore", postgres_restore),
    some(2, "postgres.script", postgres_script),
];

pub(super) const ORACLE: &[Row] = &[
    some(2, "oracle.export", oracle_export),
    row("oracle.query", oracle_query),
    some(2, "oracle.restore", oracle_restore),
    some(2, "oracle.script", oracle_script),
];

pub(super) const H2: &[Row] = &[
    some(2, "h2.check-tables", h2_check),
    some(2, "h2.script", h2_script),
];

const SMALL: &str = "
CREATE TABLE kept (id INT PRIMARY KEY, body VARCHAR(200));
INSERT INTO kept VALUES (1, 'one'), (2, 'two'), (3, 'three');
CREATE TABLE version (version VARCHAR(30));
INSERT INTO version VALUES ('5.1');
CREATE VIEW seen AS SELECT id FROM kept;
";

const MIGRATION: &str = "
CREATE TABLE added (id INT PRIMARY KEY);
INSERT INTO added VALUES (7);
UPDATE version SET version = '5.1.1';
";

fn with(mut options: Value, more: Value) -> Value {
    let Value::Object(more) = more else {
        panic!("options are a map");
    };
    options.as_object_mut().unwrap().extend(more);
    options
}

/// A file of that content, and the folder that it lives as long as.
fn file(name: &str, content: &str) -> (Arc<TempDir>, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (Arc::new(folder), path)
}

/// A scene on a schema of its own.
fn mysql_scene(more: Value) -> Option<(Scene, String)> {
    let rig = mysql::rig::rig()?;
    let password = instead_of(&rig.password, "");
    if password != rig.password {
        let text = password.replace('\\', "\\\\").replace('\'', "''");
        for host in ["localhost", "127.0.0.1"] {
            rig.sql(&format!(
                "ALTER USER '{}'@'{host}' IDENTIFIED BY '{text}';",
                rig.user
            ));
        }
    }
    let schema = mysql::rig::new_name();
    rig.create(&schema, "utf8mb4", "utf8mb4_bin");
    rig.load(&schema, SMALL);
    let options = json!({ "connection": rig.connection(), "schema": schema });
    let options = with(options, more);
    let name = schema.clone();
    let mut scene = Scene::new(options, Path::new(&schema), move || rig.exact_dump(&name));
    scene.password = password;
    Some((scene, schema))
}

fn mysql_quiet() -> Option<Scene> {
    let (mut scene, schema) = mysql_scene(json!({}))?;
    scene.options = json!({
        "connection": scene.options["connection"], "schemas": [schema], "wait_seconds": 0,
    });
    Some(scene)
}

fn mysql_dump() -> Option<Scene> {
    let (scene, _) = mysql_scene(json!({ "wait_seconds": 0 }))?;
    Some(scene.with_set(Set::Written(Vec::new())))
}

fn mysql_query() -> Option<Scene> {
    let question = json!({
        "sql": "SELECT version FROM version", "expect": { "scalar": "5.1" },
    });
    Some(mysql_scene(question)?.0)
}

fn mysql_restore() -> Option<Scene> {
    let (scene, schema) = mysql_scene(json!({ "wait_seconds": 0 }))?;
    let dump: Sound = ("mysql.dump", scene.options.clone());
    let upgrade = move || mysql::rig::rig().unwrap().load(&schema, MIGRATION);
    Some(scene.with_set(Set::Used(vec![dump], Box::new(upgrade))))
}

fn mysql_script() -> Option<Scene> {
    let (folder, path) = file("upgrade.sql", MIGRATION);
    let (mut scene, _) = mysql_scene(json!({ "scripts": [path], "wait_seconds": 0 }))?;
    keep(&mut scene, folder);
    Some(scene)
}

/// Lets something live as long as the scene.
fn keep<T: Send + Sync + 'static>(scene: &mut Scene, what: T) {
    let state = Arc::clone(&scene.state);
    scene.state = Arc::new(move || {
        let _ = &what;
        state()
    });
}

fn postgres_scene(more: Value) -> Option<(Scene, String)> {
    let rig = postgres::rig::rig()?;
    let password = instead_of(&rig.password, "");
    if password != rig.password {
        let text = password.replace('\'', "''");
        let change = format!("ALTER ROLE {} PASSWORD '{text}';", rig.user);
        rig.sql("postgres", "", &change);
    }
    let database = rig.empty();
    rig.sql(&database, "SET ROLE wso2;", SMALL);
    let options = json!({ "connection": rig.connection(), "database": database });
    let options = with(options, more);
    let name = database.clone();
    let mut scene = Scene::new(options, Path::new(&database), move || rig.exact_dump(&name));
    scene.password = password;
    Some((scene, database))
}

fn postgres_quiet() -> Option<Scene> {
    let (mut scene, database) = postgres_scene(json!({}))?;
    scene.options = json!({
        "connection": scene.options["connection"], "databases": [database], "wait_seconds": 0,
    });
    Some(scene)
}

fn postgres_dump() -> Option<Scene> {
    let (scene, _) = postgres_scene(json!({ "wait_seconds": 0 }))?;
    Some(scene.with_set(Set::Written(Vec::new())))
}

fn postgres_query() -> Option<Scene> {
    let question = json!({
        "sql": "SELECT version FROM public.version", "expect": { "scalar": "5.1" },
    });
    Some(postgres_scene(question)?.0)
}

fn postgres_restore() -> Option<Scene> {
    let (scene, database) = postgres_scene(json!({ "wait_seconds": 0 }))?;
    let dump: Sound = ("postgres.dump", scene.options.clone());
    let upgrade = move || {
        let rig = postgres::rig::rig().unwrap();
        rig.sql(&database, "SET ROLE wso2;", MIGRATION);
    };
    Some(scene.with_set(Set::Used(vec![dump], Box::new(upgrade))))
}

fn postgres_script() -> Option<Scene> {
    let (folder, path) = file("upgrade.sql", MIGRATION);
    let (mut scene, _) = postgres_scene(json!({ "scripts": [path], "wait_seconds": 0 }))?;
    keep(&mut scene, folder);
    Some(scene)
}

fn oracle_scene(more: Value) -> (Scene, Arc<oracle::rig::Rig>) {
    let rig = Arc::new(oracle::rig::Rig::new());
    let options = json!({ "connection": rig.connection("DOMIBUS"), "schema": "DOMIBUS" });
    let of_state = Arc::clone(&rig);
    // What Data Pump leaves in its folder, and jobs that it leaves in the database, count as well.
    let state = move || {
        let (files, jobs) = (of_state.files().join(" "), of_state.jobs());
        format!("{files}\n{jobs}\n{}", of_state.exact("DOMIBUS"))
    };
    let mut scene = Scene::new(with(options, more), rig.directory.path(), state);
    scene.password = oracle::rig::password();
    (scene, rig)
}

fn oracle_transfer() -> (Scene, Arc<oracle::rig::Rig>) {
    let (mut scene, rig) = oracle_scene(json!({}));
    scene.options = with(
        scene.options,
        json!({ "directory": "UPK_DIR", "directory_path": rig.folder(), "wait_seconds": 0 }),
    );
    (scene, rig)
}

fn oracle_export() -> Option<Scene> {
    Some(oracle_transfer().0.with_set(Set::Written(Vec::new())))
}

fn oracle_restore() -> Option<Scene> {
    let (scene, rig) = oracle_transfer();
    let export: Sound = ("oracle.export", scene.options.clone());
    let upgrade = move || drop(rig.sql("DOMIBUS", oracle::rig::UPGRADE));
    Some(scene.with_set(Set::Used(vec![export], Box::new(upgrade))))
}

fn oracle_query() -> Option<Scene> {
    let question = json!({
        "sql": "SELECT VERSION FROM TB_VERSION", "expect": { "scalar": "5.1" },
    });
    Some(oracle_scene(question).0)
}

fn oracle_script() -> Option<Scene> {
    let (folder, path) = file("upgrade.sql", oracle::rig::UPGRADE);
    let (mut scene, _) = oracle_scene(json!({ "scripts": [path], "wait_seconds": 0 }));
    keep(&mut scene, folder);
    Some(scene)
}

fn h2_scene(more: Value) -> Option<Scene> {
    let jar = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache/lib/h2-2.1.214.jar");
    if !jar.exists() {
        let real = std::env::var_os("UPGRADE_KIT_REAL").is_some();
        assert!(!real, "UPGRADE_KIT_REAL is set and there is no H2");
        println!("skipped: there is no H2 (tests/rig/fetch)");
        return None;
    }
    let folder = Arc::new(tempdir().unwrap());
    let database = folder.path().join("carbon");
    let password = instead_of("wso2carbon", "");
    // As in Java's argument files.
    let quoted = password.replace('\\', "\\\\").replace('"', "\\\"");
    let account = folder.path().join("account");
    let h2 = move |tool: &str, more: &[&str]| {
        let url = format!("jdbc:h2:file:{}", database.display());
        let words = format!("org.h2.tools.{tool} -user wso2carbon -password \"{quoted}\"\n");
        std::fs::write(&account, words).unwrap();
        let output = command("java")
            .args(["-XX:TieredStopAtLevel=1", "-cp"])
            .arg(&jar)
            .args([&format!("@{}", account.display()), "-url", &url])
            .args(more)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        (jar.clone(), database.with_extension("mv.db"))
    };
    let (jar, path) = h2("Shell", &["-sql", SMALL]);
    let own = Arc::clone(&folder);
    let state = move || {
        let script = own.path().join("all.sql").display().to_string();
        h2("Script", &["-script", &script]);
        // The account is shown with its salt.
        let text = std::fs::read_to_string(script).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("CREATE USER"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let options = json!({ "connection": {
        "file": path, "user": "wso2carbon", "password": { "env": "DB_PASSWORD" }, "jar": jar,
    } });
    let mut scene = Scene::new(with(options, more), folder.path(), state);
    scene.password = password;
    Some(scene)
}

fn h2_check() -> Option<Scene> {
    h2_scene(json!({ "tables": ["KEPT", "VERSION"] }))
}

fn h2_script() -> Option<Scene> {
    let (folder, path) = file("upgrade.sql", MIGRATION);
    let mut scene = h2_scene(json!({ "scripts": [path] }))?;
    keep(&mut scene, folder);
    Some(scene)
}
