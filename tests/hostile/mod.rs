//! Hostile input, as an attacker or a broken disk would make it: backup sets that were tampered with,
//! records that were cut or flipped, values that try to leave their place, secrets that try to show.
//!
//! `UPGRADE_KIT_POINTS=all` takes every byte and every case where a sample is taken otherwise.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers end the test where it cannot go on"
)]

mod cut;
mod forge;
mod names;
pub(crate) mod secrets;
mod sets;
mod sizes;
mod trees;
mod values;

use std::sync::atomic::{AtomicUsize, Ordering};

use forge::Forge;

/// Sites that are attacked side by side.
const LANES: usize = 3;

/// How many of something: all if the environment says so, else a sample.
fn sampled(all: usize, sample: usize) -> usize {
    match std::env::var("UPGRADE_KIT_POINTS").as_deref() {
        Ok("all") => all,
        _ => sample,
    }
}

/// What somebody does to a backup set, and how the program answers.
struct Attack {
    name: &'static str,
    /// Changes the set.
    does: fn(&Forge),
    /// The exit codes of `verify` and `restore`.
    codes: (i32, i32),
    /// What `verify` and `restore` both say.
    says: &'static str,
}

/// An attack after which the set counts as damaged.
const fn damaged(name: &'static str, does: fn(&Forge), says: &'static str) -> Attack {
    let codes = (8, 8);
    Attack {
        name,
        does,
        codes,
        says,
    }
}

/// Every attack on a set as it was sealed; all answers that were wrong, at once.
fn repelled(attacks: &[Attack]) {
    let next = AtomicUsize::new(0);
    let lane = || {
        let mut forge = Forge::new();
        let mut wrong = Vec::new();
        while let Some(attack) = attacks.get(next.fetch_add(1, Ordering::Relaxed)) {
            forge.reset();
            (attack.does)(&forge);
            let found = forge.refusal(attack.codes, attack.says);
            if !found.is_empty() {
                // Whatever came of it is not the next one's fault.
                forge = Forge::new();
            }
            wrong.extend(found.iter().map(|what| format!("{}: {what}", attack.name)));
        }
        wrong
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(lane)).collect();
        let wrong = lanes.into_iter().flat_map(|lane| lane.join().unwrap());
        wrong.collect()
    });
    println!("{} attacks on backup sets", attacks.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
