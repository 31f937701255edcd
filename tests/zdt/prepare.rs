//! Second home, patches, archives, deliveries, files.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::world::{NEW, World};
use crate::stage::{Stage, decode};

fn archive(world: &World, home: &str, to: &str) -> Value {
    json!({
        "home": world.path(home), "java_home": world.path("u01/java/jdk8"), "archive": world.path(to),
    })
}

fn unpack(world: &World) -> Value {
    let mut options = archive(world, "u01/oracle/home", "u01/oracle/base.jar");
    options["target"] = json!(world.path("u01/oracle/second"));
    options
}

fn patch(world: &World) -> Value {
    json!({
        "home": world.path("u01/oracle/second"), "java_home": world.path("u01/java/jdk8"),
        "patches": [world.path("patch")], "expect": [NEW],
    })
}

/// What an action says that must fail.
fn fails(world: &World, action: &str, options: &Value) -> String {
    world.told(&Stage::new().perform(action, options).unwrap_err())
}

#[test]
fn a_second_home_is_made_patched_and_archived() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let home = archive(&world, "u01/oracle/home", "u01/oracle/base.jar");
    Stage::new().perform("zdt.archive-home", &home).unwrap();
    // Nothing is overwritten.
    assert_snapshot!(fails(&world, "zdt.archive-home", &home), @"
    Refused: [WORLD]/u01/oracle/base.jar is there already
      hint: nothing is overwritten: remove it, then resume the run
    ");
    assert_snapshot!(world.found("zdt.archive-home", &home), @"
    Refuse [WORLD]/u01/oracle/base.jar is there already
      = nothing is overwritten: remove it, or name another place
    ");
    let unpack = unpack(&world);
    Stage::new().perform("zdt.unpack-home", &unpack).unwrap();
    assert_snapshot!(fails(&world, "zdt.unpack-home", &unpack), @"
    Refused: [WORLD]/u01/oracle/second is there already
      hint: nothing is overwritten: remove it, then resume the run
    ");
    let patch = patch(&world);
    let stage = Stage::new();
    let outcome = stage.perform("zdt.patch-home", &patch).unwrap();
    assert_eq!(outcome.outputs["patches"], json!(["28186730", NEW]));
    // Again is no harm.
    let outcome = stage.perform("zdt.patch-home", &patch).unwrap();
    assert!(
        outcome.summary.starts_with("0 patches applied"),
        "{}",
        outcome.summary
    );
    let second = archive(&world, "u01/oracle/second", "u01/oracle/patched.jar");
    Stage::new().perform("zdt.archive-home", &second).unwrap();
    assert!(world.path("u01/oracle/patched.jar").exists());
}

#[test]
fn tools_that_lie_are_caught() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    world.write("u01/oracle/home/copy-breaks", "");
    let home = archive(&world, "u01/oracle/home", "u01/oracle/base.jar");
    assert_snapshot!(fails(&world, "zdt.archive-home", &home), @"
    Verification: copyBinary ended well, and [WORLD]/u01/oracle/base.unfinished.jar is no whole archive
      hint: look at the log of the step and for free space
    ");
    assert!(!world.path("u01/oracle/base.jar").exists());
    fs::remove_file(world.path("u01/oracle/home/copy-breaks")).unwrap();
    Stage::new().perform("zdt.archive-home", &home).unwrap();
    world.write("u01/oracle/home/patches", "1;another\n");
    assert_snapshot!(fails(&world, "zdt.unpack-home", &unpack(&world)), @"
    Verification: [WORLD]/u01/oracle/home has the patches 1, [WORLD]/u01/oracle/second has 28186730
      hint: the second home must begin as a copy of the first: remove it and its archive, then resume
    ");
    world.write("u01/oracle/second/opatch-lies", "");
    assert_snapshot!(fails(&world, "zdt.patch-home", &patch(&world)), @"
    Verification: OPatch succeeded, and patch 29204678 is not in [WORLD]/u01/oracle/second
      hint: look at the log of the step and below `cfgtoollogs/opatch` of the home
    ");
}

#[test]
fn prerequisites_and_suitability_come_first() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let home = archive(&world, "u01/oracle/home", "u01/oracle/base.jar");
    Stage::new().perform("zdt.archive-home", &home).unwrap();
    Stage::new()
        .perform("zdt.unpack-home", &unpack(&world))
        .unwrap();
    world.write("patch/requires", "11111111");
    assert_snapshot!(fails(&world, "zdt.patch-home", &patch(&world)), @r#"
    Tool: the prerequisites of patch 29204678 failed
      said: Oracle Interim Patch Installer version 13.9.4.2.5
      said: Prereq "CheckApplicable" is not passed: it needs 11111111
      said: OPatch failed with error code 73
      command: [WORLD]/u01/oracle/second/OPatch/opatch prereq CheckApplicable -ph [WORLD]/patch -oh [WORLD]/u01/oracle/second -jdk [WORLD]/u01/java/jdk8
      ended: exit code 73
      hint: apply what it needs first, in the order of `patches`, then resume the run
    "#);
    assert_eq!(world.found("zdt.patch-home", &patch(&world)), "");
    world.write(
        "patch/etc/config/patchdeploy.xml",
        "<deploy patch-uptime-option=\"FMW_DOWN\"/>",
    );
    assert_snapshot!(world.found("zdt.patch-home", &patch(&world)), @"
    Refuse patch 29204678 cannot be rolled out: its patch-uptime-option is FMW_DOWN
      = apply it with the domain stopped, or leave it out
    ");
    fs::remove_dir_all(world.path("patch/etc")).unwrap();
    assert_snapshot!(world.found("zdt.patch-home", &patch(&world)), @"
    Refuse [WORLD]/patch is no unpacked patch: it has no etc/config/inventory.xml
      = unpack the patch and name the directory that holds `etc`
    ");
}

#[test]
fn a_blank_is_refused_before_oracles_tools_see_it() {
    let options =
        json!({ "home": "/u01/home", "java_home": "/opt/my jdk", "archive": "/u01/a b.zip" });
    let problems = decode("zdt.archive-home", &options).validate();
    assert_snapshot!(problems.join("\n"), @r"
    java_home: Oracle's tools take no `/opt/my jdk`: only letters, digits and `_-./:\`
    archive: Oracle's tools take no `/u01/a b.zip`: only letters, digits and `_-./:\`
    archive: is no `.jar`
    ");
}

#[test]
fn what_goes_to_a_node_arrives_whole_or_not_at_all() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let deliver = |path: &str| json!({ "path": world.path(path), "node": world.node("node1") });
    for path in ["u01/java/jdk11", "u01/applications/shop-2.war"] {
        let outcome = Stage::new().perform("zdt.deliver", &deliver(path)).unwrap();
        assert!(
            outcome.summary.starts_with("delivered"),
            "{}",
            outcome.summary
        );
        let outcome = Stage::new().perform("zdt.deliver", &deliver(path)).unwrap();
        assert!(
            outcome.summary.starts_with("was there"),
            "{}",
            outcome.summary
        );
        assert!(world.on("node1", path).exists());
    }
    // Another one under that name is not ours to replace, unless the kit wrote it.
    world.write("u01/applications/shop-2.war", "shop 3");
    let war = deliver("u01/applications/shop-2.war");
    assert_snapshot!(fails(&world, "zdt.deliver", &war), @"
    Refused: [WORLD]/u01/applications/shop-2.war is on node1 already and differs from the one here
      hint: look whose it is: remove it there, or give the new one another name
    ");
    let mut replace = war;
    replace["replace"] = json!(true);
    Stage::new().perform("zdt.deliver", &replace).unwrap();
    let there = fs::read_to_string(world.on("node1", "u01/applications/shop-2.war"));
    assert_eq!(there.unwrap(), "shop 3");
    world.write("nodes/node1/bad-disk", "");
    world.write("u01/oracle/patched.jar", "jar");
    let jar = deliver("u01/oracle/patched.jar");
    assert_snapshot!(fails(&world, "zdt.deliver", &jar), @"
    Verification: [WORLD]/u01/oracle/patched.jar arrived on node1 with another hash
      hint: the copy command must keep modes (`scp -p`); look for space there, then resume the run
    ");
    assert!(!world.on("node1", "u01/oracle/patched.jar").exists());
    fs::remove_file(world.path("nodes/node1/bad-disk")).unwrap();
    Stage::new().perform("zdt.deliver", &jar).unwrap();
    world.write("nodes/node1/down", "");
    assert_snapshot!(world.found("zdt.deliver", &jar), @"
    Refuse reaching the node node1 failed: exit code 255: ssh: connect to host node1 port 22: Connection refused
      = try `[WORLD]/nodes/node1/ssh true` by hand: it must end with 0 and ask nothing; `nodes.node1` of the site says how node1 is reached
    ");
    assert_snapshot!(fails(&world, "zdt.deliver", &jar), @r"
    Tool: looking at [WORLD]/u01/oracle/patched.jar on node1 failed
      said: ssh: connect to host node1 port 22: Connection refused
      command: [WORLD]/nodes/node1/ssh '(set -e; if [ -d [WORLD]/u01/oracle/patched.jar ]; then cd [WORLD]/u01/oracle/patched.jar; find . -mindepth 1 ! -type f -printf '\''%y %P %l\n'\'' | LC_ALL=C sort; find . -type f -printf '\''f %P %m\n'\'' | LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum; elif [ -e [WORLD]/u01/oracle/patched.jar ]; then sha256sum <[WORLD]/u01/oracle/patched.jar; else echo absent; fi) | sha256sum'
      ended: exit code 255
      hint: try `[WORLD]/nodes/node1/ssh true` by hand: it must end with 0 and ask nothing; `nodes.node1` of the site says how node1 is reached
    ");
}

#[test]
fn a_node_is_looked_at() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let node = json!({ "node": world.node("node1"), "node_manager": true });
    Stage::new().perform("zdt.check-node", &node).unwrap();
    world.write("nodes/node1/processes", "java weblogic.Server\n");
    fs::remove_dir_all(world.on("node1", "u01/oracle/home")).unwrap();
    assert_snapshot!(world.found("zdt.check-node", &node), @"
    Refuse there is no [WORLD]/nodes/node1[WORLD]/u01/oracle/home on node1
      = install what is missing on the node, start its Node Manager, then go on
    Refuse no Node Manager runs on node1
      = install what is missing on the node, start its Node Manager, then go on
    ");
    assert_snapshot!(fails(&world, "zdt.check-node", &node), @"
    Verification: there is no [WORLD]/nodes/node1[WORLD]/u01/oracle/home on node1
      because: no Node Manager runs on node1
      hint: install what is missing on the node, start its Node Manager, then go on
    ");
}

#[test]
fn a_node_that_cannot_be_reached_says_how_to_try_it() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let node = json!({ "node": world.node("node1"), "node_manager": true });
    world.write("nodes/node1/down", "");
    assert_snapshot!(world.found("zdt.check-node", &node), @"
    Refuse reaching the node node1 failed: exit code 255: ssh: connect to host node1 port 22: Connection refused
      = try `[WORLD]/nodes/node1/ssh true` by hand: it must end with 0 and ask nothing; `nodes.node1` of the site says how node1 is reached
    ");
    assert_snapshot!(fails(&world, "zdt.check-node", &node), @r"
    Tool: reaching the node node1 failed
      said: ssh: connect to host node1 port 22: Connection refused
      command: [WORLD]/nodes/node1/ssh 'test -d [WORLD]/u01/oracle/home || echo missing [WORLD]/u01/oracle/home; ps -eo args | grep -q '\''[w]eblogic.NodeManager'\'' || echo missing-node-manager; echo looked'
      ended: exit code 255
      hint: try `[WORLD]/nodes/node1/ssh true` by hand: it must end with 0 and ask nothing; `nodes.node1` of the site says how node1 is reached
    ");
    let mut patches = node.clone();
    patches["patches"] = json!([NEW]);
    fs::remove_file(world.path("nodes/node1/down")).unwrap();
    fs::remove_file(world.on("node1", "u01/oracle/home/OPatch/opatch")).unwrap();
    assert_snapshot!(fails(&world, "zdt.check-node", &patches), @"
    Tool: listing the patches of node1 failed
      said: /bin/sh: 1: [WORLD]/nodes/node1[WORLD]/u01/oracle/home/OPatch/opatch: not found
      command: [WORLD]/nodes/node1/ssh '[WORLD]/u01/oracle/home/OPatch/opatch lspatches -oh [WORLD]/u01/oracle/home'
      ended: exit code 127
      hint: try `[WORLD]/nodes/node1/ssh true` by hand: it must end with 0 and ask nothing; `nodes.node1` of the site says how node1 is reached
    ");
    let mut gone = node;
    gone["node"]["run"] = json!(["/nowhere/ssh", "-oBatchMode=yes", "node1"]);
    assert_snapshot!(world.found("zdt.check-node", &gone), @"
    Refuse the program `/nowhere/ssh` was not found
      = try `/nowhere/ssh -oBatchMode=yes node1 true` by hand: it must end with 0 and ask nothing; `nodes.node1` of the site says how node1 is reached
    ");
}

#[test]
fn files_begin_as_the_document_says() {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("files/migrations.json");
    let entries = json!([
        { "source": "ms1", "destination": "ms2", "migrationType": "jms", "failback": "true" },
        { "source": "ms2", "migrationType": "none" },
    ]);
    let options = json!({ "entries": entries, "to": to });
    Stage::new()
        .perform("zdt.write-migrations", &options)
        .unwrap();
    assert_snapshot!(fs::read_to_string(to).unwrap(), @r#"
    {"migrations":[
    {"source":"ms1","destination":"ms2","migrationType":"jms","failback":true},
    {"source":"ms2","migrationType":"none"}
    ]}
    "#);
}
