//! A rollout in all its states.

use insta::assert_snapshot;
use serde_json::{Value, json};
use upgrade_kit::adapter::{Failure, Probe};
use upgrade_kit::event::{FailureKind, Outcome};

use super::world::{NEW, OLD, World};
use crate::stage::decode;

const ROLLOUT: &str = "zdt.rollout";

fn act(world: &World, options: &Value) -> Result<Outcome, Failure> {
    world.domain.perform(ROLLOUT, options.clone())
}

/// A world whose nodes have the archive of the patched home.
fn ready(jython: &str) -> Option<World> {
    let world = World::new(jython)?;
    world.deliver_archive();
    Some(world)
}

#[test]
fn a_home_goes_out_and_comes_back() {
    for jython in ["2.2.1", "2.7.3"] {
        let Some(world) = ready(jython) else { return };
        let dry = world.rollout(json!({ "dry_run": true }));
        act(&world, &dry).unwrap();
        assert_eq!(world.patches("node1"), OLD);
        world.domain.next_step();
        let out = world.rollout(json!({}));
        let outcome = act(&world, &out).unwrap();
        assert_eq!(outcome.outputs["workflow"], "wf0002");
        world
            .domain
            .assert_shown(&*decode(ROLLOUT, &world.domain.options(out)));
        assert_eq!(world.patches("node1"), format!("{OLD} {NEW}"));
        world.domain.next_step();
        let back = world.rollout(json!({
            "home": {
                "rolled_out": world.path("u01/oracle/backup"),
                "backup": world.path("u01/oracle/backup.patched"),
                "rollback": true,
            },
        }));
        act(&world, &back).unwrap();
        assert_eq!(
            (world.patches("node1"), world.patches("node2")),
            (OLD.into(), OLD.into())
        );
        assert_eq!(
            world.workflows(),
            [
                "dry rolloutOracleHome SUCCESS",
                "rolloutOracleHome SUCCESS",
                "rolloutOracleHome SUCCESS"
            ]
        );
    }
}

#[test]
fn the_command_follows_what_is_rolled_out() {
    let Some(world) = ready("2.2.1") else { return };
    let java = world.path("u01/java/jdk11");
    for node in ["node1", "node2"] {
        std::fs::create_dir_all(world.on(node, "u01/java/jdk11")).unwrap();
    }
    let applications = world.path("applications.json");
    let entry = json!({
        "applicationName": "domibus",
        "patchedLocation": world.path("u01/applications/shop-2.war"),
        "backupLocation": world.path("u01/applications/shop-1.war"),
    });
    let file = json!({ "entries": [entry], "to": applications });
    crate::stage::Stage::new()
        .perform("zdt.write-applications", &file)
        .unwrap();
    let with = |home: bool, java_home: bool, apps: bool| {
        let mut options = world.rollout(json!({ "options": {
            "session_compatible": false, "shutdown_timeout": "90s", "delay_between_nodes": "0s",
        }}));
        if !home {
            options["home"] = Value::Null;
        }
        if java_home {
            options["java_home"] = json!(java);
        }
        if apps {
            options["applications"] = json!(applications);
        }
        world.domain.next_step();
        act(&world, &options).unwrap();
    };
    with(false, false, false);
    with(false, true, false);
    with(false, false, true);
    assert_eq!(world.workflows().len(), 3);
    with(true, true, true);
    assert_eq!(
        world.workflows(),
        [
            "rollingRestart SUCCESS",
            "rolloutJavaHome SUCCESS",
            "rolloutApplications SUCCESS",
            "rolloutUpdate SUCCESS"
        ]
    );
    assert!(world.domain.world().contains(
        "isDryRun=false,isAutoRevertOnFailure=false,isSessionCompatible=false,shutdownTimeout=90,DelayBetweenNodes=0"
    ));
}

#[test]
fn the_admin_server_may_restart_meanwhile() {
    for jython in ["2.2.1", "2.7.3"] {
        let Some(world) = ready(jython) else { return };
        world.domain.fault("rolloutRestartAt=\"2\"");
        act(&world, &world.rollout(json!({}))).unwrap();
        assert_eq!(world.workflows(), ["rolloutOracleHome SUCCESS"]);
        assert!(world.domain.world().contains("restarted=\"yes\""));
    }
}

#[test]
fn a_failed_rollout_stays_and_is_continued_by_a_resume() {
    let Some(world) = ready("2.2.1") else { return };
    world.domain.fault("rolloutFailAt=\"3\"");
    let options = world.rollout(json!({}));
    let failure = act(&world, &options).unwrap_err();
    assert_snapshot!(world.told(&failure), @"
    Verification: the rollout wf0001 ended as FAIL: Node node2 ran out of disk space
      hint: mend the cause, then resume the run: the workflow goes on where it stopped; a restore takes it back
    ");
    assert_eq!(world.workflows(), ["rolloutOracleHome FAIL"]);
    // The same step again, as `upgrade-kit resume` has it.
    act(&world, &options).unwrap();
    assert_eq!(world.workflows(), ["rolloutOracleHome SUCCESS"]);
}

#[test]
fn a_failed_rollout_is_continued_once_if_the_site_says_so() {
    let Some(world) = ready("2.2.1") else { return };
    world.domain.fault("rolloutFailAt=\"3\"");
    act(&world, &world.rollout(json!({ "on_failure": "resume" }))).unwrap();
    assert_eq!(world.workflows(), ["rolloutOracleHome SUCCESS"]);
}

#[test]
fn a_cancelled_rollout_is_not_continued_by_itself() {
    let Some(world) = ready("2.2.1") else { return };
    world
        .domain
        .fault("rolloutFailAt=\"3\" rolloutFailAs=\"CANCELED\"");
    let options = world.rollout(json!({ "on_failure": "resume" }));
    let failure = act(&world, &options).unwrap_err();
    assert_snapshot!(world.told(&failure), @"
    Verification: the rollout wf0001 ended as CANCELED: Node node2 ran out of disk space
      hint: mend the cause, then resume the run: the workflow goes on where it stopped; a restore takes it back
    ");
    act(&world, &options).unwrap();
    assert_eq!(world.workflows(), ["rolloutOracleHome SUCCESS"]);
}

#[test]
fn a_failed_rollout_is_reverted_if_the_site_says_so() {
    let mut told = Vec::new();
    for fault in ["", " noAutoRevert=\"yes\"", " revertFails=\"REVERT_FAIL\""] {
        let Some(world) = ready("2.2.1") else { return };
        world.domain.fault(&format!("rolloutFailAt=\"3\"{fault}"));
        let options = world.rollout(json!({ "on_failure": "revert" }));
        let failure = act(&world, &options).unwrap_err();
        told.push(world.told(&failure));
        if fault.contains("revertFails") {
            let failure = act(&world, &options).unwrap_err();
            told.push(world.told(&failure));
        }
        assert_eq!(world.workflows(), ["rolloutOracleHome REVERTED"]);
        assert_eq!(failure.kind(), FailureKind::Verification);
        // Then it begins anew.
        act(&world, &options).unwrap_err();
        assert_eq!(world.workflows().len(), 2);
    }
    assert_snapshot!(told.join("\n"), @"
    Verification: the rollout wf0001 failed and was taken back: Node node2 ran out of disk space
      hint: every server is as before; mend the cause, then resume the run: it begins anew

    Verification: the rollout wf0001 failed and was taken back: Node node2 ran out of disk space
      hint: every server is as before; mend the cause, then resume the run: it begins anew

    Verification: the rollout wf0001 ended as REVERT_FAIL: Node node2 ran out of disk space
      hint: mend the cause, then resume the run: the workflow goes on where it stopped; a restore takes it back

    Verification: the rollout wf0001 failed and was taken back: Node node2 ran out of disk space
      hint: every server is as before; mend the cause, then resume the run: it begins anew
    ");
}

#[test]
fn who_comes_back_takes_the_workflow_up_again() {
    let Some(world) = ready("2.2.1") else { return };
    // WLST dies after it asked and before it wrote down what it got.
    world.domain.fault("rolloutDies=\"rolloutOracleHome\"");
    let options = world.rollout(json!({}));
    act(&world, &options).unwrap_err();
    assert_eq!(world.workflows(), ["rolloutOracleHome STARTED"]);
    let action = decode(ROLLOUT, &world.domain.options(options.clone()));
    let probe = world
        .domain
        .act(None, None, |context| action.probe(context));
    assert!(matches!(probe.unwrap(), Probe::Partial(text) if text.contains("asked for")));
    world.domain.mend("rolloutDies=\"rolloutOracleHome\"");
    act(&world, &options).unwrap();
    assert_eq!(world.workflows(), ["rolloutOracleHome SUCCESS"]);
    // And once more changes nothing.
    act(&world, &options).unwrap();
    assert_eq!(world.workflows().len(), 1);
}

#[test]
fn what_weblogic_says_is_not_enough() {
    let Some(world) = ready("2.2.1") else { return };
    world.domain.fault("skipsNode=\"node2\"");
    let failure = act(&world, &world.rollout(json!({}))).unwrap_err();
    assert_snapshot!(world.told(&failure), @"
    Verification: the rollout succeeded and node2 is not updated
      hint: look at the log of the Admin Server
    ");
    world.domain.next_step();
    world.domain.mend("skipsNode=\"node2\"");
    world.domain.fault("swallow=\"rollout\"");
    let restart = world.rollout(json!({ "home": null }));
    let failure = act(&world, &restart).unwrap_err();
    assert_snapshot!(world.told(&failure), @"
    Verification: rollingRestart gave no workflow
      hint: look at the log of the step
    ");
    world.domain.next_step();
    world.domain.mend("swallow=\"rollout\"");
    world.domain.change(
        "name=\"ms2\" state=\"RUNNING\"",
        "name=\"ms2\" state=\"FAILED\"",
    );
    let restart = world.rollout(json!({ "home": null, "timeout": "5s" }));
    let failure = act(&world, &restart).unwrap_err();
    assert_snapshot!(world.told(&failure), @"
    Verification: the rollout succeeded and ms2 does not run
      hint: look at the log of the server
    ");
}

#[test]
fn another_workflow_is_waited_for() {
    let Some(world) = ready("2.2.1") else { return };
    world.domain.fault("rolloutDies=\"rollingRestart\"");
    act(&world, &world.rollout(json!({ "home": null }))).unwrap_err();
    world.domain.change("total=\"6\"", "total=\"600\"");
    world.domain.next_step();
    let failure = act(&world, &world.rollout(json!({}))).unwrap_err();
    assert_snapshot!(world.told(&failure), @"
    Verification: the workflow wf0001 (STARTED) is at work in the domain
      hint: wait for its end or cancel it, then resume the run
    ");
}

#[test]
fn options_that_weblogic_would_refuse_are_refused_before() {
    let options = json!({
        "connection": { "wlst": "wlst.sh", "url": "t3://a:1", "user": "u", "password": { "env": "P" } },
        "targets": ["cluster 1"],
        "home": { "rolled_out": "/u01/my home.jar", "backup": "/u01/backup,2", "rollback": true },
        "applications": "/u01/a.json",
        "options": { "session_compatible": false },
    });
    let problems = decode(ROLLOUT, &options).validate();
    assert_snapshot!(problems.join("\n"), @r"
    targets: `cluster 1` is no name of a target
    home.rolled_out: a rollout takes no `/u01/my home.jar`: only letters, digits and `_-./:\`
    home.backup: a rollout takes no `/u01/backup,2`: only letters, digits and `_-./:\`
    applications: WebLogic rolls a home back only without applications
    options.shutdown_timeout: is needed where sessions are not compatible
    ");
    let mut unknown = options;
    unknown["options"]["waitForAllSessions"] = json!(true);
    let Value::Object(unknown) = unknown else {
        unreachable!()
    };
    let entry = upgrade_kit::adapter::registry::find(ROLLOUT).unwrap();
    let error = entry.decode(unknown).err().unwrap();
    assert!(error.message.contains("waitForAllSessions"), "{error}");
}
