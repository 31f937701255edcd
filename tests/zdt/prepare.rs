//! Second home, patches, archives, deliveries, files.

use std::fs;

use serde_json::{Value, json};
use upgrade_kit::adapter::{CheckContext, Finding};
use upgrade_kit::host::{Control, LocalHost, Masker};

use super::world::{NEW, World};
use crate::stage::{Stage, decode};
use crate::weblogic::rig::words;

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

fn check(action: &str, options: &Value, world: &World) -> Vec<Finding> {
    let control = Control::unattended(Masker::default());
    decode(action, options).check(&CheckContext {
        step: "step",
        host: &LocalHost,
        control: &control,
        secret: &|_| panic!("no secret is asked for"),
        backups: world.domain.directory.path(),
        using: None,
    })
}

fn fails(action: &str, options: &Value, expected: &str) {
    let failure = Stage::new().perform(action, options).unwrap_err();
    let text = words(&failure);
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_second_home_is_made_patched_and_archived() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let home = archive(&world, "u01/oracle/home", "u01/oracle/base.jar");
    Stage::new().perform("zdt.archive-home", &home).unwrap();
    // Nothing is overwritten.
    fails("zdt.archive-home", &home, "is there already");
    assert_eq!(check("zdt.archive-home", &home, &world).len(), 1);
    let unpack = unpack(&world);
    Stage::new().perform("zdt.unpack-home", &unpack).unwrap();
    fails("zdt.unpack-home", &unpack, "is there already");
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
    fails("zdt.archive-home", &home, "is no whole archive");
    assert!(!world.path("u01/oracle/base.jar").exists());
    fs::remove_file(world.path("u01/oracle/home/copy-breaks")).unwrap();
    Stage::new().perform("zdt.archive-home", &home).unwrap();
    world.write("u01/oracle/home/patches", "1;another\n");
    fails("zdt.unpack-home", &unpack(&world), "has the patches 1");
    world.write("u01/oracle/second/opatch-lies", "");
    fails("zdt.patch-home", &patch(&world), "is not in");
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
    fails(
        "zdt.patch-home",
        &patch(&world),
        "the prerequisites of patch 29204678 failed",
    );
    assert!(check("zdt.patch-home", &patch(&world), &world).is_empty());
    world.write(
        "patch/etc/config/patchdeploy.xml",
        "<deploy patch-uptime-option=\"FMW_DOWN\"/>",
    );
    let found = check("zdt.patch-home", &patch(&world), &world);
    assert!(
        found[0].message.contains("cannot be rolled out"),
        "{found:?}"
    );
    fs::remove_dir_all(world.path("patch/etc")).unwrap();
    let found = check("zdt.patch-home", &patch(&world), &world);
    assert!(
        found[0].message.contains("is no unpacked patch"),
        "{found:?}"
    );
}

#[test]
fn a_blank_is_refused_before_oracles_tools_see_it() {
    let options =
        json!({ "home": "/u01/home", "java_home": "/opt/my jdk", "archive": "/u01/a b.zip" });
    let problems = decode("zdt.archive-home", &options).validate();
    insta::assert_snapshot!(problems.join("\n"), @r"
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
    fails("zdt.deliver", &war, "differs from the one here");
    let mut replace = war;
    replace["replace"] = json!(true);
    Stage::new().perform("zdt.deliver", &replace).unwrap();
    let there = fs::read_to_string(world.on("node1", "u01/applications/shop-2.war"));
    assert_eq!(there.unwrap(), "shop 3");
    world.write("nodes/node1/bad-disk", "");
    world.write("u01/oracle/patched.jar", "jar");
    let jar = deliver("u01/oracle/patched.jar");
    fails("zdt.deliver", &jar, "arrived on node1 with another hash");
    assert!(!world.on("node1", "u01/oracle/patched.jar").exists());
    fs::remove_file(world.path("nodes/node1/bad-disk")).unwrap();
    Stage::new().perform("zdt.deliver", &jar).unwrap();
    world.write("nodes/node1/down", "");
    assert_eq!(check("zdt.deliver", &jar, &world).len(), 1);
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
    let found = check("zdt.check-node", &node, &world);
    let texts: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[1].contains("no Node Manager runs on node1"));
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
    insta::assert_snapshot!(fs::read_to_string(to).unwrap(), @r#"
    {"migrations":[
    {"source":"ms1","destination":"ms2","migrationType":"jms","failback":true},
    {"source":"ms2","migrationType":"none"}
    ]}
    "#);
}
