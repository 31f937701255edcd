//! `h2.backup` and `h2.restore` on a file that the real H2 wrote.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use upgrade_kit::adapter::{Severity, registry};
use upgrade_kit::backup::{PartialSet, SealedSet, VerifyWatch};
use upgrade_kit::event::{FailureKind, Level, Outcome};
use upgrade_kit::host::store_lock;

use crate::tree_world::{DyingHost, Step, World, picture};

fn practice() -> (World, PathBuf) {
    let world = World::new();
    let file = world.path("data/domibus.mv.db");
    fs::create_dir(world.path("data")).unwrap();
    let template = "examples/quickstart/template/data/domibus.mv.db";
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(template), &file).unwrap();
    (world, file)
}

fn saved(world: &mut World, file: &Path) -> (SealedSet, Outcome) {
    let set = PartialSet::create(&world.backups(), "set-1").unwrap();
    let options = json!({ "file": file, "artifact": "database/h2" });
    let step = Step::new("copy-database", "h2.backup", &options).writing(&set);
    let outcome = world.perform(&step).unwrap();
    world.done("copy-database", &outcome);
    (world.sealed(&set), outcome)
}

#[test]
fn a_database_comes_back() {
    let (mut world, file) = practice();
    let before = picture(&file);
    let (set, outcome) = saved(&mut world, &file);
    assert_eq!(outcome.outputs["format"], 2);
    assert_eq!(outcome.outputs["bytes"], 20480);
    assert_eq!(outcome.artifacts[0].level, Level::L2);
    assert_eq!(
        outcome.artifacts[0].details["h2"],
        json!({ "format": 2, "closed": true })
    );
    let verify = |level| {
        let checks = registry::FORMAT_CHECKS;
        set.verify(level, checks, &VerifyWatch::none())
            .unwrap()
            .problems
    };
    assert_eq!(verify(Level::L2), []);
    assert_eq!(verify(Level::L3).len(), 1, "rows were not counted");

    let options = json!({ "file": file, "artifact": "database/h2" });
    for operations in 0.. {
        fs::write(&file, "what the upgrade made of it").unwrap();
        let name = format!("restore-{operations}");
        let step = Step::new(&name, "h2.restore", &options).using(&set);
        let host = DyingHost::after(operations);
        let first = world.perform_on(&host, &step);
        let finished = !host.died();
        let outcome = first.or_else(|_| world.perform(&step)).unwrap();
        assert_eq!(picture(&file), before, "after {operations}");
        let kept = outcome.outputs["replaced"].as_str().unwrap();
        assert_eq!(
            fs::read_to_string(kept).unwrap(),
            "what the upgrade made of it"
        );
        if finished {
            assert!(operations > 10);
            break;
        }
    }
}

#[test]
fn an_open_database_is_left_alone() {
    let (world, file) = practice();
    let set = PartialSet::create(&world.backups(), "set-1").unwrap();
    let options = json!({ "file": file, "artifact": "database/h2" });
    let step = Step::new("copy-database", "h2.backup", &options).writing(&set);
    let refusal = || {
        let findings = world.check(&step);
        let severities = findings.iter().map(|finding| finding.severity);
        assert_eq!(severities.collect::<Vec<_>>(), [Severity::Info]);
        let failure = world.perform(&step).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Refused);
        failure.to_string()
    };
    let held = store_lock::guard(&file).unwrap();
    assert!(refusal().starts_with(&format!("{} is locked by", file.display())));
    drop(held);
    // The old way to lock.
    let lock = world.path("data/domibus.lock.db");
    fs::write(&lock, "#FileLock").unwrap();
    assert!(refusal().ends_with(&format!("is open: there is {}", lock.display())));
}

#[test]
fn what_is_no_database_is_no_backup() {
    let (world, file) = practice();
    let set = PartialSet::create(&world.backups(), "set-1").unwrap();
    let options = json!({ "file": file, "artifact": "database/h2" });
    let step = Step::new("copy-database", "h2.backup", &options).writing(&set);
    let whole = fs::read(&file).unwrap();
    for content in [&whole[..whole.len() - 4096], b"", b"not a database"] {
        fs::write(&file, content).unwrap();
        let failure = world.perform(&step).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Verification);
        let findings = world.check(&step);
        assert_eq!(findings[0].severity, Severity::Refuse, "{findings:?}");
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(
        world.perform(&step).unwrap_err().kind(),
        FailureKind::Refused
    );
}

#[test]
fn the_option_names_a_database_file() {
    let entry = registry::find("h2.backup").unwrap();
    let options = json!({ "file": "data/domibus.db", "artifact": "database/h2" });
    let action = entry.decode(options.as_object().unwrap().clone()).unwrap();
    assert_eq!(
        action.validate(),
        [
            "`file`: `data/domibus.db` does not end in `.mv.db` or `.h2.db`",
            "`file`: `data/domibus.db` is not an absolute path"
        ]
    );
}
