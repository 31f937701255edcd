//! `server.stop`, `server.start` and `server.check-stopped` against the practice server, against
//! scripts that misbehave, and against a real Tomcat.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use upgrade_kit::event::{FailureKind, StopLevel};
use upgrade_kit::host::{Attributes, Host, LocalHost};

use crate::stage::Stage;

/// A folder with a server in it. Whatever a failed test leaves running there is killed.
pub(crate) struct Ground(TempDir);

impl Ground {
    pub(crate) fn new() -> Self {
        Self(tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        kill_below(self.path());
    }
}

/// Kills every process whose command names something below that folder.
pub(crate) fn kill_below(folder: &Path) {
    let own = folder.to_string_lossy().into_owned();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        if String::from_utf8_lossy(&command).contains(&own)
            && let Some(process) = LocalHost.process(pid)
        {
            let _ = LocalHost.signal(process, 9);
        }
    }
}

/// A server made of scripts: `start` runs `server` in the background.
struct Scripts {
    folder: Ground,
}

impl Scripts {
    fn new(server: &str, stop: &str) -> Self {
        let folder = Ground::new();
        let bin = folder.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let write = |name: &str, body: &str| {
            let path = bin.join(name);
            std::fs::write(&path, format!("#!/bin/sh\ncd \"$CATALINA_BASE\"\n{body}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        write("server.sh", server);
        write(
            "startup.sh",
            "sh \"$CATALINA_BASE/bin/server.sh\" >log 2>&1 </dev/null &",
        );
        write("shutdown.sh", stop);
        Self { folder }
    }

    fn options(&self, more: &Value) -> Value {
        let mut options = json!({"kind": "tomcat", "home": self.folder.path()});
        for (name, value) in more.as_object().unwrap() {
            options[name] = value.clone();
        }
        options
    }
}

const LOOP: &str = "while :; do sleep 0.1; done";

#[test]
fn the_practice_server_starts_once_and_stops_once() {
    let folder = Ground::new();
    let home = folder.path().join("tomcat");
    let template =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart/template/tomcat");
    let copied = Command::new("cp")
        .arg("-r")
        .args([&template, &home])
        .status();
    assert!(copied.unwrap().success());
    let stage = Stage::new();
    let options = json!({
        "kind": "tomcat", "home": home, "pid_file": home.join("run/catalina.pid"),
    });
    let stop = |stage: &Stage| stage.perform("server.stop", &options).unwrap();
    let first = stop(&stage);
    assert_eq!(first.summary, "was not running");
    assert_eq!(first.outputs["was_running"], false);
    stage.perform("server.check-stopped", &options).unwrap();

    let started = stage.perform("server.start", &options).unwrap();
    assert_eq!(started.outputs["was_running"], false);
    let pid = started.outputs["pid"].as_u64().unwrap();
    assert!(pid > 0, "{started:?}");
    let again = stage.perform("server.start", &options).unwrap();
    assert_eq!(again.summary, "ran already");
    assert_eq!(again.outputs["pid"], pid);
    let failure = stage.perform("server.check-stopped", &options).unwrap_err();
    let wanted = format!("the server is not stopped: process {pid} (sh) runs");
    assert_eq!(failure.to_string(), wanted);

    let stopped = stop(&stage);
    assert_eq!(stopped.outputs["was_running"], true);
    assert_eq!(stopped.warnings, Vec::<String>::new());
    assert!(LocalHost.process(pid as u32).is_none());
    assert_eq!(stop(&stage).summary, "was not running");
}

/// What a run finds that goes on after one which was killed while its server came up: a server that is
/// still there and about to end.
#[test]
fn a_server_that_is_ending_is_started_again() {
    let slow_end = format!("trap 'sleep 0.7; exit 0' TERM\n{LOOP}");
    let scripts = Scripts::new(&slow_end, "");
    let stage = Stage::new();
    let options = scripts.options(&json!({}));
    let first = stage.perform("server.start", &options).unwrap();
    let pid = first.outputs["pid"].as_u64().unwrap();
    let process = LocalHost.process(pid as u32).unwrap();
    LocalHost.signal(process, 15).unwrap();
    let second = stage.perform("server.start", &options).unwrap();
    assert_ne!(second.outputs["pid"], pid);
    assert_eq!(second.outputs["was_running"], false);
    assert!(stage.said().contains("it has ended and is started again"));
}

#[test]
fn a_server_that_dies_at_once_shows_the_end_of_its_log() {
    let scripts = Scripts::new("echo LifecycleException: no such keystore; sleep 0.5", "");
    let log = scripts.folder.path().join("log");
    let options = scripts.options(&json!({"log": log, "timeout": "20s"}));
    let failure = Stage::new().perform("server.start", &options).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Verification);
    assert_eq!(
        failure.to_string(),
        "the server ended right after it was started"
    );
    assert_eq!(failure.0.stderr, ["LifecycleException: no such keystore"]);
}

#[test]
fn a_start_command_that_fails_is_a_failure() {
    let scripts = Scripts::new(LOOP, "");
    let start = ["sh", "-c", "echo JAVA_HOME is not set >&2; exit 1"];
    let options = scripts.options(&json!({"start": start}));
    let failure = Stage::new().perform("server.start", &options).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Tool);
    assert_eq!(failure.0.stderr, ["JAVA_HOME is not set"]);
}

#[test]
fn a_server_whose_port_stays_closed_is_not_up() {
    let scripts = Scripts::new(LOOP, "");
    let options = scripts.options(&json!({"ports": [free_port()], "timeout": "1s"}));
    let stage = Stage::new();
    let failure = stage.perform("server.start", &options).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Timeout);
    assert!(failure.to_string().contains("(sh) runs"), "{failure}");
}

#[test]
fn a_server_that_ignores_its_stop_script_is_asked_and_then_killed_if_that_is_allowed() {
    let start = json!({});
    let short = json!({"grace": "300ms", "timeout": "1s"});
    let polite = Scripts::new(LOOP, "exit 1");
    let stage = Stage::new();
    stage
        .perform("server.start", &polite.options(&start))
        .unwrap();
    let outcome = stage
        .perform("server.stop", &polite.options(&short))
        .unwrap();
    assert_eq!(outcome.warnings.len(), 1, "{outcome:?}");
    assert!(
        stage
            .said()
            .contains("the stop command ended with exit code 1")
    );

    let stubborn = Scripts::new(&format!("trap '' TERM\n{LOOP}"), "");
    stage
        .perform("server.start", &stubborn.options(&start))
        .unwrap();
    let failure = stage
        .perform("server.stop", &stubborn.options(&short))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Timeout);
    assert!(failure.0.hint.unwrap().contains("kill -9 "));
    let kill = json!({"grace": "300ms", "timeout": "1s", "kill": true});
    let outcome = stage
        .perform("server.stop", &stubborn.options(&kill))
        .unwrap();
    assert_eq!(outcome.warnings.len(), 2, "{outcome:?}");
    stage
        .perform("server.check-stopped", &stubborn.options(&start))
        .unwrap();
}

#[test]
fn a_port_that_a_stranger_holds_is_named_with_the_stranger() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let scripts = Scripts::new(LOOP, "");
    let stage = Stage::new();
    let options = scripts.options(&json!({"ports": [port]}));
    for action in ["server.check-stopped", "server.start", "server.stop"] {
        let start = Instant::now();
        let failure = stage.perform(action, &options).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Verification, "{action}");
        let text = failure.to_string();
        let own = format!("process {} (", std::process::id());
        assert!(
            text.starts_with(&format!("port {port} is open although")),
            "{text}"
        );
        assert!(text.contains(&own), "{text}");
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn a_store_lock_keeps_a_server_from_counting_as_stopped() {
    let scripts = Scripts::new(LOOP, "");
    let lock = scripts.folder.path().join("lock");
    std::fs::write(&lock, "12345678").unwrap();
    let options = scripts.options(&json!({"locks": [lock, scripts.folder.path().join("none")]}));
    let stage = Stage::new();
    stage.perform("server.check-stopped", &options).unwrap();
    let held = LocalHost.hold_lock(&lock).unwrap();
    let failure = stage.perform("server.check-stopped", &options).unwrap_err();
    assert!(
        failure.to_string().contains("/lock is locked by"),
        "{failure}"
    );
    drop(held);
    stage.perform("server.check-stopped", &options).unwrap();
}

#[test]
fn a_stale_pid_file_does_not_make_a_stranger_the_server() {
    let scripts = Scripts::new(LOOP, "");
    let pid_file = scripts.folder.path().join("pid");
    let mut stranger = Command::new("sleep")
        .arg("60")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    std::fs::write(&pid_file, format!("{}\n", stranger.id())).unwrap();
    let options = scripts.options(&json!({"pid_file": pid_file}));
    let stage = Stage::new();
    let failure = stage.perform("server.check-stopped", &options);
    let an_hour_ago = LocalHost.stat(&pid_file).unwrap().unwrap().mtime.0 - 3600;
    let old = Attributes {
        mtime: Some((an_hour_ago, 0)),
        ..Attributes::default()
    };
    LocalHost.set_attributes(&pid_file, &old).unwrap();
    let stale = stage.perform("server.stop", &options);
    let lives = LocalHost.process(stranger.id()).is_some();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    assert!(failure.unwrap_err().to_string().contains("(sleep) runs"));
    assert_eq!(stale.unwrap().summary, "was not running");
    assert!(lives);
}

#[test]
fn a_stop_request_ends_the_wait() {
    let scripts = Scripts::new(LOOP, "");
    let stage = Stage::new();
    stage
        .perform("server.start", &scripts.options(&json!({})))
        .unwrap();
    let stop = stage.control.stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        stop.raise(StopLevel::Ask);
    });
    let start = Instant::now();
    let failure = stage
        .perform("server.stop", &scripts.options(&json!({})))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Stopped);
    assert!(start.elapsed() < Duration::from_secs(5));
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// An instance directory of the rig's Tomcat with free ports, or `None` if the rig is not there.
fn tomcat(instance: &Path) -> Option<(PathBuf, u16)> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache/tomcat");
    if !home.join("bin/startup.sh").exists() {
        let wanted = std::env::var("UPGRADE_KIT_REAL").is_ok_and(|value| value == "1");
        assert!(!wanted, "there is no Tomcat: run tests/rig/fetch");
        println!("skipped: there is no Tomcat; run tests/rig/fetch");
        return None;
    }
    let port = free_port();
    for folder in ["logs", "temp", "webapps/ROOT", "work", "conf"] {
        std::fs::create_dir_all(instance.join(folder)).unwrap();
    }
    std::fs::copy(home.join("conf/web.xml"), instance.join("conf/web.xml")).unwrap();
    std::fs::write(instance.join("webapps/ROOT/index.html"), "a real Tomcat").unwrap();
    let server = format!(
        r#"<Server port="{}" shutdown="SHUTDOWN"><Service name="Catalina">
           <Connector port="{port}" address="127.0.0.1"/>
           <Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/>
           </Engine></Service></Server>"#,
        free_port()
    );
    std::fs::write(instance.join("conf/server.xml"), server).unwrap();
    Some((home, port))
}

#[test]
fn a_real_tomcat_with_a_shared_home_starts_answers_and_stops() {
    let folders = [Ground::new(), Ground::new()];
    let Some((home, port)) = tomcat(folders[0].path()) else {
        return;
    };
    let Some((_, other_port)) = tomcat(folders[1].path()) else {
        return;
    };
    let stage = Stage::new();
    let options = |base: &Path, port: u16| {
        json!({
            "kind": "tomcat", "home": home, "base": base, "ports": [port],
            "environment": {"CATALINA_OPTS": "-Xmx64m"},
        })
    };
    let ours = options(folders[0].path(), port);
    let other = options(folders[1].path(), other_port);
    let log = folders[0].path().join("logs/catalina.out");
    let mut start = ours.clone();
    start["log"] = json!(log);
    start["timeout"] = json!("2m");
    let started = stage.perform("server.start", &start).unwrap();
    let neighbour = stage.perform("server.start", &other).unwrap();
    let health = json!({
        "url": format!("http://127.0.0.1:{port}/"), "body_contains": "a real Tomcat", "wait": "1m",
    });
    stage.perform("http.check", &health).unwrap();
    assert_eq!(
        stage.perform("server.start", &start).unwrap().summary,
        "ran already"
    );
    let mut stop = ours.clone();
    stop["grace"] = json!("1m");
    let stopped = stage.perform("server.stop", &stop).unwrap();
    assert_eq!(stopped.warnings, Vec::<String>::new(), "{}", stage.said());
    stage
        .perform("server.check-stopped", &without_environment(&ours))
        .unwrap();
    let pid =
        |outcome: &upgrade_kit::event::Outcome| outcome.outputs["pid"].as_u64().unwrap() as u32;
    assert!(LocalHost.process(pid(&started)).is_none());
    assert!(
        LocalHost.process(pid(&neighbour)).is_some(),
        "the neighbour was left alone"
    );

    // A server that cannot have its port ends by itself, or stays without one: neither is a start.
    let mut taken = without_environment(&ours);
    taken["ports"] = json!([other_port]);
    let failure = stage.perform("server.start", &taken).unwrap_err();
    assert!(failure.to_string().contains("(java) listens"), "{failure}");
    let broken = folders[0].path().join("conf/server.xml");
    std::fs::write(broken, "<Server port=").unwrap();
    let failure = stage.perform("server.start", &start).unwrap_err();
    let log = failure.0.stderr.join("\n");
    assert!(log.contains("server.xml"), "{failure}: {log}");
    stage.perform("server.stop", &other).unwrap();
}

fn without_environment(options: &Value) -> Value {
    let mut options = options.clone();
    options.as_object_mut().unwrap().remove("environment");
    options
}
