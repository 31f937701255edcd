//! Restores: the exact earlier state, or nothing changed.

use std::io::Write;

use serde_json::json;
use upgrade_kit::adapter::postgres::{Dump, Restore};
use upgrade_kit::adapter::{Action, Severity};
use upgrade_kit::backup::{PartialSet, SealedSet};
use upgrade_kit::event::{FailureKind, Level};

use super::rig::{action, dump, restore, rig};
use crate::database_stage::{Stage, ran, shown, text};

#[test]
fn a_restore_undoes_an_upgrade_to_the_byte() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    rig.sql(
        "postgres",
        "",
        &format!(
            "ALTER DATABASE {database} SET search_path TO \"$user\", public, 'odd one';
             ALTER DATABASE {database} SET work_mem TO '5MB';
             ALTER ROLE wso2 IN DATABASE {database} SET statement_timeout TO '1h';
             COMMENT ON DATABASE {database} IS 'it''s Carbon''s';
             ALTER DATABASE {database} CONNECTION LIMIT 30;
             REVOKE ALL ON DATABASE {database} FROM PUBLIC;"
        ),
    );
    let before = rig.exact_dump(&database);
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();

    let (set, outcome) = stage
        .dump_into("set", &dump(&connection, &database))
        .unwrap();
    assert_eq!(outcome.artifacts[0].level, Level::L3);
    assert_eq!(outcome.outputs["tables"], 4);
    // One more: the large object.
    assert_eq!(outcome.outputs["rows"], 2000 + 2 + 52 + 2 + 1);
    assert_eq!(outcome.warnings, Vec::<String>::new());
    let set = stage.seal(&set, outcome.artifacts);

    rig.sql(
        &database,
        "",
        "CREATE TABLE added (id INT); CREATE VIEW added_view AS SELECT 1; DROP VIEW system_users;
         UPDATE um_user SET um_user_name = 'x' WHERE um_id = 7; SELECT nextval('reg_log_sequence');
         DROP TRIGGER touched ON um_user; SELECT lo_unlink(oid) FROM pg_largeobject_metadata;",
    );
    rig.sql(
        "postgres",
        "",
        &format!(
            "ALTER DATABASE {database} RESET ALL; GRANT ALL ON DATABASE {database} TO PUBLIC;"
        ),
    );
    assert_ne!(rig.exact_dump(&database), before);
    // The account owns the database and what it made in it; the superuser's new table is nobody
    // else's business.
    let outcome = stage
        .restore(&set, &restore(&connection, &database))
        .unwrap();
    assert_eq!(outcome.warnings, Vec::<String>::new());
    assert_eq!(rig.exact_dump(&database), before);

    rig.sql("postgres", "", &format!("DROP DATABASE {database}"));
    stage
        .restore(&set, &restore(&connection, &database))
        .unwrap();
    assert_eq!(rig.exact_dump(&database), before);
}

/// A database's name is data for the server, the client and its password file.
#[test]
fn a_database_of_an_odd_name_comes_back() {
    let Some(rig) = rig() else { return };
    let name = "-it's \"x\" $(touch pwned) `x` \\ ; -- {} %s = :";
    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
    let create = format!("CREATE DATABASE {quoted} OWNER wso2;");
    rig.sql("postgres", "", &create);
    // The rig's clients take an address in the name's place.
    let escaped = name.replace('\\', "\\\\").replace('\'', "\\'");
    let address = format!("dbname='{escaped}'");
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let fill = "CREATE TABLE t (a text); INSERT INTO t VALUES ('kept');";
    rig.sql(&address, "SET ROLE wso2;", fill);
    let before = rig.exact_dump(&address);
    let set = stage.sealed("set", &[dump(&connection, name)]);
    rig.sql(
        &address,
        "SET ROLE wso2;",
        "DELETE FROM t; CREATE TABLE added ();",
    );
    stage.restore(&set, &restore(&connection, name)).unwrap();
    assert_eq!(rig.exact_dump(&address), before);
    rig.sql("postgres", "", &format!("DROP DATABASE {quoted};"));
}

#[test]
fn a_clone_has_another_name_and_replaces_nothing() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let clone = rig.empty();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let set = stage.sealed("set", &[dump(&connection, &database)]);
    let options = json!({ "database": database, "remap_database": clone, "into_empty": true });
    let action: Restore = action(&connection, options);

    rig.sql(&clone, "", "CREATE TABLE mine (id INT)");
    let findings = stage.check(&action, Some(&set));
    assert_eq!(findings[0].severity, Severity::Refuse);
    let failure = stage.restore(&set, &action).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert_eq!(
        failure.0.message,
        format!("the database `{clone}` is not empty: it holds 1 objects")
    );
    assert_eq!(rig.sql(&clone, "", "SELECT count(*) FROM mine"), "0");

    rig.sql(&clone, "", "DROP TABLE mine");
    let before = rig.exact_dump(&database);
    assert_eq!(stage.check(&action, Some(&set)), []);
    ran(&stage);
    stage.restore(&set, &action).unwrap();
    assert_eq!(ran(&stage), shown(&action));
    assert_eq!(rig.exact_dump(&clone), before.replace(&database, &clone));
    // What a killed attempt left is the step's own.
    stage.restore(&set, &action).unwrap();
    assert_eq!(rig.exact_dump(&clone), before.replace(&database, &clone));
    assert_eq!(rig.exact_dump(&database), before);
}

#[test]
fn what_stands_in_the_way_is_refused_before_the_drop() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let stage = Stage::new(&rig.password);
    let set = stage.sealed("set", &[dump(&rig.root(), &database)]);
    rig.sql(&database, "", "CREATE TABLE later (id INT)");
    let role = format!("mate_of_{database}");
    rig.sql(
        "postgres",
        "",
        &format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'x'; ALTER DATABASE {database} OWNER TO {role}"
        ),
    );
    let before = rig.exact_dump(&database);

    let failure = stage
        .restore(&set, &restore(&rig.connection(), &database))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    let said = text(&failure);
    assert!(
        said.contains(&format!("the account wso2 is no member of {role}")),
        "{said}"
    );
    assert!(
        said.contains(&format!("GRANT \"{role}\" TO \"wso2\";")),
        "{said}"
    );

    let mut held = crate::rig_server::command("psql");
    let socket = rig.root().socket.unwrap();
    held.args(["-X", "-q", "-U", "root", "-d", &database])
        .arg(format!("--host={}", socket.display()))
        .arg(format!("--port={}", rig.port))
        .stdin(std::process::Stdio::piped());
    let mut held = held.spawn().unwrap();
    let sessions = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'");
    while rig.sql("postgres", "", &sessions) != "1" {}
    let failure = stage
        .restore(&set, &restore(&rig.root(), &database))
        .unwrap_err();
    drop(held.stdin.take());
    held.wait().unwrap();
    assert_eq!(failure.kind(), FailureKind::Refused);
    let said = text(&failure);
    assert!(said.contains("the database is in use: session"), "{said}");
    assert!(said.contains("psql"), "{said}");
    assert_eq!(rig.exact_dump(&database), before);
}

/// A sealed set whose dump is this text, with the record of a real one.
fn forged(stage: &Stage, set: &SealedSet, artifact: &str, sql: &[u8], id: &str) -> SealedSet {
    let mut record = set.artifact(artifact).unwrap().clone();
    let forged = PartialSet::create(&stage.backups(), id).unwrap();
    let mut writer = forged.compressed(&record.files[0].path).unwrap();
    writer.write_all(sql).unwrap();
    record.files = vec![writer.finish().unwrap().file];
    stage.seal(&forged, vec![record])
}

#[test]
fn a_dump_with_commands_or_without_its_end_never_reaches_the_server() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let set = stage.sealed("set", &[dump(&connection, &database)]);
    let artifact = format!("database/{database}");
    let file = &set.artifact(&artifact).unwrap().files[0];
    let mut sql = String::new();
    std::io::Read::read_to_string(&mut set.decompressed(file).unwrap(), &mut sql).unwrap();
    assert!(!sql.contains("\\restrict") && !sql.contains("\\unrestrict"));
    let before = rig.exact_dump(&database);
    let witness = stage.directory.path().join("witness");
    let touch = format!("\\! touch {}\n", witness.display());

    let evil = [
        (
            sql.replacen("CREATE TABLE", &format!("{touch}CREATE TABLE"), 1),
            "command of the client's own",
        ),
        (
            sql.replacen(";\n", &format!("; {touch}"), 1),
            "command of the client's own",
        ),
        (
            sql.replacen(
                "CREATE TABLE",
                "SET standard_conforming_strings = off;\nCREATE TABLE",
                1,
            ),
            "command of the client's own",
        ),
        (
            sql[..sql.len() / 2].to_owned(),
            "no `-- PostgreSQL database dump complete`",
        ),
        (sql.replacen("user77\t", "user77x\t", 1), ""),
        (
            sql.replacen("CREATE VIEW", "CREATE  VIEW", 1),
            "VIEW public.system_users is defined otherwise",
        ),
    ];
    for (at, (text_of, problem)) in evil.iter().enumerate() {
        if problem.is_empty() {
            continue;
        }
        let set = forged(
            &stage,
            &set,
            &artifact,
            text_of.as_bytes(),
            &format!("evil{at}"),
        );
        let failure = stage
            .restore(&set, &restore(&connection, &database))
            .unwrap_err();
        assert_eq!(failure.kind(), FailureKind::DamagedSet, "{at}");
        let said = text(&failure);
        assert!(said.contains(problem), "{at}: {said}");
        assert!(said.contains("nothing was changed"), "{at}: {said}");
        assert_eq!(rig.exact_dump(&database), before, "{at}");
    }
    assert!(!witness.exists());

    // Rows that are other ones than recorded: seen only after the load, and said.
    let set = forged(&stage, &set, &artifact, evil[4].0.as_bytes(), "rows");
    let failure = stage
        .restore(&set, &restore(&connection, &database))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Verification);
    assert!(
        failure.0.message.contains("checksum of `public.um_user`"),
        "{}",
        failure.0.message
    );
}

#[test]
fn a_dump_is_restored_by_hand_from_what_the_record_says() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let before = rig.exact_dump(&database);
    let stage = Stage::new(&rig.password);
    let options = json!({ "database": database });
    let set = stage.sealed("set", &[action::<Dump>(&rig.connection(), options)]);
    let record = &set
        .artifact(&format!("database/{database}"))
        .unwrap()
        .details;
    let lines: Vec<String> = serde_json::from_value(record["by_hand"].clone()).unwrap();
    rig.sql(
        &database,
        "",
        "DROP TABLE um_user CASCADE; CREATE TABLE added (id INT)",
    );
    rig.by_hand(&lines, set.directory());
    assert_eq!(rig.exact_dump(&database), before);
}

#[test]
fn a_dump_of_another_kind_is_refused() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let stage = Stage::new(&rig.password);
    let (set, outcome) = stage
        .dump_into("set", &dump(&rig.connection(), &database))
        .unwrap();
    let mut record = outcome.artifacts[0].clone();
    record.kind = "mysql-dump".to_owned();
    let set = stage.seal(&set, vec![record]);
    let action = restore(&rig.connection(), &database);
    let failure = stage.restore(&set, &action).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    let findings = stage.check(&action, Some(&set));
    assert_eq!(findings[0].severity, Severity::Refuse);
    assert!(text(&failure).contains("is a `mysql-dump`, not a `postgres-dump`"));
    assert!(action.validate().is_empty());
}
