//! Migration scripts and questions.

use serde_json::json;
use upgrade_kit::adapter::postgres::{Query, Script};
use upgrade_kit::adapter::{Action, Probe};
use upgrade_kit::event::FailureKind;
use upgrade_kit::host::LocalHost;

use super::rig::{action, rig};
use crate::database_stage::{Stage, ran, shown, text};
use crate::fake_tools::Tools;

fn script(
    stage: &Stage,
    connection: &upgrade_kit::adapter::postgres::Connection,
    database: &str,
    text: &str,
) -> Script {
    let path = stage.directory.path().join("postgresql-migration.sql");
    std::fs::write(&path, text).unwrap();
    action(
        connection,
        json!({ "database": database, "scripts": [path] }),
    )
}

#[test]
fn a_script_is_run_whole_or_not_at_all_and_once() {
    let Some(rig) = rig() else { return };
    let database = rig.empty();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let bad =
        "CREATE TABLE a (id INT);\nINSERT INTO a VALUES (1);\nINSERT INTO nowhere VALUES (1);\n";
    let action = script(&stage, &connection, &database, bad);
    let failure = stage
        .step(None, None, |context| action.perform(context))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Tool);
    let said = text(&failure);
    assert!(
        said.contains("postgresql-migration.sql failed in"),
        "{said}"
    );
    assert!(
        said.contains("nothing of it stays unless the script commits by itself"),
        "{said}"
    );
    assert!(failure.0.stderr[0].contains("relation \"nowhere\" does not exist"));
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(rig.sql(&database, "", tables), "0");

    let stage = Stage::new(&rig.password);
    let action = script(
        &stage,
        &connection,
        &database,
        "CREATE TABLE a (id INT);\nINSERT INTO a VALUES (1);\n",
    );
    assert_eq!(stage.check(&action, None), []);
    ran(&stage);
    let outcome = stage
        .step(None, None, |context| action.perform(context))
        .unwrap();
    assert_eq!(outcome.summary, format!("1 script run in `{database}`"));
    let mut shown = shown(&action);
    shown.insert(0, ran(&stage)[0].clone());
    assert!(shown[0].contains("dbname=postgres"));
    let probe = stage
        .step(None, None, |context| action.probe(context))
        .unwrap();
    assert_eq!(probe, Probe::Present(outcome));
    stage
        .step(None, None, |context| action.perform(context))
        .unwrap();
    assert_eq!(rig.sql(&database, "", "SELECT count(*) FROM a"), "1");
}

#[test]
fn a_script_that_was_cut_off_is_begun_again_only_without_a_trace() {
    let Some(rig) = rig() else { return };
    let connection = rig.connection();
    let tools = Tools::new();
    // It is killed before it ends, once within its transaction and once after a commit of its own.
    tools.write(
        "half",
        "#!/bin/bash\ncase \"$*\" in *single-transaction*) \
         { head -n 2; sleep 1; kill -9 $$; } | psql \"$@\" ;; *) exec psql \"$@\" ;; esac\n",
    );
    for (text_of, clean) in [
        (
            "CREATE TABLE a (id INT);\n\nINSERT INTO a VALUES (1);\n",
            true,
        ),
        (
            "CREATE TABLE a (id INT);\nCOMMIT;\nINSERT INTO a VALUES (1);\n",
            false,
        ),
    ] {
        let database = rig.empty();
        let stage = Stage::new(&rig.password);
        let mut hanging = connection.clone();
        hanging.client_program = Some(tools.path("half"));
        let cut = script(&stage, &hanging, &database, text_of);
        let failure = stage
            .step(None, None, |context| cut.perform(context))
            .unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Tool, "{failure:?}");
        if clean {
            // psql commits what it was given when its input ends: take that back as a kill would.
            rig.sql(&database, "", "DROP TABLE IF EXISTS a");
        }
        let whole = script(&stage, &connection, &database, text_of);
        let probe = stage
            .step(None, None, |context| whole.probe(context))
            .unwrap();
        if clean {
            assert_eq!(probe, Probe::Absent);
            stage
                .step(None, None, |context| whole.perform(context))
                .unwrap();
            assert_eq!(rig.sql(&database, "", "SELECT count(*) FROM a"), "1");
        } else {
            assert!(
                matches!(&probe, Probe::Unknown(text) if text.contains("was cut off")),
                "{probe:?}"
            );
            let failure = stage
                .step(None, None, |context| whole.perform(context))
                .unwrap_err();
            assert_eq!(failure.kind(), FailureKind::NeedsOperator);
        }
    }
}

#[test]
fn a_script_with_commands_of_the_client_is_refused() {
    let Some(rig) = rig() else { return };
    let database = rig.empty();
    let stage = Stage::new(&rig.password);
    let witness = stage.directory.path().join("witness");
    let evil = format!(
        "CREATE TABLE a (id INT);\n\\! touch {}\n",
        witness.display()
    );
    let action = script(&stage, &rig.connection(), &database, &evil);
    let findings = stage.check(&action, None);
    assert!(findings[0].message.contains("line 2 of"), "{findings:?}");
    let failure = stage
        .step(None, None, |context| action.perform(context))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert!(!witness.exists());
    let _ = LocalHost;
}

#[test]
fn questions_are_answered_and_change_nothing() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let ask = |sql: &str, expect: serde_json::Value| -> Query {
        let options =
            json!({ "connection": connection, "database": database, "sql": sql, "expect": expect });
        serde_json::from_value(options).unwrap()
    };
    let good = ask("SELECT count(*) FROM um_user;", json!({ "scalar": "2000" }));
    assert_eq!(good.validate(), Vec::<String>::new());
    ran(&stage);
    let outcome = stage
        .step(None, None, |context| good.perform(context))
        .unwrap();
    assert_eq!(ran(&stage), shown(&good));
    assert_eq!(outcome.outputs["value"], "2000");
    let tables = "SELECT table_name FROM information_schema.tables WHERE table_name = 'um_domain'";
    let rows = ask(tables, json!({ "rows": 2 }));
    let failure = stage
        .step(None, None, |context| rows.perform(context))
        .unwrap_err();
    assert!(failure.0.message.contains("1 rows instead of 2"));
    let change = ask(
        "DELETE FROM um_user RETURNING um_id",
        json!({ "rows": 2000 }),
    );
    let failure = stage
        .step(None, None, |context| change.perform(context))
        .unwrap_err();
    assert!(
        text(&failure).contains("read-only transaction")
            || text(&failure).contains("may not change"),
        "{failure:?}"
    );
    assert_eq!(
        rig.sql(&database, "", "SELECT count(*) FROM um_user"),
        "2000"
    );
    let shell = ask("SELECT 1 \\! touch x", json!({ "rows": 1 }));
    assert!(shell.validate()[0].contains("command of the client's own"));
}
