//! A preview shows exactly the commands that are run.

use serde_json::json;
use upgrade_kit::adapter::mysql::{CheckQuiet, Query, Script};
use upgrade_kit::adapter::{Action, PreviewLine};

use super::rig::rig;
use super::stage::{action, dump, restore};
use crate::database_stage::{Stage, ran, shown};

#[test]
fn what_is_shown_is_what_runs() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();

    let dump = dump(&connection, &schema);
    let set = stage.sealed("set", std::slice::from_ref(&dump));
    assert_eq!(ran(&stage), shown(&dump));

    let restore = restore(&connection, &schema);
    stage.restore(&set, &restore).unwrap();
    assert_eq!(ran(&stage), shown(&restore));

    let query: Query = action(&connection, json!({ "schema": schema, "sql": "SELECT 1" }));
    stage
        .step(None, None, |context| query.perform(context))
        .unwrap();
    assert_eq!(ran(&stage), shown(&query));

    let quiet: CheckQuiet = action(&connection, json!({ "schemas": [schema] }));
    stage
        .step(None, None, |context| quiet.perform(context))
        .unwrap();
    assert_eq!(ran(&stage), shown(&quiet));

    let path = stage.directory.path().join("1.sql");
    std::fs::write(&path, "CREATE TABLE one (id INT);").unwrap();
    let script: Script = action(&connection, json!({ "schema": schema, "scripts": [path] }));
    stage
        .step(None, None, |context| script.perform(context))
        .unwrap();
    assert_eq!(ran(&stage), shown(&script));
}

#[test]
fn the_preview_of_a_dump_and_a_restore() {
    let connection = json!({
        "host": "db.example", "port": 3307, "user": "domibus", "password": { "env": "DB_PASSWORD" },
        "family": "mariadb", "option_file": "/etc/domibus/tls.cnf",
    });
    let connection = serde_json::from_value(connection).unwrap();
    let text = |lines: Vec<PreviewLine>| {
        let lines: Vec<String> = lines.iter().map(|line| format!("{line:?}")).collect();
        lines.join("\n")
    };
    insta::assert_snapshot!(text(dump(&connection, "domibus a").preview()), @r#"
    Command("mariadb --defaults-file=/dev/fd/3 --user=domibus --protocol=tcp --host=db.example --port=3307 --default-character-set=utf8mb4 --max-allowed-packet=1G --connect-timeout=20 --batch --binary-mode --comments --loose-skip-reconnect --loose-sandbox --loose-skip-commands --loose-skip-print-query-on-error --skip-column-names --unbuffered")
    Checks("the account has SELECT, SHOW VIEW, TRIGGER and EVENT on `domibus a` and sees its routines")
    Checks("no other session uses `domibus a` (waits up to 0 s)")
    Command("mariadb-dump --defaults-file=/dev/fd/3 --user=domibus --protocol=tcp --host=db.example --port=3307 --single-transaction --quick --routines --events --triggers --hex-blob --no-tablespaces --default-character-set=utf8mb4 --max-allowed-packet=1G --loose-set-gtid-purged=OFF --loose-column-statistics=0 --loose-skip-masking-policies -- 'domibus a'")
    Writes("database/domibus%20a.sql.zst (zstd, SHA-256)")
    Checks("the dump has its trailer and every table, view, routine, trigger and event; definitions, checksums and sessions are the same before and after")
    "#);
    insta::assert_snapshot!(text(restore(&connection, "domibus a").preview()), @r#"
    Command("mariadb --defaults-file=/dev/fd/3 --user=domibus --protocol=tcp --host=db.example --port=3307 --default-character-set=utf8mb4 --max-allowed-packet=1G --connect-timeout=20 --batch --binary-mode --comments --loose-skip-reconnect --loose-sandbox --loose-skip-commands --loose-skip-print-query-on-error --skip-column-names --unbuffered")
    Checks("the server is of the dump's family and the account may drop, create and load `domibus a`")
    Reads("database/domibus%20a (zstd, SHA-256, to its trailer)")
    Checks("no other session uses `domibus a` (waits up to 0 s)")
    Removes("the schema `domibus a` and all that is in it")
    Note("SQL: DROP DATABASE IF EXISTS `domibus a`; CREATE DATABASE `domibus a` <as recorded>;")
    Command("mariadb --defaults-file=/dev/fd/3 --user=domibus --protocol=tcp --host=db.example --port=3307 --default-character-set=utf8mb4 --max-allowed-packet=1G --connect-timeout=20 --batch --binary-mode --comments --loose-skip-reconnect --loose-sandbox --loose-skip-commands --loose-skip-print-query-on-error '--database=domibus a'")
    Checks("every table, view, routine, trigger, event, row count and checksum is as recorded")
    "#);
}
