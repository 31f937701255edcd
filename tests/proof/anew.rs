//! A killed run is not taken up. Another backup after a backup, the way back after an upgrade or a
//! restore: what the killed run had left half-way, and the tools that it had left at work, must not show
//! in what comes out.

use super::kill::{Practice, untimed, without_unpacked};
use super::kit::{Moment, names};
use super::phases::{Phase, Saved};
use super::random::Random;
use super::sets;
use super::tree::same;

/// Kills of each phase that are drawn, unless the environment says otherwise.
const POINTS: usize = 4;

/// Kills the phase after each drawn number of events, with or without its tools; `then` looks at what
/// comes after.
fn killed(practice: &mut Practice, phase: &[&str], mut then: impl FnMut(&mut Practice, &str)) {
    let start = Saved::of(practice);
    let mut random = Random::of(&format!("anew, {}", phase[0]), 0);
    let usual = practice.kit.call(phase);
    assert_eq!(usual.code, Some(0), "{}", usual.text);
    let journal = practice.kit.newest_journal();
    let events = journal.lines().count();
    let points = random.points(events, POINTS);
    for point in &points {
        start.lay_out(practice);
        let tools = random.coin();
        let ended = practice.kit.kill(phase, Moment::Lines(point + 1), tools);
        let what = format!(
            "{}, killed after event {}, tools too: {tools}",
            phase[0],
            point + 1
        );
        println!("{what}: exit {:?}", ended.code);
        then(practice, &what);
    }
    println!("{}: {} of {events} events", phase[0], points.len());
}

/// Puts the installation back, and does what the program advises when something is in its way: the present
/// state may be one that cannot be saved, or a directory may be one that the killed run had moved.
fn go_back(practice: &Practice, set: &str, what: &str) {
    let mut restore = vec!["restore", "--from", set];
    let ended = practice.kit.call(&restore);
    if ended.code == Some(0) {
        return;
    }
    assert_eq!(ended.code, Some(4), "{what}\n{}", ended.text);
    if ended.text.contains("goes on with it") {
        println!("{what}: is resumed first");
        practice.kit.succeed(&["resume", "--yes"]);
    } else {
        println!("{what}: the present state is not saved");
        let advice = ended.text.lines().find(|line| line.contains(" --skip "));
        let advice = advice.unwrap_or_else(|| panic!("{what}\n{}", ended.text));
        let skipped = advice.split_once(" --skip ").unwrap().1;
        for step in skipped.split(" --skip ") {
            restore.extend(["--skip", step]);
        }
    }
    practice.kit.succeed(&restore);
}

#[test]
fn a_backup_after_a_killed_one_is_whole() {
    let mut practice = Practice::new();
    let phase = Phase::backup(&practice);
    killed(&mut practice, &phase.words(), |practice, what| {
        let old = names(&practice.kit.sets);
        practice.kit.succeed(&["backup"]);
        phase.prove(practice, false, what);
        assert!(!old.contains(&practice.kit.newest_set()), "{what}");
    });
}

#[test]
fn a_restore_leads_back_from_a_killed_upgrade() {
    let mut practice = Practice::new();
    practice.kit.succeed(&["backup"]);
    let set = practice.kit.newest_set();
    let good = untimed(&without_unpacked(&practice.but_for_the_server()));
    killed(&mut practice, &["upgrade", "--yes"], |practice, what| {
        go_back(practice, &set, what);
        let restored = untimed(&without_unpacked(&practice.but_for_the_server()));
        same(&good, &restored, what);
        practice.expect_servers(1);
        sets::check(&practice.kit, &set);
    });
}

#[test]
fn a_restore_leads_back_from_a_killed_restore() {
    let mut practice = Practice::new();
    let phase = Phase::restore(&practice);
    let set = practice.kit.newest_set();
    killed(&mut practice, &phase.words(), |practice, what| {
        go_back(practice, &set, what);
        phase.prove(practice, true, what);
    });
}
