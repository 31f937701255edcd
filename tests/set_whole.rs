//! Sets as wholes: sealing, cuts while sealing, hostile sets, verification, the guide for people.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::{Value, json};
use upgrade_kit::adapter::Severity;
use upgrade_kit::backup::{
    BackupError, PartialSet, ProblemKind, SealedSet, SetStatus, VerifyWatch, catalogue, latest,
};
use upgrade_kit::event::{ArtifactRecord, FailureKind, Level, Outcome};
use upgrade_kit::host::{Host, LocalHost};

use crate::tree_roundtrip::{check_with_coreutils, shell};
use crate::tree_world::{Step, World, picture, put, sha256};

/// Writes a compressed dump into the set and records it as a step's outcome.
fn dump(set: &PartialSet, text: &str) -> Outcome {
    let mut writer = set.compressed("database/practice.sql.zst").unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    let written = writer.finish().unwrap();
    assert_eq!(written.content_bytes, text.len() as u64);
    let mut outcome = Outcome::default();
    outcome
        .outputs
        .insert("tool_version".into(), "mariadb-dump 10.19".into());
    outcome.artifacts.push(ArtifactRecord {
        name: "database/practice".to_owned(),
        kind: "mysql-dump".to_owned(),
        files: vec![written.file],
        source: "mysql://127.0.0.1/practice".to_owned(),
        source_bytes: written.content_bytes,
        level: Level::L3,
        details: json!({ "schema": "practice", "character_set": "utf8mb4" }),
    });
    outcome
}

const DUMP: &str = "INSERT INTO t VALUES (1);\n-- Dump completed on 2026-11-21\n";

/// A set with a tree and a dump, not sealed yet.
fn partial(world: &mut World) -> PartialSet {
    let source = world.path("conf");
    put(&source.join("domibus.properties"), "a=1\n", 0o640, 1_000);
    put(&source.join("odd\nname\\"), "odd", 0o400, 2_000);
    put(&source.join("plugins/lib/fs.jar"), "jar", 0o644, 3_000);
    let set = PartialSet::create(&world.backups(), "set-1").unwrap();
    let options = json!({ "source": source, "artifact": "config" });
    let step = Step::new("save", "files.backup", &options).writing(&set);
    let outcome = world.perform(&step).unwrap();
    world.done("save", &outcome);
    world.done("dump", &dump(&set, DUMP));
    set
}

fn whole(world: &mut World) -> SealedSet {
    let set = partial(world);
    world.sealed(&set)
}

fn problems(set: &SealedSet, level: Level) -> Vec<(ProblemKind, String)> {
    let verification = set.verify(level, &[], &VerifyWatch::none()).unwrap();
    assert_eq!(verification.is_sound(), verification.problems.is_empty());
    let problems = verification.problems.into_iter();
    problems
        .map(|problem| (problem.kind, problem.path))
        .collect()
}

#[test]
fn a_sealed_set_is_whole_private_and_told_by_the_catalogue() {
    let mut world = World::new();
    let partial = partial(&mut world);
    assert_eq!(
        catalogue(&world.backups()).unwrap()[0].status,
        SetStatus::Partial
    );
    assert!(latest(&world.backups()).unwrap().is_none());
    let set = world.sealed(&partial);
    check_with_coreutils(&set);
    assert_eq!(problems(&set, Level::L3), []);
    assert_eq!(problems(&set, Level::L4).len(), 2);
    let manifest = set.manifest();
    assert_eq!(manifest.level, Level::L3);
    assert_eq!(manifest.product, "domibus");
    assert_eq!(manifest.tools["dump"], "mariadb-dump 10.19");
    for (path, member) in picture(set.directory()) {
        let private = member.starts_with("40700 ") || member.starts_with("100600 ");
        assert!(private, "{}: {member}", path.display());
    }
    assert_eq!(latest(&world.backups()).unwrap().unwrap().id(), "set-1");
    assert!(matches!(
        PartialSet::create(&world.backups(), "set-1"),
        Err(BackupError::Exists { .. })
    ));
}

/// Cut at any point of sealing, sealing again ends with the same set; what nobody claims is removed.
#[test]
fn sealing_again_finishes_a_cut_seal() {
    let options = json!({ "required": ["config", "database/practice"] });
    for cut in ["", "manifest.json", "SHA256SUMS", "sealed"] {
        let mut world = World::new();
        let set = partial(&mut world);
        let seal = Step::new("seal", "backupset.seal", &options).writing(&set);
        set.file("config/leftover")
            .unwrap()
            .write_all(b"half")
            .unwrap();
        if cut == "sealed" {
            world.perform(&seal).unwrap();
            let again = PartialSet::open(&world.backups(), "set-1").unwrap();
            assert!(again.is_sealed());
            assert!(again.file("late").is_err());
            let seal = Step::new("seal", "backupset.seal", &options).writing(&again);
            world.perform(&seal).unwrap();
        } else {
            if !cut.is_empty() {
                set.file(cut).unwrap().write_all(b"{ half").unwrap();
            }
            let outcome = world.perform(&seal).unwrap();
            assert!(
                outcome.warnings[0].ends_with("config/leftover"),
                "{outcome:?}"
            );
        }
        let set = SealedSet::open(&world.backups(), "set-1").unwrap();
        assert_eq!(problems(&set, Level::L3), [], "cut at {cut}");
        assert_eq!(LocalHost.list(&world.backups()).unwrap(), ["set-1"]);
    }
}

/// A sync that failed is not believed the next time: every byte is read, compared and written again.
#[test]
fn what_an_earlier_seal_could_not_sync_is_read_again() {
    let mut world = World::new();
    let set = partial(&mut world);
    set.file("SHA256SUMS").unwrap().write_all(b"all").unwrap();
    put(
        &set.directory().join("config/content/domibus.properties"),
        "a=2\n",
        0o600,
        1_000,
    );
    let options = json!({});
    let seal = Step::new("seal", "backupset.seal", &options).writing(&set);
    let failure = world.perform(&seal).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::DamagedSet);
    assert!(
        failure.to_string().contains("domibus.properties"),
        "{failure}"
    );
}

#[test]
fn a_set_without_a_required_or_recorded_file_is_not_sealed() {
    let mut world = World::new();
    let set = partial(&mut world);
    let options = json!({ "required": ["jms"] });
    let seal = Step::new("seal", "backupset.seal", &options).writing(&set);
    let failure = world.perform(&seal).unwrap_err();
    assert_eq!(failure.to_string(), "the set has no artifact `jms`");
    fs::remove_file(set.directory().join("config/content/domibus.properties")).unwrap();
    let options = json!({});
    let seal = Step::new("seal", "backupset.seal", &options).writing(&set);
    let failure = world.perform(&seal).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::DamagedSet);
    assert!(
        failure
            .to_string()
            .contains("`config/content/domibus.properties` is missing")
    );
}

/// Every kind of damage is found, at the level that promises to find it, all at once.
#[test]
fn verification_finds_every_damage() {
    let cases: &[(&str, Level, ProblemKind, &str)] = &[
        (
            "rm config/content/domibus.properties",
            Level::L0,
            ProblemKind::Missing,
            "config/content/domibus.properties",
        ),
        (
            "touch config/new",
            Level::L0,
            ProblemKind::Extra,
            "config/new",
        ),
        (
            "echo >> config/content/domibus.properties",
            Level::L0,
            ProblemKind::Size,
            "config/content/domibus.properties",
        ),
        (
            "printf a=2 | dd of=config/content/domibus.properties conv=notrunc status=none",
            Level::L1,
            ProblemKind::Hash,
            "config/content/domibus.properties",
        ),
        (
            "cd config/content && mv domibus.properties x && ln -s x domibus.properties",
            Level::L0,
            ProblemKind::Forbidden,
            "config/content/domibus.properties",
        ),
        (
            "ln config/content/domibus.properties ../other",
            Level::L0,
            ProblemKind::Forbidden,
            "config/content/domibus.properties",
        ),
        (
            "mkfifo config/pipe",
            Level::L0,
            ProblemKind::Forbidden,
            "config/pipe",
        ),
        (
            "echo >> RESTORE.md",
            Level::L1,
            ProblemKind::Hash,
            "RESTORE.md",
        ),
        (
            "sed -i s/same-server/new-server/ manifest.json",
            Level::L1,
            ProblemKind::Hash,
            "manifest.json",
        ),
        (
            "sed -i 2d SHA256SUMS",
            Level::L0,
            ProblemKind::Record,
            "manifest.json",
        ),
        (
            "rm SHA256SUMS",
            Level::L0,
            ProblemKind::Record,
            "SHA256SUMS",
        ),
        (
            "sed -i s/jar/rar/ config/tree.jsonl",
            Level::L0,
            ProblemKind::Record,
            "config",
        ),
    ];
    for (damage, level, kind, path) in cases {
        let mut world = World::new();
        let set = whole(&mut world);
        shell(set.directory(), damage);
        let set = SealedSet::open(&world.backups(), "set-1").unwrap();
        let found = problems(&set, *level);
        let expected = (*kind, (*path).to_owned());
        assert!(found.contains(&expected), "{damage}: {found:?}");
        if *level > Level::L0 {
            assert_eq!(problems(&set, Level::L0), [], "{damage}");
        }
        let options = json!({});
        let step = Step::new("verify", "backupset.verify", &options).using(&set);
        let failure = world.perform(&step).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::DamagedSet, "{damage}");
        assert!(
            failure.0.causes.iter().any(|cause| cause.starts_with(path)),
            "{failure:?}"
        );
    }
}

/// A dump that was cut before it was hashed has good hashes and is still no dump.
#[test]
fn a_cut_dump_is_found_by_its_format() {
    let mut world = World::new();
    let set = PartialSet::create(&world.backups(), "set-1").unwrap();
    world.done(
        "dump",
        &dump(&set, "INSERT INTO t VALUES (1);\n-- Dump compl"),
    );
    let set = world.sealed(&set);
    assert_eq!(problems(&set, Level::L1), []);
    assert_eq!(
        problems(&set, Level::L2),
        [(ProblemKind::Format, "database/practice".to_owned())]
    );
}

/// Rewrites the manifest (and its line in SHA256SUMS, as somebody who means harm would).
fn edit(set: &SealedSet, change: impl FnOnce(&mut Value)) {
    let path = set.directory().join("manifest.json");
    let before = fs::read(&path).unwrap();
    let mut manifest: Value = serde_json::from_slice(&before).unwrap();
    change(&mut manifest);
    let after = serde_json::to_vec(&manifest).unwrap();
    fs::write(&path, &after).unwrap();
    let sums = set.directory().join("SHA256SUMS");
    let text = fs::read_to_string(&sums).unwrap();
    fs::write(&sums, text.replace(&sha256(&before), &sha256(&after))).unwrap();
}

#[test]
fn records_that_lead_out_of_the_set_are_refused() {
    let paths = [
        "../secret",
        "/etc/passwd",
        "config/../../x",
        "",
        ".",
        "a//b",
        "config/./x",
    ];
    for path in paths {
        let mut world = World::new();
        let set = whole(&mut world);
        edit(&set, |manifest| {
            manifest["artifacts"][0]["files"][0]["path"] = path.into();
        });
        let error = SealedSet::open(&world.backups(), "set-1").unwrap_err();
        assert!(
            matches!(error, BackupError::Damaged { .. }),
            "{path}: {error}"
        );
        let entry = &catalogue(&world.backups()).unwrap()[0];
        assert!(matches!(entry.status, SetStatus::Damaged(_)), "{path}");
    }
}

#[test]
fn odd_manifests_are_refused() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 5] = [
        (|manifest| manifest["format"] = 2.into(), "has format 2"),
        (
            |manifest| manifest["set"] = "other".into(),
            "says that it is the set `other`",
        ),
        (
            |manifest| manifest["artifacts"][1]["name"] = "config".into(),
            "are named `config`",
        ),
        (
            |manifest| {
                manifest["artifacts"][1]["files"] = manifest["artifacts"][0]["files"].clone();
            },
            "is recorded twice",
        ),
        (
            |manifest| manifest["artifacts"] = 1.into(),
            "cannot be read",
        ),
    ];
    for (change, expected) in cases {
        let mut world = World::new();
        let set = whole(&mut world);
        edit(&set, change);
        let error = SealedSet::open(&world.backups(), "set-1").unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let mut world = World::new();
    let set = whole(&mut world);
    edit(&set, |manifest| {
        manifest["added-later"] = json!({ "x": 1 });
        manifest["artifacts"][0]["added-later"] = 1.into();
    });
    let set = SealedSet::open(&world.backups(), "set-1").unwrap();
    assert_eq!(problems(&set, Level::L3), []);
}

/// No file outside of the set is read, whatever links a hostile set holds.
#[test]
fn links_in_a_set_are_never_followed() {
    let mut world = World::new();
    let set = whole(&mut world);
    put(
        &world.path("outside/domibus.properties"),
        "a=1\n",
        0o640,
        1_000,
    );
    let file = set.artifact("config").unwrap().files[0].clone();
    let stolen = upgrade_kit::event::ArtifactFile {
        path: "config/content/domibus.properties".to_owned(),
        bytes: 4,
        sha256: sha256(b"a=1\n"),
    };
    let mut text = String::new();
    set.reader(&stolen)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "a=1\n");
    let stored = set.directory().join(&stolen.path);
    fs::hard_link(&stored, world.path("other-name")).unwrap();
    assert!(set.reader(&stolen).is_err());
    fs::remove_file(world.path("other-name")).unwrap();
    assert!(set.reader(&stolen).is_ok());
    fs::remove_dir_all(set.directory().join("config/content")).unwrap();
    symlink(
        world.path("outside"),
        set.directory().join("config/content"),
    )
    .unwrap();
    assert!(set.reader(&stolen).is_err());
    let index = set.directory().join("config/tree.jsonl");
    fs::rename(&index, world.path("outside/tree.jsonl")).unwrap();
    symlink(world.path("outside/tree.jsonl"), &index).unwrap();
    assert!(set.reader(&file).is_err());
    fs::remove_file(&index).unwrap();
    fs::create_dir(&index).unwrap();
    assert!(set.reader(&file).is_err());
    symlink(set.directory(), world.backups().join("linked")).unwrap();
    assert!(SealedSet::open(&world.backups(), "linked").is_err());
}

/// A tree's index that would make a restore write through a link of its own is never sealed, even if
/// every hash fits. (What becomes of one in a sealed set: `hostile`.)
#[test]
fn an_index_that_leads_astray_is_refused() {
    let mut world = World::new();
    fs::create_dir(world.path("victim")).unwrap();
    let set = PartialSet::create(&world.backups(), "set-1").unwrap();
    let mut lines = String::new();
    let member = |path: &str, kind: &str, rest: Value| {
        let mut member = json!({ "path": path, "kind": kind, "mode": 493, "uid": 0, "gid": 0,
            "mtime": [0, 0] });
        member
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        member.to_string() + "\n"
    };
    lines += &member(".", "directory", json!({}));
    lines += &member("link", "symlink", json!({ "target": world.path("victim") }));
    let content = json!({ "bytes": 1, "sha256": sha256(b"x") });
    lines += &member("link/file", "file", content);
    let write = |path: &str, text: &str| {
        let mut writer = set.file(path).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap()
    };
    let index = write("config/tree.jsonl", &lines);
    write("config/content/link/file", "x");
    let mut outcome = Outcome::default();
    outcome.artifacts.push(ArtifactRecord {
        name: "config".to_owned(),
        kind: "tree".to_owned(),
        files: vec![index],
        source: world.path("conf").display().to_string(),
        source_bytes: 1,
        level: Level::L3,
        details: json!({ "index": "config/tree.jsonl" }),
    });
    world.done("save", &outcome);
    let options = json!({ "required": ["config"] });
    let seal = Step::new("seal", "backupset.seal", &options).writing(&set);
    let failure = world.perform(&seal).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::DamagedSet);
    assert!(failure.to_string().contains("`link/file`"), "{failure}");
    assert!(LocalHost.list(&world.path("victim")).unwrap().is_empty());
}

/// A restore from a set with one wrong byte fails, and what is there stays untouched.
#[test]
fn a_restore_from_a_damaged_set_changes_nothing() {
    let mut world = World::new();
    let set = whole(&mut world);
    let before = picture(&world.path("conf"));
    shell(
        set.directory(),
        "printf rar > config/content/plugins/lib/fs.jar",
    );
    let options = json!({ "artifact": "config" });
    let step = Step::new("restore", "files.restore", &options).using(&set);
    let failure = world.perform(&step).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::DamagedSet);
    assert!(
        failure.to_string().contains("fs.jar is damaged"),
        "{failure}"
    );
    assert_eq!(picture(&world.path("conf")), before);
}

#[test]
fn an_installation_that_changed_since_the_set_is_noticed() {
    let mut world = World::new();
    let set = whole(&mut world);
    let options = json!({ "ignore": [world.path("conf/logs")] });
    let step = Step::new("current", "backupset.check-current", &options).using(&set);
    world.perform(&step).unwrap();
    assert!(world.check(&step).is_empty());
    let jar = world.path("conf/plugins/lib/fs.jar");
    put(&jar, "JAR", 0o644, 3_001);
    let failure = world.perform(&step).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    let expected = format!(
        "config: {} is not as it should be: its time differs",
        jar.display()
    );
    assert_eq!(failure.0.causes, [expected]);
    assert_eq!(
        failure.0.hint.as_deref(),
        Some("take a new backup, and use that")
    );
    assert_eq!(world.check(&step)[0].severity, Severity::Refuse);
}

/// The commands of RESTORE.md, taken from the file as a person would, restore the tree to an empty
/// place: they are run as they stand.
#[test]
fn the_guide_restores_a_tree() {
    let mut world = World::new();
    let set = whole(&mut world);
    let conf = world.path("conf");
    let before = picture(&conf);
    let guide = fs::read_to_string(set.directory().join("RESTORE.md")).unwrap();
    let blocks = commands(&guide);
    let check = blocks
        .iter()
        .find(|block| block.contains("SHA256SUMS"))
        .unwrap();
    assert_eq!(shell(set.directory(), check), "whole\n");
    let restore = blocks
        .iter()
        .find(|block| block.contains("'config/"))
        .unwrap();
    put(&conf.join("added"), "x", 0o600, 1);
    shell(set.directory(), restore);
    assert_eq!(picture(&conf), before);
    assert!(world.path("conf.before-restore/added").exists());
    let dump = blocks
        .iter()
        .find(|block| block.contains("mysql "))
        .unwrap();
    let stand_in = "mysql() { case \"$*\" in *-e*) echo \"$*\";; *) cat;; esac; }\n";
    let output = shell(set.directory(), &format!("{stand_in}{dump}"));
    let expected = "-e DROP DATABASE IF EXISTS `practice`; \
        CREATE DATABASE `practice` CHARACTER SET utf8mb4\n";
    if which("zstd") {
        assert_eq!(output, format!("{expected}{DUMP}"));
    } else {
        assert!(output.starts_with(expected), "{output}");
    }
}

fn which(program: &str) -> bool {
    LocalHost.find_program(program).is_some()
}

/// The shell blocks of a guide.
fn commands(guide: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut rest = guide;
    while let Some((_, after)) = rest.split_once("```sh\n") {
        let (block, after) = after.split_once("\n```").unwrap();
        blocks.push(block.to_owned());
        rest = after;
    }
    blocks
}

#[test]
fn a_set_is_written_into_private_directories_only() {
    let world = World::new();
    let set = PartialSet::create(&world.backups(), "set-1").unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&world.backups()), 0o700);
    for path in ["../x", "/x", "a/../x", "a//x", "", "a/.", "\\x2e"] {
        assert!(
            matches!(set.file(path), Err(BackupError::Path { .. })),
            "{path}"
        );
        assert!(set.discard(path).is_err(), "{path}");
    }
    set.file("a/b").unwrap().write_all(b"first").unwrap();
    let mut writer = set.file("a/b").unwrap();
    writer.write_all(b"second").unwrap();
    assert_eq!(writer.finish().unwrap().bytes, 6);
    symlink(world.path("run"), set.directory().join("evil")).unwrap();
    assert!(set.file("evil/x").is_err());
    set.discard("evil").unwrap();
    assert!(world.path("run/plan.json").exists());
    set.discard("a").unwrap();
    set.discard("a").unwrap();
    assert!(LocalHost.list(set.directory()).unwrap().is_empty());
    for id in ["../x", "", ".x", "a/b", "x.partial", "-x"] {
        assert!(PartialSet::create(&world.backups(), id).is_err(), "{id}");
    }
}
