//! `server.start` on real WildFlys: an application that could not be deployed, one that is held back.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use upgrade_kit::event::FailureKind;

use crate::stage::Stage;
use crate::wildfly_rig::{NEWER, OLDER, WildFly};

struct Server {
    rig: WildFly,
    stage: Stage,
}

impl Server {
    fn lay_out(version: &str) -> Option<Self> {
        let rig = WildFly::lay_out(version)?;
        let stage = Stage::new();
        Some(Self { rig, stage })
    }

    fn war(&self) -> PathBuf {
        let folder = self.rig.path("home").join("standalone/deployments");
        folder.join(self.rig.value("deployment"))
    }

    fn has(&self, marker: &str) -> bool {
        let mut name = self.war().into_os_string();
        name.push(marker);
        PathBuf::from(name).exists()
    }

    /// The port comes first, so that whoever drops the rig finds the process.
    fn options(&self, more: &Value) -> Value {
        let port: u16 = self.rig.value("http_port").parse().unwrap();
        let mut options = json!({
            "kind": "wildfly",
            "home": self.rig.path("home"),
            "ports": [port],
            "environment": {
                "LAUNCH_JBOSS_IN_BACKGROUND": "1",
                "JBOSS_PIDFILE": self.rig.value("pid_file"),
            },
        });
        for (name, value) in more.as_object().unwrap() {
            options[name] = value.clone();
        }
        options
    }

    fn start(&self, more: Value) -> Result<String, upgrade_kit::adapter::Failure> {
        let log = self.rig.path("home").join("standalone/log/server.log");
        let mut options =
            self.options(&json!({"application": self.war(), "log": log, "timeout": "5m"}));
        for (name, value) in more.as_object().unwrap() {
            options[name] = value.clone();
        }
        let outcome = self.stage.perform("server.start", &options)?;
        Ok(outcome.summary)
    }

    fn stop(&self) {
        let options = self.options(&json!({"grace": "2m"}));
        self.stage.perform("server.stop", &options).unwrap();
    }

    fn answers(&self) -> bool {
        let output = std::process::Command::new("curl")
            .args(["-s", "-m", "20", self.rig.value("url")])
            .output();
        String::from_utf8_lossy(&output.unwrap().stdout).trim() == "5.1.0"
    }
}

#[test]
fn a_redeployment_after_a_failed_one() {
    for version in [OLDER, NEWER] {
        let Some(server) = Server::lay_out(version) else {
            return;
        };
        let whole = server.rig.path("home").join("whole.war");
        fs::copy(server.war(), &whole).unwrap();
        fs::write(server.war(), "no archive").unwrap();
        let failure = server.start(json!({})).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Verification, "{failure:?}");
        let text = format!(
            "the server runs, but could not deploy {}",
            server.war().display()
        );
        assert_eq!(failure.to_string(), text);

        // The cause is removed, and nothing else: WildFly takes no notice, and the step says what it says.
        fs::copy(&whole, server.war()).unwrap();
        let failure = server.start(json!({})).unwrap_err();
        assert_eq!(failure.to_string(), text);
        let hint = failure.0.hint.unwrap();
        assert!(
            hint.ends_with("remove the cause, stop the server, then resume"),
            "{hint}"
        );
        server.stop();
        server.start(json!({})).unwrap();
        assert!(server.has(".deployed") && !server.has(".failed"));
        assert!(server.answers(), "{version}");

        // On a running server an archive that is cut short is waited for, by WildFly and so by the step.
        fs::write(server.war(), "no archive").unwrap();
        let waits = std::time::Instant::now();
        while !server.has(".pending") {
            assert!(waits.elapsed().as_secs() < 120, "it is not noticed");
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        let failure = server.start(json!({"timeout": "3s"})).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Timeout);
        let war = server.war();
        let start = format!(
            "the server has not deployed {}, which it takes for incomplete, within 3s: ",
            war.display()
        );
        assert!(failure.to_string().starts_with(&start), "{failure}");
        server.stop();
    }
}

#[test]
fn an_application_that_is_held_back_is_deployed_by_the_next_start() {
    for version in [OLDER, NEWER] {
        let Some(server) = Server::lay_out(version) else {
            return;
        };
        server.start(json!({"hold_application": true})).unwrap();
        assert!(server.has(".skipdeploy") && !server.has(".deployed"));
        assert!(!server.answers());
        let again = server.start(json!({"hold_application": true})).unwrap();
        assert_eq!(again, "ran already");
        assert_eq!(server.start(json!({})).unwrap(), "ran already");
        assert!(server.has(".deployed") && !server.has(".skipdeploy"));
        assert!(server.answers(), "{version}");
        let failure = server.start(json!({"hold_application": true})).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Refused);
        server.stop();
        // Somebody else's wish is not overruled.
        let marker = format!("{}.skipdeploy", server.war().display());
        fs::write(&marker, "").unwrap();
        let failure = server.start(json!({})).unwrap_err();
        assert!(
            failure.to_string().contains("is not deployed by itself"),
            "{failure}"
        );
        assert!(server.has(".skipdeploy"));
        server.stop();
    }
}
