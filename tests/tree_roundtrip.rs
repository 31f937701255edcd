//! Whatever a tree holds, it comes back: generated trees, and kills at every operation.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::json;
use upgrade_kit::backup::{SealedSet, VerifyWatch};
use upgrade_kit::event::Level;
use upgrade_kit::host::{Attributes, Host, LocalHost};

use crate::tree_world::{DyingHost, Step, World, picture, put, settle};

/// A member to make.
#[derive(Debug, Clone)]
enum Thing {
    File(Vec<u8>, u32),
    Sparse(Vec<(u16, u8)>, u32),
    Directory(u32, Vec<(Vec<u8>, Thing)>),
    Link(Vec<u8>),
    /// Another name for the file made last.
    Again,
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        8 => prop::sample::select(b"abcXYZ019._".to_vec()),
        2 => prop::sample::select(b"-\n\r\t\\ '\"$`*?\x01\x7f\xff\xc3\x28~#!&;|<>()".to_vec()),
    ];
    prop::collection::vec(byte, 1..12)
        .prop_filter("not a name", |name| name != b"." && name != b"..")
}

fn thing() -> impl Strategy<Value = Thing> {
    let content = prop_oneof![
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 1..200),
        (1_usize..40_000).prop_map(|length| vec![b'x'; length]),
    ];
    let mode = prop::sample::select(vec![0o644, 0o600, 0o755, 0o444, 0o4755, 0o000, 0o1666]);
    let leaf = prop_oneof![
        6 => (content, mode.clone()).prop_map(|(content, mode)| Thing::File(content, mode)),
        1 => (prop::collection::vec((any::<u16>(), any::<u8>()), 0..4), mode)
            .prop_map(|(parts, mode)| Thing::Sparse(parts, mode)),
        2 => prop::collection::vec(1_u8..=255, 1..40).prop_map(Thing::Link),
        1 => Just(Thing::Again),
    ];
    let directory_mode = prop::sample::select(vec![0o755, 0o700, 0o555, 0o2775, 0o1777, 0o500]);
    leaf.prop_recursive(3, 30, 6, move |inner| {
        let members = prop::collection::vec((name(), inner), 0..6);
        (directory_mode.clone(), members)
            .prop_map(|(mode, members)| Thing::Directory(mode, members))
    })
}

fn tree() -> impl Strategy<Value = Thing> {
    prop_oneof![
        9 => prop::collection::vec((name(), thing()), 0..8)
            .prop_map(|members| Thing::Directory(0o750, members)),
        1 => prop::collection::vec(any::<u8>(), 0..100)
            .prop_map(|content| Thing::File(content, 0o640)),
    ]
}

/// Makes a thing; what cannot be made (a name that is taken) is left out.
fn make(path: &Path, thing: &Thing, last: &mut Option<PathBuf>, clock: &mut i64) {
    if path.symlink_metadata().is_ok() {
        return;
    }
    *clock += 86_399;
    let mut mode = None;
    match thing {
        Thing::File(content, bits) => {
            fs::write(path, content).unwrap();
            *last = Some(path.to_owned());
            mode = Some(*bits);
        }
        Thing::Sparse(parts, bits) => {
            use std::os::unix::fs::FileExt;
            let file = File::create(path).unwrap();
            file.set_len(700_000).unwrap();
            for (at, byte) in parts {
                file.write_all_at(&[*byte], u64::from(*at) * 10).unwrap();
            }
            mode = Some(*bits);
        }
        Thing::Directory(bits, members) => {
            fs::create_dir(path).unwrap();
            for (name, member) in members {
                let inner = path.join(OsString::from_vec(name.clone()));
                make(&inner, member, last, clock);
            }
            mode = Some(*bits);
        }
        Thing::Link(target) => symlink(OsString::from_vec(target.clone()), path).unwrap(),
        Thing::Again => match last {
            Some(first) => return fs::hard_link(first, path).unwrap(),
            None => return,
        },
    }
    let mtime = Some((
        *clock - 40_000_000,
        (*clock % 1_000_000_000).unsigned_abs() as u32,
    ));
    let owner = (*clock % 2 == 0 && rustix::process::geteuid().is_root()).then_some((1234, 4321));
    let attributes = Attributes { mode, owner, mtime };
    LocalHost.set_attributes(path, &attributes).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Save, damage, restore: equal in every attribute. The set is whole by its own judgement and by
    /// that of `sha256sum`, and its script restores the same tree without the program.
    #[test]
    fn a_tree_comes_back(tree in tree()) {
        let mut world = World::new();
        let source = world.path("installation");
        make(&source, &tree, &mut None, &mut 0);
        let before = picture(&source);
        let set = world.saved("set-1", &json!({ "source": source, "artifact": "config" }));
        prop_assert_eq!(&before, &picture(&source));

        let verification = set.verify(Level::L3, &[], &VerifyWatch::none()).unwrap();
        prop_assert!(verification.is_sound(), "{:?}", verification.problems);
        check_with_coreutils(&set);
        let by_hand = world.path("by-hand");
        restore_by_hand(&set, "config", &by_hand);
        prop_assert_eq!(&before, &picture(&by_hand));

        LocalHost.remove_tree(&source).unwrap();
        put(&source.join("damage"), "other", 0o600, 5);
        let options = json!({ "artifact": "config" });
        let restore = Step::new("restore", "files.restore", &options).using(&set);
        let outcome = world.perform(&restore).unwrap();
        prop_assert_eq!(&before, &picture(&source));
        let kept = PathBuf::from(outcome.outputs["replaced"].as_str().unwrap());
        prop_assert_eq!(fs::read_to_string(kept.join("damage")).unwrap(), "other");
    }
}

/// `sha256sum -c` reads every line and finds every file.
pub(crate) fn check_with_coreutils(set: &SealedSet) {
    let script = "sha256sum --strict --quiet -c SHA256SUMS 2>&1 && \
        test \"$(find . -type f ! -name SHA256SUMS -print0 | tr -dc '\\0' | wc -c)\" = \
        \"$(wc -l < SHA256SUMS)\"";
    let output = shell(set.directory(), script);
    assert!(output.is_empty(), "{output}");
}

/// What a person does who follows RESTORE.md for one tree.
fn restore_by_hand(set: &SealedSet, artifact: &str, target: &Path) {
    let script = format!(
        "sh '{artifact}/restore-attributes.sh' '{}'",
        target.display()
    );
    let output = shell(set.directory(), &script);
    assert!(output.is_empty(), "{output}");
}

pub(crate) fn shell(directory: &Path, script: &str) -> String {
    use upgrade_kit::host::{Control, Invocation, Masker, Streams};
    let mut invocation = Invocation::new("sh").arg("-c").arg(script);
    invocation.directory = Some(directory.to_owned());
    let control = Control::unattended(Masker::default());
    let exit = LocalHost
        .run(&invocation, Streams::captured(), &control)
        .unwrap();
    let output = format!("{}{}", exit.stdout.text(), exit.stderr.text());
    assert!(exit.success(), "{script}: {}: {output}", exit.status);
    output
}

/// A tree with one of everything.
fn small_tree(top: &Path) {
    put(&top.join("domibus.properties"), "a=1\n", 0o640, 1_000);
    put(&top.join("plugins/lib/ws.jar"), "jar", 0o644, 2_000);
    put(&top.join("logs/domibus.log"), "log", 0o644, 3_000);
    put(&top.join("ro/read-only"), "ro", 0o444, 4_000);
    fs::hard_link(top.join("plugins/lib/ws.jar"), top.join("ro/same.jar")).unwrap();
    symlink("nowhere", top.join("dangling")).unwrap();
    symlink(".", top.join("itself")).unwrap();
    fs::create_dir(top.join("empty")).unwrap();
    let sparse = File::create(top.join("sparse")).unwrap();
    sparse.set_len(1 << 20).unwrap();
    for (folder, mode) in [
        ("plugins/lib", 0o755),
        ("logs", 0o755),
        ("ro", 0o555),
        ("", 0o750),
    ] {
        settle(&top.join(folder), mode, 9_000);
    }
}

/// Killed at every single operation, then run again: the same as if never killed. What was to stay
/// stays, and what was replaced is kept whole.
#[test]
fn a_restore_survives_a_kill_at_every_operation() {
    kill_a_restore_everywhere(DyingHost::after, false);
}

#[test]
fn a_restore_without_exchange_survives_a_kill_at_every_operation() {
    let host = |operations| DyingHost::after(operations).without_exchange();
    kill_a_restore_everywhere(host, true);
}

/// `gap`: whether there may be a moment in which nothing stands at the target.
fn kill_a_restore_everywhere(host: impl Fn(u64) -> DyingHost, gap: bool) {
    let mut world = World::new();
    let source = world.path("installation");
    small_tree(&source);
    let options = json!({ "source": source, "artifact": "config", "exclude": ["logs"] });
    let set = world.saved("set-1", &options);
    let mut expected = picture(&source);

    let restore = json!({ "artifact": "config" });
    let mut kills = 0;
    for operations in 0.. {
        // The present state: other files, and logs that have grown.
        LocalHost.remove_tree(&source).unwrap();
        put(&source.join("new-version/file"), "new", 0o644, 7_000);
        put(&source.join("logs/domibus.log"), "log log", 0o644, 8_000);
        settle(&source.join("logs"), 0o755, 8_000);
        let logs = picture(&source.join("logs"));
        let name = format!("restore-{operations}");
        let step = Step::new(&name, "files.restore", &restore).using(&set);
        let host = host(operations);
        let first = world.perform_on(&host, &step);
        if !host.died() {
            first.unwrap();
            break;
        }
        kills += 1;
        let outcome = first.unwrap_or_else(|_| {
            let whole = source.join("domibus.properties").exists();
            let old = source.join("new-version/file").exists();
            let absent = gap && !source.exists();
            assert!(
                whole != old || absent,
                "after {operations}: neither old nor new"
            );
            world.perform(&step).unwrap()
        });
        let mut found = picture(&source);
        assert_eq!(picture(&source.join("logs")), logs, "after {operations}");
        for members in [&mut found, &mut expected] {
            members.retain(|path, _| !path.starts_with("logs"));
        }
        assert_eq!(found, expected, "after {operations}");
        let kept = PathBuf::from(outcome.outputs["replaced"].as_str().unwrap());
        assert_eq!(
            fs::read_to_string(kept.join("new-version/file")).unwrap(),
            "new"
        );
        let discard = json!({ "targets": [source] });
        world
            .perform(&Step::new("discard", "files.discard", &discard))
            .unwrap();
        let names = LocalHost.list(world.directory.path()).unwrap();
        assert_eq!(
            names,
            ["backups", "installation", "run"],
            "after {operations}"
        );
    }
    assert!(kills > 60, "only {kills} kills");
}

/// The directories above a target that is put where nothing was are there whole, with owner and mode, or
/// not at all: nobody could tell a half-made one from the operator's own.
#[test]
fn directories_above_a_new_place_survive_a_kill_at_every_operation() {
    let mut world = World::new();
    let source = world.path("installation");
    small_tree(&source);
    let set = world.saved("set-1", &json!({ "source": source, "artifact": "config" }));
    let new = world.path("new");
    let restore =
        json!({ "artifact": "config", "target": new.join("above/target"), "parents": true });
    let mut kills = 0;
    for operations in 0.. {
        LocalHost.remove_tree(&new).unwrap();
        let name = format!("restore-{operations}");
        let step = Step::new(&name, "files.restore", &restore).using(&set);
        let host = DyingHost::after(operations);
        let first = world.perform_on(&host, &step);
        if host.died() {
            kills += 1;
            assert_eq!(
                new.exists(),
                new.join("above").exists(),
                "after {operations}"
            );
            first.or_else(|_| world.perform(&step)).unwrap();
        } else {
            first.unwrap();
        }
        let above = new.join("above").metadata().unwrap();
        let like = world.directory.path().metadata().unwrap();
        let (mode, owner) = (above.mode(), above.uid());
        assert_eq!(
            (mode, owner),
            (like.mode(), like.uid()),
            "after {operations}"
        );
        let same = picture(&new.join("above/target")) == picture(&source);
        assert!(same, "after {operations}");
        let names = LocalHost.list(world.directory.path()).unwrap();
        assert_eq!(names, ["backups", "installation", "new", "run"]);
        if !host.died() {
            break;
        }
    }
    assert!(kills > 30, "only {kills} kills");
}

/// The same for a backup: a killed attempt leaves nothing in the set that the next one seals.
#[test]
fn a_backup_survives_a_kill_at_every_operation() {
    let mut kills = 0;
    for operations in 0.. {
        let mut world = World::new();
        let source = world.path("installation");
        small_tree(&source);
        let set = upgrade_kit::backup::PartialSet::create(&world.backups(), "set-1").unwrap();
        let options = json!({ "source": source, "artifact": "config" });
        let step = Step::new("save", "files.backup", &options).writing(&set);
        let host = DyingHost::after(operations);
        let first = world.perform_on(&host, &step);
        if !host.died() {
            first.unwrap();
            break;
        }
        kills += 1;
        let outcome = world.perform(&step).unwrap();
        world.done("save", &outcome);
        let set = world.sealed(&set);
        let verification = set.verify(Level::L3, &[], &VerifyWatch::none()).unwrap();
        assert!(verification.is_sound(), "{:?}", verification.problems);
    }
    assert!(kills > 10, "only {kills} kills");
}

/// Holes stay holes, in the set and after the restore.
#[test]
fn sparse_files_stay_sparse() {
    let mut world = World::new();
    let source = world.path("journal");
    let file = File::create(&source).unwrap();
    file.set_len(64 << 20).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"middle", 32 << 20).unwrap();
    let set = world.saved("set-1", &json!({ "source": source, "artifact": "jms" }));
    let before = picture(&source);
    let stored = set.directory().join("jms/content").metadata().unwrap();
    assert_eq!(stored.size(), 64 << 20);
    assert!(
        stored.blocks() * 512 < 1 << 20,
        "{} blocks",
        stored.blocks()
    );
    fs::remove_file(&source).unwrap();
    let options = json!({ "artifact": "jms" });
    world
        .perform(&Step::new("restore", "files.restore", &options).using(&set))
        .unwrap();
    assert_eq!(picture(&source), before);
    assert!(source.metadata().unwrap().blocks() * 512 < 1 << 20);
}
