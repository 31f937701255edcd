//! Trees that change while they are saved.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use upgrade_kit::adapter::registry;
use upgrade_kit::backup::{PartialSet, SealedSet, VerifyWatch};
use upgrade_kit::event::{FailureKind, Level};

use super::meddler::{Kind, Meddler};
use super::{
    FOLDERS, Swapped, everything, holds_outside, outside, patience, place_in, tree, wrong_words,
};
use crate::tree_world::{DyingHost, Step, World, picture};

type Picture = std::collections::BTreeMap<std::path::PathBuf, String>;

/// What came of a step that saved, or failed to.
struct Saved<'a> {
    world: &'a mut World,
    set: &'a PartialSet,
    top: &'a Path,
}

impl Saved<'_> {
    /// Seals what was saved and restores it elsewhere.
    fn restored(&mut self, outcome: &upgrade_kit::event::Outcome) -> std::path::PathBuf {
        self.world.done("save", outcome);
        let sealed = self.world.sealed(self.set);
        verified(&sealed);
        let elsewhere = self.world.path("elsewhere");
        let options = json!({ "artifact": "tree", "target": elsewhere });
        let step = Step::new("restore", "files.restore", &options).using(&sealed);
        self.world.perform(&step).unwrap();
        elsewhere
    }
}

#[track_caller]
fn verified(set: &SealedSet) {
    let found = set
        .verify(Level::L2, registry::FORMAT_CHECKS, &VerifyWatch::none())
        .unwrap();
    assert!(found.problems.is_empty(), "{:?}", found.problems);
}

fn options(top: &Path) -> Value {
    json!({ "source": top, "artifact": "tree" })
}

/// Every directory of the tree, its top too, at every operation, for one operation or for more.
#[test]
fn a_folder_that_is_a_link_for_a_moment_leads_nowhere_else() {
    let world = World::new();
    let top = world.path("tree");
    tree(&top);
    outside(&world.path("outside"));
    let before = picture(&top);
    let counted = DyingHost::after(u64::MAX);
    let set = PartialSet::create(&world.backups(), "count").unwrap();
    let choice = options(&top);
    let step = Step::new("save", "files.backup", &choice).writing(&set);
    world.perform_on(&counted, &step).unwrap();
    let (mut done, mut refused, mut wrong) = (0, 0, Vec::new());
    for (number, folder) in FOLDERS.iter().enumerate() {
        for at in 0..counted.spent() {
            for length in [1, 2, 3, 5, 8] {
                if !everything() && (at + number as u64) % 3 != length % 3 {
                    continue;
                }
                let mut world = World::new();
                let (top, away) = (world.path("tree"), world.path("outside"));
                tree(&top);
                outside(&away);
                let before_here = picture(&top);
                let swapped = Swapped {
                    path: place_in(&top, folder),
                    aside: world.path("aside"),
                    to: place_in(&away, folder),
                };
                let host = DyingHost::turned(at, length, move |out| swapped.turn(out));
                let set = PartialSet::create(&world.backups(), "set").unwrap();
                let choice = options(&top);
                let step = Step::new("save", "files.backup", &choice).writing(&set);
                let case = format!("`{folder}` at {at} for {length}");
                match world.perform_on(&host, &step) {
                    Ok(outcome) => {
                        done += 1;
                        let mut saved = Saved {
                            world: &mut world,
                            set: &set,
                            top: &top,
                        };
                        let restored = saved.restored(&outcome);
                        let found = picture(&restored);
                        // Swapped before the first look and put back after the last: it was a link.
                        let was_a_link = at == 0 && strange(&found, &before_here).is_none();
                        if found != before_here && !was_a_link {
                            wrong.push(format!("{case}: the set holds another tree"));
                        }
                    }
                    Err(failure) => {
                        refused += 1;
                        // For a moment the top was a link, which is refused as such.
                        let kinds = [FailureKind::Verification, FailureKind::Refused];
                        if !kinds.contains(&failure.kind()) {
                            wrong.push(format!("{case}: {:?}", failure.0));
                        }
                        let words = wrong_words(&failure, &top);
                        wrong.extend(words.map(|words| format!("{case}: {words}")));
                    }
                }
                let found = holds_outside(&world.backups());
                wrong.extend(found.map(|path| format!("{case}: {} is in the set", path.display())));
            }
        }
    }
    println!(
        "{} moments: {done} saved whole, {refused} refused",
        done + refused
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused > 20, "{refused}");
    assert_eq!(picture(&top), before);
}

/// A member that the tree never had. Where a directory was, nothing or a link may have been for the whole
/// time of a short backup, and its time may have been another.
fn strange(found: &Picture, still: &Picture) -> Option<String> {
    let is_file = |line: &str| line.starts_with("100");
    let mut members = found.iter();
    let (path, line) = members.find(|(path, line)| match still.get(*path) {
        None => true,
        Some(was) => is_file(line) && *line != was,
    })?;
    Some(format!("the set holds {}: {line}", path.display()))
}

/// Somebody works on the tree without pause.
#[test]
fn a_tree_that_never_stands_still_is_saved_whole_or_not_at_all() {
    let (mut rounds, mut whole, mut wrong) = (0_u64, 0, Vec::new());
    let begun = Instant::now();
    while begun.elapsed() < patience() {
        let mut world = World::new();
        let (top, away) = (world.path("tree"), world.path("outside"));
        tree(&top);
        outside(&away);
        let untouched = picture(&away);
        let still = picture(&top);
        let set = PartialSet::create(&world.backups(), "set").unwrap();
        let choice = options(&top);
        let step = Step::new("save", "files.backup", &choice).writing(&set);
        let kind = Kind::of_round(rounds);
        let meddler = Meddler::start(&top, &away, kind, rounds);
        let outcomes: Vec<_> = (0..10).map(|_| world.perform(&step)).collect();
        let report = meddler.stop();
        rounds += 1;
        for outcome in &outcomes {
            if let Err(failure) = outcome {
                let words = wrong_words(failure, &top);
                wrong.extend(words.map(|words| format!("{kind:?}: {words}\n{report}")));
            }
        }
        if let Some(Ok(outcome)) = outcomes.into_iter().last() {
            whole += 1;
            let mut saved = Saved {
                world: &mut world,
                set: &set,
                top: &top,
            };
            assert!(saved.top.exists());
            let restored = saved.restored(&outcome);
            if kind == Kind::Swaps {
                let strange = strange(&picture(&restored), &still);
                wrong.extend(strange.map(|member| format!("{kind:?}: {member}\n{report}")));
            }
        }
        let found = holds_outside(&world.backups());
        wrong.extend(found.map(|path| format!("{kind:?}: {} is in the set", path.display())));
        assert_eq!(picture(&away), untouched, "{report}");
    }
    println!("{rounds} rounds, {whole} of them saved whole");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The check before a run looks at an installation that works: that its files come and go is no
/// obstacle.
#[test]
fn a_check_does_not_mind_that_an_application_works() {
    let world = World::new();
    let (top, away) = (world.path("tree"), world.path("outside"));
    let choice = options(&top);
    let step = Step::new("save", "files.backup", &choice);
    for round in 0..if everything() { 2_000 } else { 60 } {
        fs::remove_dir_all(&top).ok();
        tree(&top);
        if !away.exists() {
            outside(&away);
        }
        let meddler = Meddler::start(&top, &away, Kind::Files, round);
        let findings: Vec<_> = (0..10).flat_map(|_| world.check(&step)).collect();
        let report = meddler.stop();
        let refused = findings
            .iter()
            .find(|finding| finding.severity == upgrade_kit::adapter::Severity::Refuse);
        assert!(refused.is_none(), "{refused:?}\n{report}");
    }
}

/// A journal that its broker goes on writing to is not taken for a store that stands still.
#[test]
fn a_log_that_grows_fails_the_backup_by_name() {
    let world = World::new();
    let (top, away) = (world.path("tree"), world.path("outside"));
    tree(&top);
    outside(&away);
    let set = PartialSet::create(&world.backups(), "set").unwrap();
    let choice = options(&top);
    let step = Step::new("save", "files.backup", &choice).writing(&set);
    let meddler = Meddler::start(&top, &away, Kind::Grows, 0);
    let failures: Vec<_> = (0..50).filter_map(|_| world.perform(&step).err()).collect();
    let report = meddler.stop();
    assert!(failures.len() > 10, "{} of 50\n{report}", failures.len());
    for failure in failures {
        let message = failure.to_string();
        assert!(message.contains("tree/5 changed"), "{message}");
    }
    world.perform(&step).unwrap();
}
