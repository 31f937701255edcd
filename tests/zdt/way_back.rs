//! What of a rollout is on the nodes, and how one that stopped in the middle is taken back.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};
use upgrade_kit::adapter::{Failure, Probe};
use upgrade_kit::event::Outcome;

use super::world::{OLD, World};
use crate::stage::{Stage, decode};

const FIND: &str = "zdt.find-rolled-out";
const TAKE_BACK: &str = "zdt.take-back";

/// What looks for the home, Java 11 and a new version of the shop that every node reads by itself.
pub(crate) fn find(world: &World, more: Value) -> Value {
    let moved = |one: &str, backup: &str| json!({ "rolled_out": world.path(one), "backup": world.path(backup) });
    let shop = |patched: &str, backup: &str| {
        json!([{
            "applicationName": "shop", "patchedLocation": world.path(patched),
            "backupLocation": world.path(backup), "staging": "no-stage",
        }])
    };
    let there = json!({
        "home": moved("u01/oracle/patched.jar", "u01/oracle/backup"),
        "java_home": world.path("u01/java/jdk11"),
        "applications": shop("u01/applications/shop-2.war", "u01/applications/shop-1.war"),
    });
    let back = json!({
        "home": moved("u01/oracle/backup", "u01/oracle/backup.patched"),
        "java_home": world.path("u01/java/jdk8"),
        "applications": shop("u01/applications/shop-1.war", "u01/applications/shop-1.war.patched"),
    });
    let mut options =
        json!({ "topology": world.topology(&there), "way_back": world.topology(&back) });
    for (name, value) in more.as_object().unwrap() {
        options[name] = value.clone();
    }
    options
}

/// Puts what a rollout leaves behind onto a node.
pub(crate) fn leave(world: &World, node: &str) {
    fs::create_dir_all(world.on(node, "u01/oracle/backup")).unwrap();
    fs::write(world.on(node, "u01/applications/shop-1.war"), "shop 1").unwrap();
    run_with(world, node, "jdk11");
}

/// Lets the node's server run with a Java.
fn run_with(world: &World, node: &str, java: &str) {
    let java = world.path("u01/java").join(java);
    let server = node.replace("node", "ms");
    let line = format!(
        "{}/bin/java -Dweblogic.Name={server} weblogic.Server\n",
        java.display()
    );
    world.write(&format!("nodes/{node}/processes"), &line);
}

/// What the step finds and hands on, or the failure.
fn said(world: &World, more: Value) -> String {
    match Stage::new().perform(FIND, &find(world, more)) {
        Ok(Outcome {
            outputs, summary, ..
        }) => format!("{summary}\n{}", json!(outputs)),
        Err(failure) => world.told(&failure),
    }
}

#[test]
fn the_nodes_tell_what_is_on_them() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let looked = |more: Value| {
        format!(
            "{}{}",
            world.found(FIND, &find(&world, more.clone())),
            said(&world, more)
        )
    };
    assert_snapshot!(looked(json!({})), @r#"
    Info nothing of the rollout is on any node
      = there is nothing to roll back, and nothing is
    nothing of the rollout is on any node
    {"home":false,"applications":false,"mixed":false}
    "#);
    leave(&world, "node1");
    assert_snapshot!(looked(json!({})), @r#"
    Warning on node1: the Oracle home, Java, the application shop; on node2: nothing
      = the workflow that stopped in the middle is reverted first
    on node1: the Oracle home, Java, the application shop; on node2: nothing
    {"home":true,"applications":true,"mixed":true}
    "#);
    assert_snapshot!(looked(json!({ "taken_back": false })), @"
    Refused: on node1: the Oracle home, Java, the application shop; on node2: nothing
      hint: no workflow of the domain took it back, and a rollback wants it on every node: look at the workflows in WebLogic, revert the one that stopped or bring the other nodes to the same state, then resume the run
    ");
    assert_snapshot!(looked(json!({ "expect": "free" })), @"
    Refuse [WORLD]/u01/oracle/backup is on node1 already: a rollout or its way back moves the Oracle home there
      = `upgrade-kit resume` finishes a rollout that is there already, `upgrade-kit restore` takes it back; what an earlier way back left there, move away
    Refuse [WORLD]/u01/applications/shop-1.war is on node1 already: a rollout or its way back moves the application shop there
      = `upgrade-kit resume` finishes a rollout that is there already, `upgrade-kit restore` takes it back; what an earlier way back left there, move away
    Verification: [WORLD]/u01/oracle/backup is on node1 already: a rollout or its way back moves the Oracle home there
      because: [WORLD]/u01/applications/shop-1.war is on node1 already: a rollout or its way back moves the application shop there
      hint: `upgrade-kit resume` finishes a rollout that is there already, `upgrade-kit restore` takes it back; what an earlier way back left there, move away
    ");
    assert_snapshot!(looked(json!({ "expect": "everywhere" })), @"
    Verification: the Oracle home is not rolled out to node2
      because: Java is not rolled out to node2
      because: the application shop is not rolled out to node2
      hint: the rollout ended and did not do it: look at the log of the Admin Server; a restore takes back what is there
    ");
    assert_snapshot!(looked(json!({ "expect": "nowhere" })), @"
    Verification: the Oracle home is still rolled out on node1
      because: Java is still rolled out on node1
      because: the application shop is still rolled out on node1
      hint: the way back ended and did not do it: look at the log of the Admin Server, then restore again
    ");
    leave(&world, "node2");
    assert_snapshot!(looked(json!({})), @r#"
    on node1, node2: the Oracle home, Java, the application shop
    {"home":true,"applications":true,"mixed":false}
    "#);
    assert_snapshot!(said(&world, json!({ "expect": "everywhere" })), @r#"
    on node1, node2: the Oracle home, Java, the application shop
    {"home":true,"applications":true,"mixed":false}
    "#);
    world.write("nodes/node2/down", "");
    assert_snapshot!(looked(json!({})), @r"
    Refuse reaching the node node2 failed: exit code 255: ssh: connect to host node2 port 22: Connection refused
      = try `[WORLD]/nodes/node2/ssh true` by hand: it must end with 0 and ask nothing; `nodes.node2` of the site says how node2 is reached
    Tool: reaching the node node2 failed
      said: ssh: connect to host node2 port 22: Connection refused
      command: [WORLD]/nodes/node2/ssh 'test -e [WORLD]/u01/oracle/backup && echo there home; test -e [WORLD]/u01/oracle/backup.patched && echo there home-back; test -e [WORLD]/u01/applications/shop-1.war && echo there application-0; test -e [WORLD]/u01/applications/shop-1.war.patched && echo there application-0-back; ps -eo args | sed -n '\''s/^\([^ ]*\) .*-Dweblogic\.Name=\([^ ]*\).*/server \2 \1/p'\''; echo looked'
      ended: exit code 255
      hint: try `[WORLD]/nodes/node2/ssh true` by hand: it must end with 0 and ask nothing; `nodes.node2` of the site says how node2 is reached
    ");
}

#[test]
fn what_a_way_back_left_is_told_from_what_is_rolled_out() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    for node in ["node1", "node2"] {
        fs::create_dir_all(world.on(node, "u01/oracle/backup.patched")).unwrap();
        for name in ["shop-1.war", "shop-1.war.patched"] {
            fs::write(world.on(node, "u01/applications").join(name), "shop").unwrap();
        }
    }
    assert_snapshot!(said(&world, json!({ "expect": "nowhere" })), @r#"
    nothing of the rollout is on any node
    {"home":false,"applications":false,"mixed":false}
    "#);
    assert_snapshot!(said(&world, json!({ "expect": "free" })), @"
    Verification: [WORLD]/u01/oracle/backup.patched is on node1 already: a rollout or its way back moves the Oracle home there
      because: [WORLD]/u01/applications/shop-1.war is on node1 already: a rollout or its way back moves the application shop there
      because: [WORLD]/u01/applications/shop-1.war.patched is on node1 already: a rollout or its way back moves the application shop there
      because: [WORLD]/u01/oracle/backup.patched is on node2 already: a rollout or its way back moves the Oracle home there
      because: [WORLD]/u01/applications/shop-1.war is on node2 already: a rollout or its way back moves the application shop there
      because: [WORLD]/u01/applications/shop-1.war.patched is on node2 already: a rollout or its way back moves the application shop there
      hint: `upgrade-kit resume` finishes a rollout that is there already, `upgrade-kit restore` takes it back; what an earlier way back left there, move away
    ");
}

/// Java alone: where no server runs nobody knows, and nothing is taken for gone.
#[test]
fn servers_that_are_down_do_not_hide_a_java() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let java = |node2: &str| {
        match node2 {
            "" => world.write("nodes/node2/processes", ""),
            java => run_with(&world, "node2", java),
        }
        let mut options = find(&world, json!({}));
        for topology in ["topology", "way_back"] {
            options[topology]["home"] = Value::Null;
            options[topology]["applications"] = json!([]);
        }
        let found = Stage::new().perform(FIND, &options).unwrap();
        format!("{}: {}", found.summary, json!(found.outputs))
    };
    run_with(&world, "node1", "jdk11");
    assert_snapshot!([java("jdk11"), java("jdk8"), java("")].join("\n"), @r#"
    on node1, node2: Java: {"home":true,"applications":false,"mixed":false}
    on node1: Java; on node2: nothing: {"home":true,"applications":false,"mixed":true}
    on node1: Java; on node2: perhaps Java: {"home":true,"applications":false,"mixed":false}
    "#);
    world.write("nodes/node1/processes", "java weblogic.NodeManager\n");
    assert_snapshot!([java("jdk8"), java("")].join("\n"), @r#"
    on node1: perhaps Java; on node2: nothing: {"home":false,"applications":false,"mixed":false}
    on node1, node2: perhaps Java: {"home":true,"applications":false,"mixed":false}
    "#);
}

#[test]
fn nodes_with_windows_cannot_be_asked() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let mut options = find(&world, json!({}));
    options["topology"]["platform"] = json!("windows");
    assert_eq!(world.found(FIND, &options), "");
    let mut said = String::new();
    for taken_back in [Value::Null, json!(false), json!(true)] {
        options["taken_back"] = taken_back;
        let found = Stage::new().perform(FIND, &options).unwrap();
        said.push_str(&format!("{}: {}\n", found.summary, json!(found.outputs)));
    }
    assert_snapshot!(said, @r#"
    no node can tell: {"home":true,"applications":true,"mixed":true}
    no node can tell: {"home":true,"applications":true,"mixed":true}
    no node can tell: {"home":false,"applications":false,"mixed":true}
    "#);
}

/// Options of the way back of both servers.
pub(crate) fn taking_back(world: &World, mixed: bool) -> Value {
    let options = json!({ "mixed": mixed, "servers": ["ms1", "ms2"], "timeout": "60s" });
    let mut options = world.domain.options(options);
    options.as_object_mut().unwrap().remove("targets");
    options
}

fn take_back(world: &World, mixed: bool) -> Result<Outcome, Failure> {
    world.domain.next_step();
    let action = decode(TAKE_BACK, &taking_back(world, mixed));
    let outcome = world
        .domain
        .act(None, None, |context| action.perform(context));
    world.domain.assert_shown(&*action);
    outcome
}

/// A rollout of the patched home that stopped when node1 had it.
pub(crate) fn stopped(jython: &str) -> Option<World> {
    let world = World::new(jython)?;
    world.deliver_archive();
    world.domain.fault("rolloutFailAt=\"3\"");
    let rollout = world.rollout(json!({}));
    world.domain.perform("zdt.rollout", rollout).unwrap_err();
    assert_ne!(world.patches("node1"), OLD);
    assert_eq!(world.patches("node2"), OLD);
    Some(world)
}

#[test]
fn what_stopped_in_the_middle_is_reverted_once() {
    for jython in ["2.2.1", "2.7.3"] {
        let Some(world) = stopped(jython) else { return };
        let outcome = take_back(&world, true).unwrap();
        assert_eq!(outcome.summary, "wf0001 ended with REVERTED, 0 commands");
        assert_eq!(outcome.outputs["taken_back"], true);
        assert_eq!(
            (world.patches("node1"), world.patches("node2")),
            (OLD.into(), OLD.into())
        );
        let outcome = take_back(&world, true).unwrap();
        assert_eq!(
            outcome.summary,
            "nothing to revert: the last workflow wf0001 ended with REVERTED"
        );
        assert_eq!(outcome.outputs["taken_back"], false);
        assert_eq!(world.workflows(), ["rolloutOracleHome REVERTED"]);
    }
}

#[test]
fn a_revert_that_fails_is_tried_again_by_a_resume() {
    let Some(world) = stopped("2.2.1") else {
        return;
    };
    world.domain.fault("revertFails=\"REVERT_FAIL\"");
    let failure = take_back(&world, true).unwrap_err();
    assert_snapshot!(world.told(&failure), @"
    Verification: taking back the rollout wf0001 ended as REVERT_FAIL: Node node2 ran out of disk space
      hint: mend the cause, then resume the run: it is tried again
    ");
    let outcome = take_back(&world, true).unwrap();
    assert_eq!(outcome.outputs["taken_back"], true);
    assert_eq!(world.patches("node1"), OLD);
}

#[test]
fn what_changed_nothing_is_left_alone() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let outcome = take_back(&world, true).unwrap();
    assert_eq!(
        outcome.summary,
        "nothing to revert: the domain has no workflow"
    );
    world.domain.fault("dryRunFailAt=\"2\"");
    let dry = world.rollout(json!({ "home": null, "dry_run": true }));
    let failure = world.domain.perform("zdt.rollout", dry).unwrap_err();
    assert_snapshot!(world.told(&failure), @"
    Verification: the dry run wf0001 ended as FAIL: Node node2 ran out of disk space
      hint: nothing is changed; mend the cause, then resume the run: it is tried anew
    ");
    let outcome = take_back(&world, false).unwrap();
    assert_snapshot!(outcome.summary, @"nothing to revert: the last workflow wf0001 ended with FAIL, the nodes are alike and every server runs");
    assert_eq!(world.workflows(), ["dry rollingRestart FAIL"]);
}

#[test]
fn who_comes_back_reverts_the_same_workflow() {
    let Some(world) = stopped("2.2.1") else {
        return;
    };
    world.domain.next_step();
    fs::create_dir_all(world.domain.scratch()).unwrap();
    fs::write(
        world.domain.scratch().join("rollout.journal"),
        "taking-back\twf0001\n",
    )
    .unwrap();
    let action = decode(TAKE_BACK, &taking_back(&world, false));
    let probe = world
        .domain
        .act(None, None, |context| action.probe(context));
    assert!(matches!(probe.unwrap(), Probe::Partial(text) if text.contains("taken up again")));
    let outcome = world
        .domain
        .act(None, None, |context| action.perform(context))
        .unwrap();
    assert_eq!(outcome.outputs["workflow"], "wf0001");
    assert_eq!(world.patches("node1"), OLD);
}

#[test]
fn a_rollout_that_is_at_work_is_not_reverted() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    world.domain.fault("rolloutDies=\"rollingRestart\"");
    let restart = world.rollout(json!({ "home": null }));
    world.domain.perform("zdt.rollout", restart).unwrap_err();
    world.domain.change("total=\"6\"", "total=\"600\"");
    let failure = take_back(&world, true).unwrap_err();
    assert_snapshot!(world.told(&failure), @"
    Verification: the workflow wf0001 (STARTED) is at work in the domain
      hint: wait for its end or cancel it, then resume the run
    ");
}
