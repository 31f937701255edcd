//! The real installation: the program is killed in the middle of what takes long or must not happen
//! twice, with the tool that it runs or without.

use std::time::Duration;

use serde_json::Value;

use super::calls;
use super::kit::Moment;
use super::random::Random;
use super::real::{Real, is_wanted};
use super::round_trip::assert_new_version;
use super::sets;

/// Kills of one phase, in order: the step, the longest delay from its start in milliseconds.
type Kills = &'static [(&'static str, u64)];

const BACKUP: Kills = &[
    ("stop-server", 800),
    ("dump-database", 700),
    ("save-folder", 400),
    ("export-jms", 1500),
    ("seal", 60),
];
/// Not beside `migrate-database`: what a cut-off migration asks for is tested by itself.
const UPGRADE: Kills = &[
    ("verify-set", 500),
    ("check-current", 100),
    ("start-server", 2500),
];
const RESTORE: Kills = &[
    ("safety-database", 600),
    ("safety-jms", 1500),
    ("restore-database", 300),
    ("restore-database", 900),
    ("restore-folder", 400),
    ("restore-configuration", 100),
    ("restore-jms", 1000),
    ("restore-jms", 2000),
    ("start-server", 2500),
    ("discard-replaced", 50),
];

#[test]
fn kills_in_every_phase_of_a_real_installation_leave_no_trace() {
    if !is_wanted("kills on the real installation") {
        return;
    }
    let mut random = Random::of("real installation", 11);
    let mut real = Real::start(0);
    real.fill_queues();
    let before = real.fingerprint();

    through(&mut real, &["backup"], BACKUP, &mut random);
    let set = real.kit.newest_set();
    sets::check(&real.kit, &set);
    sets::no_remnants(&real.kit);
    real.kit.succeed(&["backup"]);
    let uninterrupted = real.kit.newest_set();
    assert_ne!(set, uninterrupted);
    assert_eq!(comparable(&real, &set), comparable(&real, &uninterrupted));

    through(&mut real, &["upgrade", "--yes"], UPGRADE, &mut random);
    assert_new_version(&real);
    real.jms(&["consume", "domibus.DLQ", "5"]);
    let restore = ["restore", "--yes", "--from", &set];
    through(&mut real, &restore, RESTORE, &mut random);
    real.expect_processes();
    before.same(&real.fingerprint(), "after a restore with kills");
    sets::no_remnants(&real.kit);

    real.kit.succeed(&["backup"]);
    cut_off_migration(&mut real, &mut random);
    real.kit.succeed(&["restore", "--yes"]);
    real.expect_processes();
    before.same(
        &real.fingerprint(),
        "after a cut-off migration and a restore",
    );
    real.kit.succeed(&["backup"]);
    let ended = kill_migration(&mut real, &mut random, false);
    // Nobody resumes it: the way back is taken while the client of the migration may still be at work.
    let said = real.kit.succeed(&["restore", "--yes"]);
    println!(
        "left at work: {}",
        said.contains("was still at work and was ended")
    );
    real.expect_processes();
    before.same(
        &real.fingerprint(),
        &format!("after a restore at once\n{ended}"),
    );
    println!("real installation: {} kills", real.kit.kills);
    // Up to 20; a moment near the end of a short step may come too late.
    assert!(real.kit.kills >= 6, "only {} kills", real.kit.kills);
}

/// As above, at calls instead of moments, few of them: the practice installation has them all.
#[test]
fn kills_at_calls_on_a_real_installation_leave_no_trace() {
    if !calls::is_possible() || !is_wanted("kills at calls on the real installation") {
        return;
    }
    let mut random = Random::of("real installation, calls", 12);
    let mut real = Real::start(0);
    real.fill_queues();
    let before = real.fingerprint();
    let home = real.home.path().to_owned();
    calls::through(&mut real.kit, &home, &["backup"], 4, 400, &mut random);
    let set = real.kit.newest_set();
    sets::check(&real.kit, &set);
    real.kit.succeed(&["upgrade", "--yes"]);
    assert_new_version(&real);
    let restore = ["restore", "--yes", "--from", &set];
    calls::through(&mut real.kit, &home, &restore, 6, 400, &mut random);
    real.expect_processes();
    before.same(&real.fingerprint(), "after a restore with kills at calls");
    println!("real installation: {} kills at calls", real.kit.kills);
    assert!(real.kit.kills >= 4, "only {} kills", real.kit.kills);
}

fn through(real: &mut Real, phase: &[&str], kills: Kills, random: &mut Random) {
    real.kit.through(phase, |kill| {
        let (step, longest) = *kills.get(kill)?;
        let delay = random.moment(Duration::from_millis(longest));
        Some((Moment::InStep(step, delay), random.coin()))
    });
}

/// A script that was cut off may be half done. Then a person is asked, and told what to do; nothing is
/// run a second time on top of it.
fn cut_off_migration(real: &mut Real, random: &mut Random) {
    kill_migration(real, random, true);
    let resumed = real.kit.call(&["resume"]);
    match resumed.code {
        Some(0) => assert_new_version(real),
        Some(6) => {
            let says =
                |text: &str| assert!(resumed.text.contains(text), "{text}:\n{}", resumed.text);
            says("migrate-database");
            says("upgrade-kit restore");
        }
        code => panic!("{code:?}\n{}", resumed.text),
    }
}

/// Kills an upgrade in the midst of its migration; what it had said.
fn kill_migration(real: &mut Real, random: &mut Random, tools: bool) -> String {
    let delay = random.moment(Duration::from_millis(250));
    let moment = Moment::InStep("migrate-database", delay);
    let ended = real.kit.kill(&["upgrade", "--yes"], moment, tools);
    assert_eq!(
        ended.code, None,
        "the migration was too fast:\n{}",
        ended.text
    );
    ended.text
}

/// A set without what differs between two backups of the same state: the hashes of dumps, which hold
/// their time, and of the logs, to which the stopping server writes.
fn comparable(real: &Real, set: &str) -> Vec<Value> {
    let artifacts = sets::artifacts(&real.kit, set);
    let mut kept = Vec::new();
    for mut artifact in artifacts.as_array().unwrap().clone() {
        let name = artifact["name"].as_str().unwrap().to_owned();
        let fields = artifact.as_object_mut().unwrap();
        if name.starts_with("database/") {
            fields.remove("files");
            fields.remove("source_bytes");
        }
        if name != "server/logs" {
            kept.push(artifact);
        }
    }
    kept
}
