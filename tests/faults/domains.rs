//! Scenes on simulated WebLogic domains, under real Jython.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::scene::{Row, Scene, Set, Sound, some};
use crate::server::kill_below;
use crate::weblogic::rig::{Domain, message, password, text};
use crate::zdt::way_back;
use crate::zdt::world::{NEW, World};

/// The quicker one of the two.
const JYTHON: &str = "2.2.1";

pub(super) const WEBLOGIC: &[Row] = &[
    some(1, "weblogic.empty-jms", empty_jms),
    some(1, "weblogic.export-jms", export_jms),
    some(1, "weblogic.import-jms", import_jms),
    some(1, "weblogic.pause-jms", || module(&[])),
    some(1, "weblogic.resume-jms", || module(&["weblogic.pause-jms"])),
    some(1, "weblogic.start-application", || {
        deployment(&["weblogic.stop-application"])
    }),
    some(1, "weblogic.start-servers", start_servers),
    some(1, "weblogic.stop-application", || deployment(&[])),
    some(1, "weblogic.stop-servers", stop_servers),
    some(1, "weblogic.survey", survey),
    some(1, "weblogic.verify-jms", verify_jms),
];

pub(super) const ZDT: &[Row] = &[
    some(1, "zdt.archive-home", archive_home),
    some(1, "zdt.check-node", check_node),
    some(1, "zdt.deliver", deliver),
    some(3, "zdt.find-rolled-out", find_rolled_out),
    some(1, "zdt.patch-home", patch_home),
    some(1, "zdt.rollout", rollout),
    some(1, "zdt.survey", survey_domain),
    some(1, "zdt.take-back", take_back),
    some(1, "zdt.unpack-home", unpack_home),
];

/// A scene on a domain, with options that are all there is.
fn on(domain: &Arc<Domain>, options: Value) -> Scene {
    let own = Arc::clone(domain);
    let mut scene = Scene::new(options, domain.directory.path(), move || own.world());
    scene.password = password();
    scene
}

/// A domain on which these actions were performed with these options.
fn after(before: &[&str], options: &Value) -> Option<Arc<Domain>> {
    let domain = Domain::new(JYTHON)?;
    for action in before {
        domain.perform(action, options.clone()).unwrap();
        domain.next_step();
    }
    Some(Arc::new(domain))
}

fn module(before: &[&str]) -> Option<Scene> {
    let options = json!({ "jms_module": "eDelivery" });
    let domain = after(before, &options)?;
    Some(on(&domain, domain.options(options)))
}

fn deployment(before: &[&str]) -> Option<Scene> {
    let options = json!({ "deployment": "domibus" });
    let domain = after(before, &options)?;
    Some(on(&domain, domain.options(options)))
}

fn survey() -> Option<Scene> {
    let domain = Arc::new(Domain::new(JYTHON)?);
    let options = json!({ "jms_module": "eDelivery", "deployment": "domibus" });
    Some(on(&domain, domain.options(options)))
}

/// A paused domain, with options of everything that has an artifact.
fn paused() -> Option<(Arc<Domain>, Value)> {
    let domain = after(
        &["weblogic.pause-jms"],
        &json!({ "jms_module": "eDelivery" }),
    )?;
    let options = domain.options(json!({ "jms_module": "eDelivery", "artifact": "jms" }));
    Some((domain, options))
}

fn export_jms() -> Option<Scene> {
    let (domain, options) = paused()?;
    Some(on(&domain, options).with_set(Set::Written(Vec::new())))
}

/// A scene with a set of the messages, of which `change` makes others.
fn exported(more: Value, change: impl FnOnce(&Domain) + 'static) -> Option<Scene> {
    let (domain, mut options) = paused()?;
    let export: Sound = ("weblogic.export-jms", options.clone());
    options
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let scene = on(&domain, options);
    Some(scene.with_set(Set::Used(vec![export], Box::new(move || change(&domain)))))
}

fn verify_jms() -> Option<Scene> {
    exported(json!({}), |_| {})
}

fn import_jms() -> Option<Scene> {
    exported(json!({ "batch": 3 }), |domain| {
        let messages = regex::Regex::new("(?s)<message .*?</message>").unwrap();
        let world = messages.replace_all(&domain.world(), "").into_owned();
        std::fs::write(domain.directory.path().join("world.xml"), world).unwrap();
    })
}

fn empty_jms() -> Option<Scene> {
    exported(json!({ "saved": 10 }), |domain| {
        let other = message(77, "visible", "new", &text("new"));
        let world = domain.world();
        let at = world.find("\"eDelivery!JMS1@Send\"").unwrap();
        let at = at + world[at..].find('>').unwrap() + 1;
        let world = format!("{}{other}{}", &world[..at], &world[at..]);
        std::fs::write(domain.directory.path().join("world.xml"), world).unwrap();
    })
}

/// Kills the servers of a domain when its scene is over.
struct Ends(Arc<Domain>);

impl Drop for Ends {
    fn drop(&mut self) {
        kill_below(self.0.directory.path());
    }
}

/// A domain of two servers, and how many of them run.
fn servers() -> Option<(Arc<Domain>, Scene)> {
    let domain = Domain::new(JYTHON)?;
    domain.lay_out();
    let domain = Arc::new(domain);
    let options = domain.servers(json!({}));
    let ends = Ends(Arc::clone(&domain));
    let state = move || {
        let ours = format!("-Ddomain.home={}", ends.0.directory.path().display());
        let count = std::fs::read_dir("/proc").unwrap().flatten().filter(|one| {
            let line = std::fs::read(one.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&ours)
        });
        format!("{} servers", count.count())
    };
    let mut scene = Scene::new(options, domain.directory.path(), state);
    scene.password = password();
    Some((domain, scene))
}

fn start_servers() -> Option<Scene> {
    Some(servers()?.1)
}

fn stop_servers() -> Option<Scene> {
    let (domain, scene) = servers()?;
    let action = crate::stage::decode("weblogic.start-servers", &scene.options);
    domain
        .act(None, None, |context| action.perform(context))
        .unwrap();
    domain.next_step();
    Some(scene)
}

/// A scene on a world of nodes; its state is what these paths hold.
fn nodes(world: World, options: Value, paths: &'static [&'static str]) -> Scene {
    let place = world.path("");
    let state = move || {
        let mut all: Vec<String> = paths
            .iter()
            .flat_map(|path| walkdir::WalkDir::new(world.path(path)).sort_by_file_name())
            .flatten()
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let is_archive = entry
                    .path()
                    .extension()
                    .is_some_and(|ending| ending == "jar");
                let content = std::fs::read_to_string(entry.path()).unwrap_or_default();
                let content = if is_archive {
                    "an archive"
                } else {
                    content.as_str()
                };
                format!("{}\n{content}", entry.path().display())
            })
            .collect();
        all.push(world.workflows().join("\n"));
        all.push(format!(
            "{} {}",
            world.patches("node1"),
            world.patches("node2")
        ));
        all.join("\n")
    };
    let mut scene = Scene::new(options, &place, state);
    scene.password = password();
    scene
}

/// Options of an archive of that home.
fn archive(world: &World, home: &str, to: &str) -> Value {
    json!({
        "home": world.path(home), "java_home": world.path("u01/java/jdk8"), "archive": world.path(to),
    })
}

fn perform(action: &str, options: &Value) {
    crate::stage::Stage::new().perform(action, options).unwrap();
}

fn archive_home() -> Option<Scene> {
    let world = World::new(JYTHON)?;
    let options = archive(&world, "u01/oracle/home", "u01/oracle/base.jar");
    Some(nodes(world, options, &["u01/oracle"]))
}

/// A world with an archive of its home, and options that make a second home of it.
fn archived() -> Option<(World, Value)> {
    let world = World::new(JYTHON)?;
    let mut options = archive(&world, "u01/oracle/home", "u01/oracle/base.jar");
    perform("zdt.archive-home", &options);
    options["target"] = json!(world.path("u01/oracle/second"));
    Some((world, options))
}

fn unpack_home() -> Option<Scene> {
    let (world, options) = archived()?;
    Some(nodes(world, options, &["u01/oracle"]))
}

fn patch_home() -> Option<Scene> {
    let (world, options) = archived()?;
    perform("zdt.unpack-home", &options);
    let options = json!({
        "home": world.path("u01/oracle/second"), "java_home": world.path("u01/java/jdk8"),
        "patches": [world.path("patch")], "expect": [NEW],
    });
    Some(nodes(world, options, &["u01/oracle"]))
}

fn deliver() -> Option<Scene> {
    let world = World::new(JYTHON)?;
    let options = json!({
        "path": world.path("u01/applications/shop-2.war"), "node": world.node("node1"),
    });
    Some(nodes(world, options, &["nodes"]))
}

fn check_node() -> Option<Scene> {
    let world = World::new(JYTHON)?;
    let options = json!({ "node": world.node("node1"), "node_manager": true });
    Some(nodes(world, options, &["u01/oracle"]))
}

fn rollout() -> Option<Scene> {
    let world = World::new(JYTHON)?;
    world.deliver_archive();
    let options = world.domain.options(world.rollout(json!({})));
    Some(nodes(world, options, &[]))
}

/// The options come from a plan: they hold the whole of the site.
fn survey_domain() -> Option<Scene> {
    let world = World::new(JYTHON)?;
    let site = world.path("site.yaml");
    std::fs::write(&site, world.site(&world.home_rollout())).unwrap();
    let planned = crate::rig_server::command(env!("CARGO_BIN_EXE_upgrade-kit"))
        .args([
            "plan",
            "upgrade",
            "--scenario",
            "zdt-patching",
            "--format",
            "json",
            "--site",
        ])
        .arg(&site)
        .env("WEBLOGIC_PASSWORD", password())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&planned.stderr);
    assert!(planned.status.success(), "{said}");
    let plan: Value = serde_json::from_slice(&planned.stdout).unwrap();
    let steps = plan["steps"].as_array().unwrap();
    let step = steps
        .iter()
        .find(|step| step["action"] == "zdt.survey")
        .unwrap();
    let options = step["options"].clone();
    assert!(Path::new(&site).exists());
    Some(nodes(world, options, &[]))
}

fn find_rolled_out() -> Option<Scene> {
    let world = World::new(JYTHON)?;
    way_back::leave(&world, "node1");
    way_back::leave(&world, "node2");
    let options = way_back::find(&world, json!({ "expect": "everywhere" }));
    Some(nodes(world, options, &["nodes"]))
}

fn take_back() -> Option<Scene> {
    let world = way_back::stopped(JYTHON)?;
    world.domain.next_step();
    let options = way_back::taking_back(&world, true);
    Some(nodes(world, options, &[]))
}
