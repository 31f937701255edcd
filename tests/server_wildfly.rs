//! `server.stop`, `server.start` and `server.check-stopped` for WildFly: scripts that behave as its own do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};
use upgrade_kit::event::{FailureKind, Outcome};
use upgrade_kit::host::{Host, LocalHost};

use crate::server::Ground;
use crate::stage::Stage;

/// What stands for Java: runs until it is told to stop.
const RUNS: &str =
    "while [ ! -e \"$JBOSS_BASE_DIR/stop\" ]; do sleep 0.05; done; rm \"$JBOSS_BASE_DIR/stop\"";
const STOPS: &str = "touch \"$JBOSS_BASE_DIR/stop\"";

/// A WildFly made of scripts.
struct Scripts(Ground);

impl Scripts {
    /// `java` is what the process of the server does, `stop` what the management client does.
    fn new(java: &str, stop: &str) -> Self {
        let scripts = Self(Ground::new());
        for folder in ["bin", "standalone/deployments", "standalone/log"] {
            fs::create_dir_all(scripts.path(folder)).unwrap();
        }
        let write = |name: &str, body: &str| {
            let path = scripts.path("bin").join(name);
            fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        // As the shipped one: a shell that waits for Java.
        write(
            "standalone.sh",
            "echo \"started with $*\"\nsh \"$JBOSS_HOME/bin/java.sh\" -Djboss.home.dir=\"$JBOSS_HOME\" \
             -Djboss.server.base.dir=\"$JBOSS_BASE_DIR\" \"$@\"\necho \"java ended\"",
        );
        write("java.sh", java);
        write("jboss-cli.sh", stop);
        fs::write(scripts.war(), "an archive").unwrap();
        scripts
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn war(&self) -> PathBuf {
        self.path("standalone/deployments/domibus.war")
    }

    fn marker(&self, kind: &str) -> PathBuf {
        self.path("standalone/deployments")
            .join(format!("domibus.war.{kind}"))
    }

    /// Of an instance, with what the action takes beside.
    fn options(&self, base: &str, more: &Value) -> Value {
        let mut options = json!({
            "kind": "wildfly", "home": self.0.path(), "base": self.path(base),
        });
        for (name, value) in more.as_object().unwrap() {
            options[name] = value.clone();
        }
        options
    }

    fn start(&self) -> Value {
        let log = self.path("standalone/log/server.log");
        self.options(
            "standalone",
            &json!({"application": self.war(), "log": log, "timeout": "20s"}),
        )
    }
}

fn pid(outcome: &Outcome) -> u32 {
    u32::try_from(outcome.outputs["pid"].as_u64().unwrap()).unwrap()
}

/// What stands for Java and writes a marker after a while.
fn deploys(kind: &str, says: &str) -> String {
    format!("sleep 0.4; echo '{says}' >\"$JBOSS_BASE_DIR/deployments/domibus.war.{kind}\"\n{RUNS}")
}

#[test]
fn a_script_that_stays_in_the_foreground_is_started_behind_the_kit_and_stopped_whole() {
    let scripts = Scripts::new(&deploys("deployed", "domibus.war"), STOPS);
    let stage = Stage::new();
    // Of an earlier start.
    fs::write(scripts.marker("failed"), "of yesterday").unwrap();
    let started = stage.perform("server.start", &scripts.start()).unwrap();
    assert_eq!(started.outputs["was_running"], false);
    assert!(scripts.marker("deployed").exists() && !scripts.marker("failed").exists());
    let console = fs::read_to_string(scripts.path("standalone/log/console.log")).unwrap();
    assert_eq!(
        console,
        "started with --server-config=standalone-full.xml\n"
    );
    let again = stage.perform("server.start", &scripts.start()).unwrap();
    assert_eq!(again.summary, "ran already");

    let options = scripts.options("standalone", &json!({}));
    let failure = stage.perform("server.check-stopped", &options).unwrap_err();
    // The shell and what it started.
    assert_eq!(
        failure.to_string().matches("(sh) runs").count(),
        2,
        "{failure}"
    );
    let stopped = stage.perform("server.stop", &options).unwrap();
    assert_eq!(stopped.warnings, Vec::<String>::new());
    stage.perform("server.check-stopped", &options).unwrap();
    assert!(LocalHost.process(pid(&started)).is_none());
    let console = fs::read_to_string(scripts.path("standalone/log/console.log")).unwrap();
    assert!(console.ends_with("java ended\n"), "{console}");
    assert_eq!(
        stage.perform("server.stop", &options).unwrap().summary,
        "was not running"
    );
}

#[test]
fn an_instance_with_the_same_home_is_left_alone() {
    let scripts = Scripts::new(RUNS, STOPS);
    fs::create_dir_all(scripts.path("other/log")).unwrap();
    let stage = Stage::new();
    let own = scripts.options("standalone", &json!({}));
    let other = scripts.options("other", &json!({}));
    let started = stage.perform("server.start", &own).unwrap();
    stage.perform("server.check-stopped", &other).unwrap();
    let neighbour = stage.perform("server.start", &other).unwrap();
    assert_ne!(pid(&started), pid(&neighbour));
    stage.perform("server.stop", &own).unwrap();
    stage.perform("server.check-stopped", &own).unwrap();
    assert!(LocalHost.process(pid(&neighbour)).is_some());
    stage.perform("server.stop", &other).unwrap();
}

#[test]
fn a_failed_deployment_is_a_failed_start() {
    let log = "1 ERROR of an earlier start\\n2 INFO WFLYSRV0049: starting\\n\
               3 ERROR WFLYCTL0013: deploy failed\\n    Caused by: no such table\\n4 INFO on\\n";
    let failing = deploys("failed", "WFLYSRV0153: Failed to process phase PARSE");
    let java = format!("printf '{log}' >\"$JBOSS_BASE_DIR/log/server.log\"\n{failing}");
    let scripts = Scripts::new(&java, STOPS);
    let stage = Stage::new();
    // That it was deployed once says nothing.
    fs::write(scripts.marker("deployed"), "of yesterday").unwrap();
    let failure = stage.perform("server.start", &scripts.start()).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Verification);
    let war = scripts.war();
    assert_eq!(
        failure.to_string(),
        format!("the server runs, but could not deploy {}", war.display())
    );
    assert_eq!(
        failure.0.causes,
        ["WFLYSRV0153: Failed to process phase PARSE"]
    );
    assert_eq!(
        failure.0.stderr,
        [
            "3 ERROR WFLYCTL0013: deploy failed",
            "    Caused by: no such table"
        ]
    );
    // The server is there, and so is the verdict.
    assert!(stage.perform("server.start", &scripts.start()).is_err());
    stage
        .perform("server.stop", &scripts.options("standalone", &json!({})))
        .unwrap();
}

#[test]
fn an_application_that_is_never_deployed() {
    let scripts = Scripts::new(RUNS, STOPS);
    let stage = Stage::new();
    let mut start = scripts.start();
    start["timeout"] = json!("1s");
    let failure = stage.perform("server.start", &start).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Timeout);
    let text = failure.to_string();
    assert!(
        text.contains("has not deployed") && text.contains("domibus.war"),
        "{text}"
    );
    for (marker, said) in [
        ("undeployed", "has been undeployed"),
        ("skipdeploy", "is not deployed by itself"),
    ] {
        fs::write(scripts.marker(marker), "").unwrap();
        let failure = stage.perform("server.start", &start).unwrap_err();
        assert!(failure.to_string().contains(said), "{failure}");
        fs::remove_file(scripts.marker(marker)).unwrap();
    }
    stage
        .perform("server.stop", &scripts.options("standalone", &json!({})))
        .unwrap();
}

#[test]
fn a_server_that_dies_at_once_shows_what_it_printed() {
    let scripts = Scripts::new("echo 'Unrecognized VM option'; sleep 0.5; exit 1", "");
    let failure = Stage::new()
        .perform("server.start", &scripts.start())
        .unwrap_err();
    assert_eq!(
        failure.to_string(),
        "the server ended right after it was started"
    );
    assert!(
        failure
            .0
            .stderr
            .contains(&"Unrecognized VM option".to_owned()),
        "{failure:?}"
    );
    assert!(failure.0.hint.unwrap().contains("console.log"));
}

#[test]
fn a_client_that_fails_is_not_the_last_word() {
    let scripts = Scripts::new(RUNS, "echo 'Failed to connect' >&2; exit 1");
    let stage = Stage::new();
    stage
        .perform("server.start", &scripts.options("standalone", &json!({})))
        .unwrap();
    let options = scripts.options("standalone", &json!({"grace": "300ms", "timeout": "5s"}));
    let outcome = stage.perform("server.stop", &options).unwrap();
    assert_eq!(outcome.warnings.len(), 1, "{outcome:?}");
    assert!(
        stage.said().contains("Failed to connect"),
        "{}",
        stage.said()
    );
    stage
        .perform(
            "server.check-stopped",
            &scripts.options("standalone", &json!({})),
        )
        .unwrap();
}

#[test]
fn a_command_of_the_sites_own_is_run_as_it_is() {
    let scripts = Scripts::new(RUNS, STOPS);
    let launch =
        "JBOSS_LAUNCHED=1 sh \"$JBOSS_HOME/bin/standalone.sh\" </dev/null >/dev/null 2>&1 &";
    let start = scripts.options("standalone", &json!({"start": ["sh", "-c", launch]}));
    let stage = Stage::new();
    stage.perform("server.start", &start).unwrap();
    assert!(!scripts.path("standalone/log/console.log").exists());
    stage
        .perform("server.stop", &scripts.options("standalone", &json!({})))
        .unwrap();
    let failing = scripts.options("standalone", &json!({"start": ["sh", "-c", "exit 3"]}));
    let failure = stage.perform("server.start", &failing).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Tool);
}
