//! Trees that change while they are removed.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use upgrade_kit::host::{Host, LocalHost};

use super::{Swapped, outside, patience, place_in, tree};
use crate::tree_world::picture;

/// A directory that becomes a link while the tree is removed takes nothing outside with it.
#[test]
fn a_removal_does_not_follow_a_folder_that_becomes_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    outside(&path("outside"));
    let untouched = picture(&path("outside"));
    let stop = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&stop);
    let (top, to, aside) = (path("victim"), path("outside"), path("aside"));
    let thread = std::thread::spawn(move || {
        let mut turns = 0_u64;
        while !until.load(Ordering::Relaxed) {
            let inner = ["a", "a/b"][(turns % 2) as usize];
            let at = place_in(&top, inner);
            turns += 1;
            if fs::rename(&at, &aside).is_err() {
                continue;
            }
            _ = std::os::unix::fs::symlink(place_in(&to, inner), &at);
            for _ in 0..turns % 997 {
                std::hint::spin_loop();
            }
            _ = fs::remove_file(&at);
            _ = fs::rename(&aside, &at);
            _ = fs::remove_dir_all(&aside);
        }
        turns
    });
    let begun = Instant::now();
    let mut rounds = 0;
    while begun.elapsed() < patience() / 2 {
        tree(&path("fresh"));
        while fs::rename(path("fresh"), path("victim")).is_err() {
            _ = fs::remove_dir_all(path("victim"));
        }
        rounds += 1;
        if let Err(error) = LocalHost.remove_tree(&path("victim")) {
            assert!(error.to_string().contains("victim"), "{error}");
        }
        if picture(&path("outside")) != untouched {
            break;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let turns = thread.join().unwrap();
    println!("{rounds} removals, {turns} swaps");
    assert_eq!(picture(&path("outside")), untouched);
}

/// The same at a certain moment: the directory that was looked into is a link when it is come back to.
#[test]
fn a_removed_tree_whose_top_is_a_link_is_the_link() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    tree(&path("victim"));
    outside(&path("outside"));
    let untouched = picture(&path("outside"));
    let swapped = Swapped {
        path: path("victim"),
        aside: path("aside"),
        to: path("outside"),
    };
    swapped.turn(true);
    LocalHost.remove_tree(&path("victim")).unwrap();
    assert_eq!(picture(&path("outside")), untouched);
    assert!(path("aside/a/1").exists());
}
