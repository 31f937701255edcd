//! Replacing, overlaying, removing and discarding trees, and what is refused.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use upgrade_kit::adapter::Severity;
use upgrade_kit::event::{FailureKind, StopLevel};
use upgrade_kit::host::{Host, LocalHost};

use crate::tree_roundtrip::shell;
use crate::tree_world::{DyingHost, Step, World, picture, put, settle};

fn text(path: &std::path::Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// A new WAR goes in, its exploded directory goes, both old ones are kept outside of `webapps`,
/// where Tomcat would deploy them; killed anywhere, the next attempt finishes it.
#[test]
fn a_war_is_replaced_with_its_exploded_directory() {
    for operations in 0.. {
        let world = World::new();
        let webapps = world.path("tomcat/webapps");
        put(&webapps.join("domibus.war"), "old war", 0o640, 1_000);
        put(
            &webapps.join("domibus/WEB-INF/web.xml"),
            "old",
            0o644,
            1_000,
        );
        put(&world.path("release/domibus.war"), "new war", 0o600, 2_000);
        let options = json!({
            "from": world.path("release/domibus.war"),
            "to": webapps.join("domibus.war"),
            "remove_also": [webapps.join("domibus")],
            "aside": world.path("tomcat"),
        });
        let step = Step::new("war", "files.replace", &options);
        let host = DyingHost::after(operations);
        let first = world.perform_on(&host, &step);
        let done = !host.died();
        let outcome = match first {
            Ok(outcome) => outcome,
            Err(_) => world.perform(&step).unwrap(),
        };
        assert_eq!(
            LocalHost.list(&webapps).unwrap(),
            ["domibus.war"],
            "after {operations}"
        );
        assert_eq!(text(&webapps.join("domibus.war")), "new war");
        let stat = LocalHost
            .stat(&webapps.join("domibus.war"))
            .unwrap()
            .unwrap();
        assert_eq!((stat.mode, stat.mtime.0), (0o640, 2_000));
        let kept = outcome.outputs["replaced"].as_str().unwrap();
        assert_eq!(text(kept.as_ref()), "old war");
        assert_eq!(LocalHost.list(&world.path("tomcat")).unwrap().len(), 3);
        let discard = json!({
            "targets": [webapps.join("domibus.war"), webapps.join("domibus")],
            "aside": world.path("tomcat"),
        });
        world
            .perform(&Step::new("discard", "files.discard", &discard))
            .unwrap();
        assert_eq!(LocalHost.list(&world.path("tomcat")).unwrap(), ["webapps"]);
        if done {
            assert!(operations > 30, "only {operations} operations");
            return;
        }
    }
}

/// What a run left behind that was killed in an upgrade and then given up: nobody resumes it.
#[test]
fn remnants_of_runs_given_up_are_discarded_on_request_only() {
    let world = World::new();
    let base = world.path("tomcat");
    let remnants = [
        "domibus.war.upgrade-kit-old-20261121T122445Z-r5dc-install-war-8bb0c649",
        "domibus.war.upgrade-kit-new-20261121T122445Z-r5dc-install-war-8bb0c649",
    ];
    let other = "domibus.warehouse.upgrade-kit-old-20261121T122445Z-r5dc-x";
    for name in remnants.iter().chain([&other]) {
        put(&base.join(name), "remnant", 0o640, 1_000);
    }
    let mut discard = json!({
        "targets": [base.join("webapps/domibus.war")],
        "aside": base,
    });
    let outcome = world.perform(&Step::new("discard", "files.discard", &discard));
    assert_eq!(outcome.unwrap().outputs["discarded"], 0);
    discard["of_all_runs"] = json!(true);
    let outcome = world.perform(&Step::new("discard", "files.discard", &discard));
    assert_eq!(outcome.unwrap().outputs["discarded"], 2);
    assert_eq!(LocalHost.list(&base).unwrap(), [other]);
}

#[test]
fn an_overlay_adds_and_replaces_and_keeps_the_rest() {
    let world = World::new();
    let conf = world.path("conf");
    put(&conf.join("domibus.properties"), "mine", 0o600, 1_000);
    put(&conf.join("plugins/config/ws.xml"), "old", 0o640, 1_000);
    put(&conf.join("shared"), "linked", 0o644, 1_000);
    fs::hard_link(conf.join("shared"), conf.join("tw\nin")).unwrap();
    settle(&conf.join("plugins/config"), 0o555, 1_000);
    let release = world.path("release");
    put(&release.join("plugins/config/ws.xml"), "new", 0o666, 2_000);
    put(&release.join("plugins/lib/fs.jar"), "jar", 0o644, 2_000);
    put(&release.join("shared"), "fresh", 0o644, 2_000);
    put(&release.join("domibus.properties"), "theirs", 0o644, 2_000);
    let before = picture(&conf);
    let options = json!({ "from": release, "to": conf, "exclude": ["domibus.properties"] });
    let step = Step::new("overlay", "files.overlay", &options);
    let outcome = world.perform(&step).unwrap();
    assert_eq!(text(&conf.join("domibus.properties")), "mine");
    assert_eq!(text(&conf.join("plugins/config/ws.xml")), "new");
    assert_eq!(text(&conf.join("plugins/lib/fs.jar")), "jar");
    assert_eq!(text(&conf.join("shared")), "fresh");
    assert_eq!(text(&conf.join("tw\nin")), "linked");
    let stat = LocalHost
        .stat(&conf.join("plugins/config/ws.xml"))
        .unwrap()
        .unwrap();
    assert_eq!(stat.mode, 0o640);
    let kept = outcome.outputs["replaced"].as_str().unwrap();
    assert_eq!(picture(kept.as_ref()), before);
    let after = picture(&conf);
    let again = world.perform(&step).unwrap();
    assert_eq!(again.outputs, outcome.outputs);
    assert_eq!(picture(&conf), after);
}

/// A broker's store inside the configuration is moved along: the same file, not a copy, and nothing
/// of the release is laid over it.
#[test]
fn an_overlay_moves_what_it_keeps() {
    for operations in 0.. {
        let world = World::new();
        let conf = world.path("conf");
        put(&conf.join("work/kahadb/db-1.log"), "messages", 0o640, 1_000);
        put(&conf.join("a.xml"), "old", 0o640, 1_000);
        put(&world.path("release/a.xml"), "new", 0o640, 2_000);
        put(
            &world.path("release/work/kahadb/db-1.log"),
            "empty",
            0o640,
            2_000,
        );
        settle(&conf.join("work/kahadb"), 0o500, 1_000);
        settle(&conf.join("work"), 0o555, 1_000);
        let mut old = picture(&conf);
        let store = conf.join("work/kahadb/db-1.log");
        let before = LocalHost.stat(&store).unwrap();
        let options = json!({ "from": world.path("release"), "to": conf,
            "keep": [conf.join("work/kahadb"), "no-such"] });
        let step = Step::new("overlay", "files.overlay", &options);
        let host = DyingHost::after(operations);
        let first = world.perform_on(&host, &step);
        if first.is_err() {
            world.perform(&step).unwrap();
        }
        assert_eq!(
            LocalHost.stat(&store).unwrap(),
            before,
            "after {operations}"
        );
        assert_eq!(text(&conf.join("a.xml")), "new");
        let work = LocalHost.stat(&conf.join("work")).unwrap().unwrap();
        assert_eq!(
            (work.mode, work.mtime.0),
            (0o555, 1_000),
            "after {operations}"
        );
        let kahadb = LocalHost.stat(&conf.join("work/kahadb")).unwrap().unwrap();
        assert_eq!(kahadb.mode, 0o500, "after {operations}");
        old.retain(|path, _| !path.starts_with("work/kahadb"));
        let kept = world.perform(&step).unwrap().outputs["replaced"].clone();
        let kept = picture(kept.as_str().unwrap().as_ref());
        assert_eq!(kept, old, "after {operations}");
        if !host.died() {
            return;
        }
    }
}

#[test]
fn names_are_removed_and_kept_unless_for_good() {
    let world = World::new();
    let lib = world.path("plugins/lib");
    for name in ["domibus-ws-5.1.jar", "domibus-fs-5.1.jar", "mine.jar"] {
        put(&lib.join(name), name, 0o644, 1_000);
    }
    let options = json!({ "within": lib, "names": ["domibus-*.jar"] });
    let step = Step::new("remove", "files.remove", &options);
    let outcome = world.perform(&step).unwrap();
    assert_eq!(outcome.outputs["removed"], Value::from(2));
    let names = LocalHost.list(&lib).unwrap();
    let jars: Vec<_> = names
        .iter()
        .filter(|name| name.to_string_lossy().ends_with(".jar"))
        .collect();
    assert_eq!(jars, ["mine.jar"]);
    assert_eq!(names.len(), 3);
    assert_eq!(
        world.perform(&step).unwrap().outputs["removed"],
        Value::from(0)
    );
    assert_eq!(LocalHost.list(&lib).unwrap().len(), 3);

    put(&world.path("work/cache/x"), "x", 0o600, 1_000);
    symlink(&lib, world.path("work/link")).unwrap();
    let options = json!({ "paths": [world.path("work/cache"), world.path("work/link")],
        "for_good": true });
    world
        .perform(&Step::new("clear", "files.remove", &options))
        .unwrap();
    assert!(LocalHost.list(&world.path("work")).unwrap().is_empty());
    assert!(lib.join("mine.jar").exists());
}

/// A source that was absent is absent again after the restore; what had come since is kept.
#[test]
fn absence_is_restored_too() {
    let mut world = World::new();
    let source = world.path("extensions");
    let options = json!({ "source": source, "artifact": "extensions", "optional": true });
    let set = world.saved("set-1", &options);
    put(&source.join("added.jar"), "x", 0o600, 1_000);
    let restore = json!({ "artifact": "extensions" });
    let step = Step::new("restore", "files.restore", &restore).using(&set);
    for _ in 0..2 {
        let outcome = world.perform(&step).unwrap();
        assert!(!source.exists());
        let kept = outcome.outputs["replaced"].as_str().unwrap();
        assert_eq!(text(&std::path::Path::new(kept).join("added.jar")), "x");
    }
}

/// The message and the hint of the first finding that refuses.
fn refusal(world: &World, step: &Step<'_>) -> String {
    let findings = world.check(step);
    let found = findings
        .iter()
        .find(|finding| finding.severity == Severity::Refuse);
    let found = found.unwrap_or_else(|| panic!("nothing is refused: {findings:?}"));
    let directory = world.directory.path().display().to_string();
    let hint = found.hint.as_deref().unwrap_or("no hint");
    format!("{} ({hint})", found.message).replace(&directory, "")
}

#[test]
fn what_cannot_work_is_refused_beforehand() {
    let mut world = World::new();
    let source = world.path("conf");
    let options = json!({ "source": source, "artifact": "config" });
    let save = Step::new("save", "files.backup", &options);
    assert_eq!(
        refusal(&world, &save),
        "/conf does not exist (correct the path in the site, or set `optional: true` on the step)"
    );
    put(&world.path("real/file"), "x", 0o600, 1_000);
    symlink("real", &source).unwrap();
    assert_eq!(
        refusal(&world, &save),
        "/conf is a symbolic link to real (give the path that it points to in the site)"
    );
    fs::remove_file(&source).unwrap();
    fs::rename(world.path("real"), &source).unwrap();
    let set = world.saved("set-1", &options);

    let elsewhere = json!({ "artifact": "config", "target": world.path("missing/conf") });
    let restore = Step::new("restore", "files.restore", &elsewhere).using(&set);
    assert_eq!(
        refusal(&world, &restore),
        "/missing does not exist (correct the path, or make the directory)"
    );
    let other_disk = json!({ "artifact": "config", "aside": "/proc" });
    let restore = Step::new("restore", "files.restore", &other_disk).using(&set);
    let found = world.check(&restore);
    let apart = |finding: &upgrade_kit::adapter::Finding| {
        finding.message.ends_with("are on different file systems")
    };
    assert!(found.iter().any(apart), "{found:?}");
    let mount = json!({ "artifact": "config", "target": "/proc" });
    let restore = Step::new("restore", "files.restore", &mount).using(&set);
    assert_eq!(
        refusal(&world, &restore),
        "/proc is a mount point, and a tree with one cannot be swapped (name the directories \
         inside it one by one, or unmount it)"
    );
    let unknown = json!({ "artifact": "confg" });
    let restore = Step::new("restore", "files.restore", &unknown).using(&set);
    assert_eq!(
        refusal(&world, &restore),
        "the set set-1 has no artifact `confg` (no hint)"
    );
}

/// Somebody writes while the backup reads: the step fails and names the file.
#[test]
fn a_file_that_changes_meanwhile_fails_the_backup() {
    let world = World::new();
    let source = world.path("logs");
    put(&source.join("a"), "x", 0o600, 1_000);
    put(&source.join("b"), "x", 0o600, 1_000);
    let set = upgrade_kit::backup::PartialSet::create(&world.backups(), "set-1").unwrap();
    let options = json!({ "source": source, "artifact": "logs" });
    let step = Step::new("save", "files.backup", &options).writing(&set);
    for change in ["echo y >> b", "touch b", "touch c", "rm c; chmod 644 b"] {
        let folder = source.clone();
        let host = DyingHost::after(u64::MAX).when_opened(move || {
            shell(&folder, change);
        });
        let failure = world.perform_on(&host, &step).unwrap_err();
        assert_eq!(
            failure.kind(),
            FailureKind::Verification,
            "{change}: {failure}"
        );
        let message = failure.to_string();
        assert!(
            message.contains(" changed while it was read"),
            "{change}: {message}"
        );
    }
    world.perform(&step).unwrap();
}

#[test]
fn a_stopped_run_stops_a_copy() {
    let world = World::new();
    put(&world.path("a/file"), "x", 0o600, 1_000);
    let set = upgrade_kit::backup::PartialSet::create(&world.backups(), "set-1").unwrap();
    let options = json!({ "source": world.path("a"), "artifact": "a" });
    world.control.stop.raise(StopLevel::Ask);
    let step = Step::new("save", "files.backup", &options).writing(&set);
    assert_eq!(
        world.perform(&step).unwrap_err().kind(),
        FailureKind::Stopped
    );
}

/// Somebody takes the place of a tree between a kill and the next attempt: a person is asked, and
/// nothing is deleted.
#[test]
fn a_stranger_in_the_target_is_left_alone() {
    let mut world = World::new();
    let source = world.path("conf");
    put(&source.join("file"), "saved", 0o600, 1_000);
    let options = json!({ "source": source, "artifact": "config" });
    let set = world.saved("set-1", &options);
    let restore = json!({ "artifact": "config" });
    let step = Step::new("restore", "files.restore", &restore).using(&set);
    for operations in 0.. {
        let host = DyingHost::after(operations);
        assert!(world.perform_on(&host, &step).is_err(), "never swapped");
        let note = world.path("run/steps/restore");
        if !LocalHost.list(&note).unwrap().is_empty() {
            break;
        }
    }
    fs::rename(&source, world.path("moved-away")).unwrap();
    put(&source.join("stranger"), "who", 0o600, 1_000);
    let failure = world.perform(&step).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NeedsOperator);
    assert_eq!(text(&source.join("stranger")), "who");
    assert_eq!(text(&world.path("moved-away/file")), "saved");
}
