//! The practice installation on its way to another place, a new server or a new configuration location:
//! the program is killed, and calls of it fail. What is left behind must stay as it is, what is built
//! beside it must be what an undisturbed run builds, and the way back must lead back.

use std::path::PathBuf;

use super::calls::{failed, killed};
use super::kill::{Practice, contents, state, untimed, without_unpacked};
use super::kit::{Moment, sweep};
use super::phases::{Phase, Saved};
use super::random::Random;
use super::tree::same;
use crate::new_place;

const BACKUP: &[&str] = &["backup", "--scenario", "new-server"];
const UPGRADE: &[&str] = &["upgrade", "--yes", "--scenario", "new-server"];
const RESTORE: &[&str] = &["restore", "--yes", "--scenario", "new-server"];

fn new(practice: &Practice) -> PathBuf {
    practice.home.path().join("new")
}

/// An upgrade into a new server.
fn upgrade_to_a_new_server(practice: &Practice) -> Phase {
    new_place::new_server(practice.home.path());
    practice.kit.succeed(BACKUP);
    let saved = Saved::of(practice);
    let present = practice.but_for_the_server();
    practice.kit.succeed(UPGRADE);
    let upgraded = contents(&new(practice));
    saved.lay_out(practice);
    let proof = move |practice: &Practice, started, what: &str| {
        same(&present, &practice.but_for_the_server(), what);
        let came = contents(&new(practice));
        same(&state(&upgraded, started), &state(&came, started), what);
        if started {
            practice.expect_server_of(&new(practice));
        } else {
            practice.expect_servers(0);
        }
    };
    Phase::new(UPGRADE, Box::new(proof))
}

/// The way back from a new server.
fn restore_from_a_new_server(practice: &Practice) -> Phase {
    new_place::new_server(practice.home.path());
    practice.kit.succeed(BACKUP);
    let present = untimed(&without_unpacked(&practice.but_for_the_server()));
    practice.kit.succeed(UPGRADE);
    sweep(practice.home.path());
    let proof = move |practice: &Practice, started, what: &str| {
        let restored = untimed(&without_unpacked(&practice.but_for_the_server()));
        same(&present, &restored, what);
        if started {
            practice.expect_server_of(&practice.installation());
        } else {
            practice.expect_servers(0);
        }
    };
    Phase::new(RESTORE, Box::new(proof))
}

/// An upgrade into a new configuration location.
fn upgrade_to_a_new_location(practice: &Practice) -> Phase {
    new_place::new_location(practice.home.path());
    Phase::upgrade(practice)
}

/// The way back from a new configuration location.
fn restore_from_a_new_location(practice: &Practice) -> Phase {
    new_place::new_location(practice.home.path());
    Phase::restore_after(practice, |practice| {
        practice.kit.succeed(&["upgrade", "--yes"]);
        sweep(practice.home.path());
    })
}

/// Each resumption gets a few events further than the one before.
fn at_every_event(phases: [fn(&Practice) -> Phase; 2]) {
    for phase in phases {
        let mut practice = Practice::new();
        let phase = phase(&practice);
        let mut random = Random::of(&format!("elsewhere, {}", phase.name()), 0);
        practice.kit.through(&phase.words(), |kills| {
            Some((Moment::Lines(1 + kills % 4), random.coin()))
        });
        let kills = practice.kit.kills;
        println!("{}: {kills} kills", phase.name());
        assert!(kills >= 10, "only {kills} kills");
        phase.prove(&practice, true, phase.name());
    }
}

#[test]
fn a_new_server_survives_a_kill_at_every_event() {
    at_every_event([upgrade_to_a_new_server, restore_from_a_new_server]);
}

#[test]
fn a_new_location_survives_a_kill_at_every_event() {
    at_every_event([upgrade_to_a_new_location, restore_from_a_new_location]);
}

#[test]
fn an_upgrade_to_a_new_server_survives_a_kill_at_any_call() {
    killed(upgrade_to_a_new_server);
}

#[test]
fn an_upgrade_to_a_new_server_survives_an_error_of_any_call() {
    failed(upgrade_to_a_new_server);
}

#[test]
fn a_restore_from_a_new_server_survives_a_kill_at_any_call() {
    killed(restore_from_a_new_server);
}

#[test]
fn a_new_location_survives_a_kill_at_any_call() {
    killed(upgrade_to_a_new_location);
    killed(restore_from_a_new_location);
}
