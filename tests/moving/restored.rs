//! Trees that change while they are restored, and places that become others.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, ResolveFlags, openat2, readlinkat, renameat, symlinkat, unlinkat,
};
use serde_json::json;
use upgrade_kit::backup::SealedSet;

use super::{Swapped, everything, outside, patience, place_in, tree, wrong_words};
use crate::proof::random::Random;
use crate::tree_world::{DyingHost, Step, World, picture};

/// Where somebody puts a link.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In the place of the target.
    Target,
    /// In that of a directory inside of it.
    Inside,
    /// Of the tree that is being built.
    Built,
    /// Of a directory of that.
    InsideBuilt(&'static str),
    /// Of the directory above.
    Above,
}

const PLACES: &[Place] = &[
    Place::Target,
    Place::Inside,
    Place::Built,
    Place::InsideBuilt("a"),
    Place::InsideBuilt("a/b"),
    Place::Above,
];

impl Place {
    fn path(self, target: &Path) -> Option<(PathBuf, &'static str)> {
        let above = target.parent().unwrap();
        let built = || {
            let names = fs::read_dir(above).ok()?.flatten();
            let mut names = names.map(|entry| entry.path());
            names.find(|path| path.to_string_lossy().contains(".upgrade-kit-new-"))
        };
        match self {
            Self::Target => Some((target.to_owned(), "")),
            Self::Inside => Some((target.join("a"), "a")),
            Self::Built => Some((built()?, "")),
            Self::InsideBuilt(inner) => Some((built()?.join(inner), inner)),
            Self::Above => Some((above.to_owned(), "")),
        }
    }
}

/// A world with a set, and a target that something of a later version stands at.
fn world() -> (World, SealedSet, PathBuf) {
    let mut world = World::new();
    let top = world.path("tree");
    tree(&top);
    let set = world.saved("set", &json!({ "source": top, "artifact": "tree" }));
    let target = world.path("place/target");
    fs::create_dir(world.path("place")).unwrap();
    tree(&target);
    fs::write(target.join("a/1"), "of a later version").unwrap();
    fs::create_dir(target.join("c/kept")).unwrap();
    fs::write(target.join("c/kept/data"), "kept").unwrap();
    let away = world.path("outside");
    outside(&away);
    fs::create_dir(away.join("c/kept")).unwrap();
    fs::write(away.join("c/kept/data"), "not ours").unwrap();
    (world, set, target)
}

fn restore(target: &Path) -> serde_json::Value {
    json!({ "artifact": "tree", "target": target, "keep": ["c/kept"] })
}

/// Every place at every operation: what is outside stays as it is, and the next attempt puts everything
/// right, or a person is asked.
#[test]
fn a_place_that_is_a_link_for_a_moment_is_not_written_through() {
    let (counting, set, target) = world();
    let host = DyingHost::after(u64::MAX);
    let choice = restore(&target);
    let step = Step::new("restore", "files.restore", &choice).using(&set);
    counting.perform_on(&host, &step).unwrap();
    let (mut done, mut refused, mut wrong) = (0, 0, Vec::new());
    for (number, &place) in PLACES.iter().enumerate() {
        for at in 0..host.spent() {
            for length in [1, 4, 1_000] {
                if !everything() && (at + number as u64) % 5 != length % 5 {
                    continue;
                }
                let case = format!("{place:?} at {at} for {length}");
                match one(place, at, length) {
                    Ok(true) => done += 1,
                    Ok(false) => refused += 1,
                    Err(problem) => wrong.push(format!("{case}: {problem}")),
                }
            }
        }
    }
    println!(
        "{} moments: {done} restored, {refused} refused",
        done + refused
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused > 20, "{refused}");
}

/// Whether the first attempt came to its end.
fn one(place: Place, at: u64, length: u64) -> Result<bool, String> {
    let (world, set, target) = world();
    let away = world.path("outside");
    let untouched = picture(&away);
    let (to, aside, at_target) = (away.clone(), world.path("aside"), target.clone());
    let mut swapped: Option<Swapped> = None;
    let turn = move |out: bool| {
        if out {
            swapped = place.path(&at_target).map(|(path, inner)| Swapped {
                path,
                aside: aside.clone(),
                to: place_in(&to, inner),
            });
        }
        if let Some(swapped) = &swapped
            && (swapped.path.exists() || swapped.path.is_symlink())
        {
            swapped.turn(out);
        }
    };
    let turn = Arc::new(std::sync::Mutex::new(turn));
    let shared = Arc::clone(&turn);
    let host = DyingHost::turned(at, length, move |out| (shared.lock().unwrap())(out));
    let choice = restore(&target);
    let step = Step::new("restore", "files.restore", &choice).using(&set);
    let first = world.perform_on(&host, &step);
    if picture(&away) != untouched {
        return Err(format!("what is outside was changed: {first:?}"));
    }
    if let Err(failure) = &first
        && let Some(words) = wrong_words(failure, &target)
    {
        return Err(words);
    }
    // A person puts the name back, and the run is resumed.
    (turn.lock().unwrap())(false);
    let again = world.perform(&step);
    if picture(&away) != untouched {
        return Err(format!("resumed, what is outside was changed: {again:?}"));
    }
    match again {
        Err(failure) => match wrong_words(&failure, &target) {
            None => Ok(false),
            Some(words) => Err(format!("resumed: {words}")),
        },
        Ok(_) => {
            let mut restored = picture(&target);
            let kept: Vec<_> = restored
                .keys()
                .filter(|path| path.starts_with("c/kept"))
                .cloned()
                .collect();
            for path in &kept {
                restored.remove(path);
            }
            if restored != picture(&world.path("tree")) {
                return Err("resumed, it is another tree".to_owned());
            }
            if kept.len() != 2 {
                return Err(format!("resumed, what was to stay is {kept:?}"));
            }
            Ok(first.is_ok())
        }
    }
}

/// The directory that a path lies in, held open; no part of its path may be a link.
fn folder_of(path: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = path.parent().unwrap();
    openat2(CWD, folder, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
}

/// Somebody swaps all of these places without pause while the real host restores.
#[test]
fn a_place_that_never_stands_still_is_not_written_through() {
    let (mut rounds, mut done, mut swaps) = (0_u64, 0, 0);
    let begun = Instant::now();
    while begun.elapsed() < patience() {
        let (world, set, target) = world();
        let away = world.path("outside");
        let untouched = picture(&away);
        let stop = Arc::new(AtomicBool::new(false));
        let (until, aside, to) = (Arc::clone(&stop), world.path("aside"), away.clone());
        let mut random = Random::of("moving", rounds);
        let place = target.clone();
        let thread = std::thread::spawn(move || {
            let mut swapped = 0;
            while !until.load(Ordering::Relaxed) {
                let chosen = PLACES[random.below(PLACES.len() as u64) as usize];
                let Some((path, inner)) = chosen.path(&place) else {
                    continue;
                };
                // Not through a link that the kit put elsewhere: what is outside is not ours either.
                let Ok(folder) = folder_of(&path) else {
                    continue;
                };
                let name = path.file_name().unwrap();
                let to = place_in(&to, inner);
                // The kit renames these names as well: what is not there is not swapped.
                if renameat(&folder, name, CWD, &aside).is_err() {
                    continue;
                }
                let linked = symlinkat(&to, &folder, name).is_ok();
                swapped += u64::from(linked);
                std::thread::sleep(Duration::from_micros(random.below(300)));
                if linked && readlinkat(&folder, name, Vec::new()).is_ok() {
                    _ = unlinkat(&folder, name, AtFlags::empty());
                }
                _ = renameat(CWD, &aside, &folder, name);
                _ = fs::remove_dir_all(&aside);
                std::thread::sleep(Duration::from_micros(random.below(2_000)));
            }
            swapped
        });
        let choice = restore(&target);
        let step = Step::new("restore", "files.restore", &choice).using(&set);
        let failures: Vec<_> = (0..5).filter_map(|_| world.perform(&step).err()).collect();
        stop.store(true, Ordering::Relaxed);
        swaps += thread.join().unwrap();
        rounds += 1;
        done += usize::from(failures.len() < 5);
        assert_eq!(picture(&away), untouched, "{failures:?}");
        for failure in failures {
            assert_eq!(wrong_words(&failure, &target), None, "{failure:?}");
        }
    }
    println!("{rounds} rounds, {done} with a restore, {swaps} swaps");
    assert!(swaps > rounds, "{swaps}");
}
