//! Stopping and starting a deployment.

use serde_json::json;
use upgrade_kit::event::FailureKind;

use super::rig::{Domain, set_mode, words};
use crate::stage::decode;

const STOP: &str = "weblogic.stop-application";
const START: &str = "weblogic.start-application";

#[test]
fn a_deployment_is_stopped_and_started() {
    for domain in Domain::both() {
        let options = json!({ "deployment": "domibus" });
        let outcome = domain.perform(STOP, options.clone()).unwrap();
        assert_eq!(
            outcome.outputs["states"],
            json!({ "cluster1": "STATE_PREPARED" })
        );
        assert!(domain.world().contains("STATE_PREPARED"));
        domain.assert_shown(&*decode(STOP, &domain.options(options.clone())));
        // Again is no harm.
        domain.perform(STOP, options.clone()).unwrap();
        domain.next_step();
        let outcome = domain.perform(START, options).unwrap();
        assert_eq!(
            outcome.outputs["states"],
            json!({ "cluster1": "STATE_ACTIVE" })
        );
    }
}

#[test]
fn a_stop_that_waits_for_sessions_ends_with_its_time() {
    for domain in Domain::both() {
        domain.change("<target ", "<target sessions=\"2\" ");
        let options = json!({ "deployment": "domibus", "timeout": "1s" });
        let failure = domain.perform(STOP, options).unwrap_err();
        assert!(
            words(&failure).contains("Timed out waiting for sessions"),
            "{failure:?}"
        );
        assert!(domain.world().contains("STATE_ACTIVE"));
        let options = json!({ "deployment": "domibus", "timeout": "1s", "ignore_sessions": true });
        domain.perform(STOP, options).unwrap();
    }
}

#[test]
fn what_wlst_prints_and_its_exit_code_prove_nothing() {
    for domain in Domain::both() {
        // The session drops, the command prints a line and returns.
        domain.fault("drop=\"stopApplication\"");
        let options = json!({ "deployment": "domibus", "timeout": "1s" });
        let failure = domain.perform(STOP, options.clone()).unwrap_err();
        assert!(
            words(&failure).contains("connection to the server was lost"),
            "{failure:?}"
        );
        domain.mend("drop=\"stopApplication\"");

        // A deployment that fails without an exception.
        domain.perform(STOP, options.clone()).unwrap();
        domain.fault("swallow=\"startApplication\"");
        let failure = domain.perform(START, options.clone()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Verification);
        assert!(
            words(&failure).contains("STATE_FAILED on cluster1"),
            "{failure:?}"
        );

        // A wrapper that loses the exit code, and a script that never runs.
        let mut options = domain.options(options);
        options["connection"]["environment"] = json!({ "RIG_WEBLOGIC_EXIT_0": "1" });
        options["connection"]["url"] = json!("t3://127.0.0.1:1");
        let action = decode(STOP, &options);
        let failure = domain
            .act(None, None, |context| action.perform(context))
            .unwrap_err();
        assert!(words(&failure).contains("unreachable"), "{failure:?}");
        std::fs::write(
            domain.directory.path().join("wlst.sh"),
            "#!/bin/sh\nexit 0\n",
        )
        .unwrap();
        let failure = domain
            .act(None, None, |context| action.perform(context))
            .unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Verification);
        assert!(
            words(&failure).contains("did not come to its end"),
            "{failure:?}"
        );
    }
}

#[test]
fn an_account_is_proven_by_its_files() {
    for domain in Domain::both() {
        let config = domain.directory.path().join("user.config");
        let key = domain.directory.path().join("user.key");
        std::fs::write(&config, "user=weblogic\n").unwrap();
        std::fs::write(&key, format!("password={}\n", super::rig::PASSWORD)).unwrap();
        set_mode(&config, 0o600);
        let more = json!({ "deployment": "domibus", "connection": {
            "wlst": domain.directory.path().join("wlst.sh"), "url": "t3://127.0.0.1:7001",
            "user_config_file": config, "user_key_file": key,
        }});
        set_mode(&key, 0o644);
        let findings = domain.check(STOP, more.clone());
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].message.contains("can be read by others"),
            "{findings:?}"
        );
        set_mode(&key, 0o600);
        assert_eq!(domain.check(STOP, more.clone()), []);
        domain.perform(STOP, more).unwrap();
        domain.next_step();

        domain.change("user=\"weblogic\"", "user=\"another\"");
        let failure = domain
            .perform(START, json!({ "deployment": "domibus" }))
            .unwrap_err();
        assert!(
            words(&failure).contains("failed to be authenticated"),
            "{failure:?}"
        );
        let log = String::from_utf8(domain.log.lock().unwrap().clone()).unwrap();
        assert!(log.contains("failed to be authenticated"));
        assert!(!log.contains(super::rig::PASSWORD), "{log}");
    }
}

#[test]
fn an_unknown_deployment_is_said_to_be_one() {
    for domain in Domain::both() {
        let options = json!({ "deployment": "dömibus's" });
        let failure = domain.perform(STOP, options).unwrap_err();
        assert!(
            words(&failure).contains("no deployment dömibus's on cluster1"),
            "{failure:?}"
        );
    }
}
