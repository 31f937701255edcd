//! Scenes of commands, of the practice server, and of a simulated cluster of OX nodes.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::tempdir;

use super::scene::{Row, Scene, row, some};
use crate::ox::rig::{Rig, password};
use crate::rig_server::command;
use crate::server::Ground;

pub(super) const COMMANDS: &[Row] = &[
    row("command.check", command_check),
    row("command.run", command_run),
];

pub(super) const SERVERS: &[Row] = &[
    some(3, "server.start", server_start),
    some(3, "server.stop", server_stop),
];

pub(super) const OX: &[Row] = &[
    row("ox.change-server", || cluster("ox.change-server")),
    row("ox.check-schemata", || cluster("ox.check-schemata")),
    row("ox.check-updated", || cluster("ox.check-updated")),
    row("ox.disable-schema", || cluster("ox.disable-schema")),
    row("ox.enable-schema", || cluster("ox.enable-schema")),
    row("ox.find-server", || cluster("ox.find-server")),
    row("ox.register-server", || cluster("ox.register-server")),
    row("ox.reload-configuration", || {
        cluster("ox.reload-configuration")
    }),
    row("ox.run-update", || cluster("ox.run-update")),
];

/// A program that does its work once, and says so.
const WORK: &str = "echo begun >>work; test -n \"$TOKEN\" && echo done >>work; echo all is well";

fn command_scene(more: Value) -> Scene {
    let folder = Arc::new(tempdir().unwrap());
    let mut options = json!({
        "argv": ["sh", "-c", WORK], "directory": folder.path(),
        "secret_environment": { "TOKEN": { "env": "TOKEN" } },
    });
    options
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let own = Arc::clone(&folder);
    let read = move || std::fs::read_to_string(own.path().join("work")).unwrap_or_default();
    Scene::new(options, folder.path(), read)
}

fn command_run() -> Option<Scene> {
    let probe = json!({ "probe_argv": ["grep", "-qx", "done", "work"] });
    Some(command_scene(probe))
}

fn command_check() -> Option<Scene> {
    let look = json!({ "argv": ["sh", "-c", "echo all is well"], "stdout_contains": "is well" });
    Some(command_scene(look))
}

/// The practice server, and whether it runs.
fn server() -> Scene {
    let ground = Arc::new(Ground::new());
    let home = ground.path().join("tomcat");
    let template =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart/template/tomcat");
    let copied = command("cp").arg("-r").args([&template, &home]).status();
    assert!(copied.unwrap().success());
    let options = json!({
        "kind": "tomcat", "home": home, "pid_file": home.join("run/catalina.pid"), "timeout": "20s",
    });
    let own = Arc::clone(&ground);
    let state = move || {
        let ours = own.path().join("tomcat").display().to_string();
        let runs = std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter(|process| {
                let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains(&ours)
            });
        format!("{} processes", runs.count())
    };
    Scene::new(options, ground.path(), state)
}

fn server_start() -> Option<Scene> {
    Some(server())
}

fn server_stop() -> Option<Scene> {
    let mut scene = server();
    let home = scene.options["home"].as_str().unwrap().to_owned();
    let started = command(Path::new(&home).join("bin/startup.sh"))
        .env("CATALINA_PID", Path::new(&home).join("run/catalina.pid"))
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    assert!(started.unwrap().success());
    scene.options["grace"] = json!("2s");
    Some(scene)
}

/// A cluster where that action has something to do on the first schema.
fn cluster(action: &'static str) -> Option<Scene> {
    let rig = Arc::new(Rig::new(2));
    let schema = "oxdatabase_1";
    let put = |file: &str, text: &str| rig.write(&format!("sim/schemata/{schema}/{file}"), text);
    let mut options = json!({ "tools": {
        "directory": rig.path("sbin"), "rmi": "n1", "password": { "env": "ADMIN" },
    } });
    let mut set = |name: &str, value: Value| options[name] = value;
    rig.write("sim/servers", "3 oxserver\n8 oxserver-new\n");
    match action {
        "ox.change-server" => {
            set("schema", json!(schema));
            set("server", json!("oxserver-new"));
        }
        "ox.check-schemata" => set("schemata", json!(["oxdatabase_1", "oxdatabase_2"])),
        "ox.check-updated" => {
            set("schemata", json!([schema]));
            put("pending", "");
            put("executed", "AddColumnTask\nFillColumnTask\n");
        }
        "ox.find-server" => set("server", json!("oxserver")),
        "ox.register-server" => {
            rig.write("sim/servers", "3 oxserver\n");
            set("server", json!("oxserver-new"));
            set("registered", json!("abort"));
        }
        "ox.reload-configuration" => {}
        "ox.enable-schema" => {
            set("schema", json!(schema));
            put("enabled", "no\n");
        }
        _ => set("schema", json!(schema)),
    }
    if action == "ox.run-update" {
        put("enabled", "no\n");
        put("server", "8\n");
        set("interval", json!("100ms"));
    }
    let own = Arc::clone(&rig);
    let state = move || {
        let one = |file: &str| own.read(&format!("sim/schemata/{schema}/{file}"));
        let files = ["enabled", "server", "pending", "executed", "failed"];
        let schema: String = files
            .map(|file| format!("{file}: {}", one(file).trim()))
            .join("\n");
        format!("{}\n{schema}", own.read("sim/servers"))
    };
    let mut scene = Scene::new(options, &rig.path(""), state);
    scene.password = password();
    Some(scene)
}
