//! Names of accounts, schemas, directory objects, nodes, applications and files that a site may hold: each
//! is refused before anything is done, or reaches its tool as itself.
//!
//! Oracle's tools and the nodes of a domain are simulated: the parameter file is read with its quotes and
//! comments, and the copy command has the other side's shell read the path, as `scp` did for thirty years.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};
use upgrade_kit::adapter::Action;
use upgrade_kit::adapter::oracle::{Export, Restore};

use super::sampled;
use super::values::{HOSTILE, run};
use crate::database_stage::Stage;
use crate::oracle::rig::{PASSWORD, Rig};
use crate::proof::random::Random;
use crate::stage::{self, decode};

/// Names of Oracle that have a meaning of their own somewhere on the way.
const MORE: &[&str] = &[
    "A#B",
    "A&B",
    "A:B",
    "A,B",
    "A=B",
    "a b",
    "lower",
    "SYS AS SYSDBA",
    "A@B",
    "A.B",
    "(A)",
];

fn all() -> impl Iterator<Item = &'static str> {
    HOSTILE.iter().chain(MORE).copied()
}

/// Where each name may stand in the options of an export and a restore.
fn places(name: &str) -> Vec<(&'static str, &'static str, Value)> {
    let base = || {
        json!({
            "connection": {
                "user": "domibus", "password": { "env": "DB_PASSWORD" }, "host": "db", "service": "s",
            },
            "schema": "DOMIBUS", "directory": "UPK_DIR", "directory_path": "/dumps",
        })
    };
    let mut places = Vec::new();
    for option in ["schema", "directory", "artifact"] {
        let mut options = base();
        options[option] = name.into();
        places.push(("oracle.export", option, options));
    }
    for option in ["user", "host", "service"] {
        let mut options = base();
        options["connection"][option] = name.into();
        places.push(("oracle.export", option, options));
    }
    let mut options = base();
    options["connection"] = json!({ "wallet": name });
    places.push(("oracle.export", "wallet", options));
    let mut options = base();
    options["connection"] = json!({ "external": true, "sid": name });
    places.push(("oracle.export", "sid", options));
    let mut options = base();
    options["remap_schema"] = name.into();
    places.push(("oracle.restore", "remap_schema", options));
    let mut options = base();
    options["remap_tablespace"] = json!({ name: "USERS" });
    places.push(("oracle.restore", "remap_tablespace", options));
    for (verb, schema) in [("mysql.dump", "schema"), ("postgres.dump", "database")] {
        let options = json!({
            "connection": { "host": "db", "user": "u" }, schema: "domibus", "artifact": name,
        });
        places.push((verb, "artifact", options));
    }
    places
}

/// What is refused is named; what is accepted is on no line of its own in the preview, and a shell takes
/// the shown commands for the words that they are.
#[test]
fn every_name_is_refused_by_name_or_stays_in_its_place() {
    let (mut refused, mut accepted) = (0, 0);
    for name in all() {
        for (action, option, options) in places(name) {
            let decoded = decode(action, &options);
            let problems = decoded.validate();
            if let Some(problem) = problems.first() {
                refused += 1;
                assert!(problem.contains(option), "{name:?} as {option}: {problem}");
                assert!(!problem.contains('\n'), "{problem:?}");
                continue;
            }
            accepted += 1;
            for line in decoded.preview() {
                let text = format!("{line:?}");
                assert!(!text.contains("\\ntouch"), "{name:?} as {option}: {text}");
            }
            assert!(
                !["artifact", "host", "directory"].contains(&option)
                    || name != "-rf"
                    || option == "host"
            );
        }
    }
    println!("{refused} refused, {accepted} accepted");
    assert!(refused > 100 && accepted > 40, "{refused}, {accepted}");
}

/// Accounts whose names a simulated database can hold: it keeps a file for each, and a script of the rig
/// names it in quotes.
fn has_simulated(name: &str) -> bool {
    !name.contains(['/', '\\', '%']) && !name.contains("lower")
}

/// The account exports its own schema and brings it back: through the log on, the parameter file, the SQL
/// and the guide.
#[test]
fn an_account_of_any_name_is_exported_and_restored() {
    let accepted = |name: &&str| {
        let places = places(name);
        let mut own = places
            .iter()
            .filter(|(_, option, _)| ["schema", "user"].contains(option));
        own.all(|(action, _, options)| decode(action, options).validate().is_empty())
    };
    let mut names: Vec<&str> = all()
        .filter(accepted)
        .filter(|name| has_simulated(name))
        .collect();
    let mut random = Random::of("names", 0);
    while names.len() > sampled(usize::MAX, 3) {
        names.remove(random.below(names.len() as u64) as usize);
    }
    // The one that a parameter file would cut.
    names.push("A#C");
    for name in names {
        one_account(name);
    }
}

fn one_account(name: &str) {
    let rig = Rig::new();
    rig.python(&format!(
        "b.add_user({name:?}, '{PASSWORD}', ['CREATE SESSION', 'CREATE TABLE', 'SELECT V_$SESSION'])\n"
    ));
    let quoted = format!("\"{name}\"");
    rig.sql(
        &quoted,
        "CREATE TABLE TB_NAME (ID NUMBER(19));\nINSERT INTO TB_NAME VALUES (1);\nCOMMIT;\n",
    );
    let mut connection = rig.connection("DOMIBUS");
    connection["user"] = name.into();
    let options = json!({
        "connection": connection, "schema": name, "directory": "UPK_DIR",
        "directory_path": rig.folder(), "wait_seconds": 0,
    });
    let rows = || {
        let table = rig.sql(&quoted, "SELECT ID FROM TB_NAME;");
        table.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let before = rows();
    let export: Export = serde_json::from_value(options.clone()).unwrap();
    assert_eq!(export.validate(), Vec::<String>::new());
    let stage = Stage::new(PASSWORD);
    let set = stage.sealed("set", &[export]);
    rig.sql(&quoted, "INSERT INTO TB_NAME VALUES (2);\nCOMMIT;\n");
    assert_ne!(rows(), before);
    let restore: Restore = serde_json::from_value(options).unwrap();
    let restored = stage.restore(&set, &restore);
    assert!(restored.is_ok(), "{name:?}: {restored:?}");
    assert_eq!(rows(), before, "{name:?}");
    nothing_ran(rig.directory.path());
    nothing_ran(stage.directory.path());
    // The guide: each program is called with the name in one word.
    let guide = fs::read_to_string(set.directory().join("RESTORE.md")).unwrap();
    let block = guide
        .split("```sh\n")
        .find(|block| block.contains("impdp"))
        .unwrap();
    let block = block.split("\n```").next().unwrap();
    let stand_ins = "impdp() { printf '%s\\n' \"$@\"; }; zstd() { :; }; sqlplus() { cat; }\n";
    let said = run("sh", stage.directory.path(), &format!("{stand_ins}{block}"));
    let plain = name.chars().all(|c| c.is_ascii_uppercase());
    let schemas = if plain {
        format!("SCHEMAS={name}")
    } else {
        format!("SCHEMAS=\"{name}\"")
    };
    assert!(said.lines().any(|line| line == schemas), "{name:?}: {said}");
    nothing_ran(stage.directory.path());
}

#[track_caller]
fn nothing_ran(folder: &Path) {
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(!name.starts_with("pwned"), "{}", entry.path().display());
    }
}

/// Whatever stands in an entry stands in the file that the rollout reads, which is JSON.
#[test]
fn entries_of_a_rollout_arrive_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for value in all() {
        let to = folder.path().join("entries.json");
        for (action, key, entry) in [
            (
                "zdt.write-migrations",
                "migrations",
                json!({ "source": value, "destination": value, "migrationType": "jms" }),
            ),
            (
                "zdt.write-applications",
                "applications",
                json!({
                    "applicationName": value, "patchedLocation": value, "backupLocation": value,
                    "planLocation": value,
                }),
            ),
        ] {
            let options = json!({ "entries": [entry], "to": to });
            let action = decode(action, &options);
            for line in action.preview() {
                let text = format!("{line:?}");
                assert!(!text.contains("Note(\"touch"), "{value:?}: {text}");
            }
            stage::Stage::new()
                .perform(action_name(key), &options)
                .unwrap();
            let read: Value = serde_json::from_slice(&fs::read(&to).unwrap()).unwrap();
            assert_eq!(read[key], json!([entry]), "{value:?}");
        }
    }
    nothing_ran(folder.path());
}

fn action_name(key: &str) -> &'static str {
    match key {
        "migrations" => "zdt.write-migrations",
        _ => "zdt.write-applications",
    }
}

/// A file of any name comes to a node whose copy command hands the path to a shell, or is refused by name.
/// The node itself may have any name: it is only told.
#[test]
fn a_file_of_any_name_comes_to_a_node_or_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    fs::create_dir_all(&here).unwrap();
    fs::create_dir_all(&there).unwrap();
    let moved = format!("s#{}#{}#g", here.display(), there.display());
    let script = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let shell = script(
        "shell",
        &format!("exec /bin/sh -c \"$(printf %s \"$1\" | sed '{moved}')\""),
    );
    let copy = script(
        "copy",
        &format!(
            "cd '{}'\nto=$(printf %s \"$2\" | sed '{moved}')\nfrom=$1\neval \"set -- $to\"\n\
             exec cp -rp -- \"$from\" \"$*\"",
            folder.path().display()
        ),
    );
    let (mut refused, mut delivered) = (0, 0);
    for value in all().filter(|value| !value.contains('/')) {
        let path = here.join(value);
        fs::write(&path, "content").unwrap();
        let options = json!({ "path": path, "node": {
            "name": value, "oracle_home": "/u01/oracle/home", "run": [shell],
            "copy": [copy, "{from}", "{to}"],
        } });
        let problems = decode("zdt.deliver", &options).validate();
        if let Some(problem) = problems.first() {
            refused += 1;
            assert!(problem.starts_with("path: "), "{value:?}: {problem}");
            assert!(!problem.contains('\n') || value.contains('\n'), "{problem}");
            continue;
        }
        let outcome = stage::Stage::new().perform("zdt.deliver", &options);
        assert!(outcome.is_ok(), "{value:?}: {outcome:?}");
        assert_eq!(
            fs::read(there.join(value)).unwrap(),
            b"content",
            "{value:?}"
        );
        delivered += 1;
        nothing_ran(folder.path());
    }
    println!("{refused} refused, {delivered} delivered");
    assert!(refused > 10 && delivered > 5, "{refused}, {delivered}");
    nothing_ran(folder.path());
}
