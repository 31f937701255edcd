//! What tools answer: whole actions on a machine whose tools say what the input says.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use upgrade_kit::adapter::{CheckContext, StepContext, registry};
use upgrade_kit::backup::PartialSet;
use upgrade_kit::event::RunState;
use upgrade_kit::host::{Control, Masker, Secret};

use super::tool_host::ToolHost;
use super::{folder, parts, put, text};

/// An action by the number of a byte, its options, and whether it writes into a set.
fn step(choice: u8, folder: &Path) -> (&'static str, Value) {
    let password = json!({ "env": "PASSWORD" });
    let database = json!({ "host": "127.0.0.1", "user": "domibus", "password": password });
    let oracle = json!({
        "host": "127.0.0.1", "service": "domibus", "user": "domibus", "password": password,
    });
    let wlst = json!({
        "wlst": folder.join("wlst.sh"), "url": "t3://127.0.0.1:7001", "user": "weblogic",
        "password": password,
    });
    let node = json!({ "name": "node1", "oracle_home": folder, "run": ["ssh", "node1"], "copy": ["scp", "{from}", "node1:{to}"] });
    let script = folder.join("one.sql");
    let answer = json!({ "rows": 1 });
    let domain = json!({
        "home": folder, "name": "domibus", "admin_server": "AdminServer", "managed_servers": ["one"],
    });
    match choice {
        b'a' => (
            "mysql.check-quiet",
            json!({ "connection": database, "schemas": ["one"], "wait_seconds": 0 }),
        ),
        b'b' => (
            "mysql.dump",
            json!({ "connection": database, "schema": "one", "wait_seconds": 0 }),
        ),
        b'c' => (
            "mysql.query",
            json!({ "connection": database, "schema": "one", "sql": "select 1", "expect": answer }),
        ),
        b'd' => (
            "mysql.script",
            json!({ "connection": database, "schema": "one", "scripts": [script], "wait_seconds": 0 }),
        ),
        b'e' => (
            "postgres.check-quiet",
            json!({ "connection": database, "databases": ["one"], "wait_seconds": 0 }),
        ),
        b'f' => (
            "postgres.dump",
            json!({ "connection": database, "database": "one", "wait_seconds": 0 }),
        ),
        b'g' => (
            "postgres.query",
            json!({ "connection": database, "database": "one", "sql": "select 1", "expect": answer }),
        ),
        b'h' => (
            "postgres.script",
            json!({ "connection": database, "database": "one", "scripts": [script], "wait_seconds": 0 }),
        ),
        b'i' => (
            "oracle.export",
            json!({ "connection": oracle, "schema": "ONE", "directory": "DUMPS", "directory_path": folder, "wait_seconds": 0 }),
        ),
        b'j' => (
            "oracle.query",
            json!({ "connection": oracle, "schema": "ONE", "sql": "select 1 from dual", "expect": answer }),
        ),
        b'k' => (
            "oracle.script",
            json!({ "connection": oracle, "schema": "ONE", "scripts": [script], "wait_seconds": 0 }),
        ),
        b'l' => (
            "ox.find-server",
            json!({ "tools": {}, "server": "oxserver" }),
        ),
        b'm' => (
            "ox.check-schemata",
            json!({ "tools": {}, "schemata": ["oxdatabase_5"] }),
        ),
        b'n' => (
            "ox.disable-schema",
            json!({ "tools": {}, "schema": "oxdatabase_5" }),
        ),
        b'o' => (
            "ox.change-server",
            json!({ "tools": {}, "schema": "oxdatabase_5", "server": "oxserver" }),
        ),
        b'p' => (
            "ox.run-update",
            json!({ "tools": {}, "schema": "oxdatabase_5", "interval": "1ms" }),
        ),
        b'q' => (
            "ox.enable-schema",
            json!({ "tools": {}, "schema": "oxdatabase_5" }),
        ),
        b'r' => (
            "ox.check-updated",
            json!({ "tools": {}, "schemata": ["oxdatabase_5"] }),
        ),
        b's' => (
            "ox.register-server",
            json!({ "tools": {}, "server": "oxserver", "registered": "continue" }),
        ),
        b't' => (
            "weblogic.survey",
            json!({ "connection": wlst, "jms_module": "domibus", "targets": ["one"], "domain": domain }),
        ),
        b'u' => (
            "weblogic.pause-jms",
            json!({ "connection": wlst, "jms_module": "domibus", "targets": ["one"], "timeout": "1s" }),
        ),
        b'v' => (
            "weblogic.export-jms",
            json!({ "connection": wlst, "jms_module": "domibus", "targets": ["one"], "artifact": "jms" }),
        ),
        b'w' => (
            "zdt.check-node",
            json!({ "node": node, "patches": ["123"], "node_manager": true }),
        ),
        b'x' => (
            "zdt.patch-home",
            json!({ "home": folder, "java_home": folder, "patches": [folder.join("123")] }),
        ),
        b'y' => (
            "h2.check-tables",
            json!({ "connection": { "file": folder.join("one.mv.db"), "user": "sa", "jar": folder.join("h2.jar") }, "tables": ["UM_USER"] }),
        ),
        b'z' => (
            "command.check",
            json!({ "argv": ["tool"], "stdout_contains": "ready" }),
        ),
        b'A' => (
            "http.check",
            json!({ "url": "http://127.0.0.1/", "body_contains": "ready", "wait": "1ms", "interval": "1ms" }),
        ),
        b'B' => (
            "server.check-stopped",
            json!({ "kind": "wildfly", "home": folder }),
        ),
        _ => (
            "artemis.export",
            json!({ "home": folder, "copy": folder.join("copy"), "artifact": "jms" }),
        ),
    }
}

/// The first part is the choice of the action, the others are answers.
pub(super) fn answers(input: &[u8]) {
    let Some((choice, input)) = input.split_first() else {
        return;
    };
    let folder = &folder();
    put(folder, "one.sql", b"select 1;\n");
    put(folder, "one.mv.db", b"H:2,block:2,created:1\n");
    let (action, options) = step(*choice, folder);
    act(action, options, folder, &parts(input));
}

/// A document and where something is changed in it.
pub(super) fn xml_edit(input: &[u8]) {
    let folder = &folder();
    let parts = parts(input);
    let (Some(document), Some(place), Some(value)) = (parts.first(), parts.get(1), parts.get(2))
    else {
        return;
    };
    let (Some(place), Some(value)) = (text(place), text(value)) else {
        return;
    };
    put(folder, "one.xml", document);
    let options = json!({ "file": folder.join("one.xml"), "set": [{ "at": place, "to": value }] });
    act("xml.edit", options, folder, &[]);
}

/// The file of an embedded database.
pub(super) fn h2(input: &[u8]) {
    let folder = &folder();
    put(folder, "one.mv.db", input);
    let options = json!({ "file": folder.join("one.mv.db"), "artifact": "database/one" });
    act("h2.backup", options, folder, &[]);
}

fn act(action: &str, options: Value, folder: &Path, answers: &[&[u8]]) {
    let Value::Object(options) = options else {
        unreachable!()
    };
    let entry = registry::find(action).unwrap();
    let action = match entry.decode(options) {
        Ok(action) if action.validate().is_empty() => action,
        // Places and values of `xml.edit` come from the input.
        Ok(_) if entry.name == "xml.edit" => return,
        Ok(action) => panic!("{}: {:?}", entry.name, action.validate()),
        Err(error) => panic!("{}: {error}", entry.name),
    };
    assert!(!action.preview().is_empty());
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let id = format!("set-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let set = PartialSet::create(&folder.join("backups"), &id).unwrap();
    let secret = |_: &_| Ok(Secret::new("s3cret".to_owned()));
    for check in [true, false] {
        let host = ToolHost::new(folder, answers);
        let control = Control::unattended(Masker::default());
        if check {
            _ = action.check(&CheckContext {
                step: "a-step",
                host: &host,
                control: &control,
                secret: &secret,
                backups: folder,
                using: None,
            });
            continue;
        }
        let context = StepContext {
            step: "a-step",
            host: &host,
            control: &control,
            progress: &|_| {},
            say: &|_| {},
            secret: &secret,
            scratch: &folder.join("scratch"),
            run_directory: folder,
            writing: Some(&set),
            using: None,
            state: &RunState::new,
        };
        _ = action.perform(&context);
        _ = action.probe(&context);
    }
}
