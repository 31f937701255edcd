//! The power goes: what was not synced is lost, and names overtake bytes.
//!
//! A phase on the practice installation is recorded call by call (`strace`), under the boot id of a
//! machine that is off by now. For a call drawn by chance the folder is laid out as a power cut behind
//! it would have left it (see [`disk`]); then the program is asked to go on, and must end with what an
//! undisturbed run ends with. `UPGRADE_KIT_POINTS` says how many calls are drawn, `all` takes every one.

mod disk;
mod trace;

use std::path::Path;

use super::kill::{Practice, untimed, without_unpacked};
use super::kit::{command, names, sweep};
use super::random::Random;
use super::tree::same;
use super::{real, sets};
use disk::{Cut, Disk};
use trace::{CALLS, Call, calls};

/// Calls that are drawn for each kind of cut, unless the environment says otherwise.
const POINTS: usize = 8;

/// Another machine's boot id, as far as the program can tell: the power cut ends that boot.
const BOOT: &str = "5f0c9a52-7c1e-4f0e-9d3b-2f8a6c0d1e77\n";

/// Runs a phase to its end and writes its calls down.
fn record(practice: &Practice, phase: &[&str]) -> Vec<Call> {
    let aside = tempfile::tempdir().unwrap();
    let (boot, trace) = (aside.path().join("boot"), aside.path().join("trace"));
    std::fs::write(&boot, BOOT).unwrap();
    let script = "mount --bind \"$1\" /proc/sys/kernel/random/boot_id && shift && exec \"$@\"";
    // Another user than root becomes one in a namespace of its own.
    let to_root: &[&str] = if rustix::process::geteuid().is_root() {
        &[]
    } else {
        &["--map-root-user"]
    };
    let output = command("unshare")
        .args(to_root)
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(&boot)
        .args([
            "strace",
            "-f",
            "-b",
            "execve",
            "-qq",
            "-v",
            "-y",
            "-xx",
            "-s",
            "100000000",
            "-o",
        ])
        .arg(&trace)
        .args(["-e", &format!("trace={CALLS}")])
        .arg(env!("CARGO_BIN_EXE_upgrade-kit"))
        .args(phase)
        .env("UPGRADE_KIT_SITE", &practice.kit.site)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{phase:?}: {said}");
    calls(&std::fs::read_to_string(trace).unwrap())
}

/// The calls behind which the power is cut, of so many that changed something.
fn drawn(changes: usize, random: &mut Random) -> Vec<usize> {
    let wanted = std::env::var("UPGRADE_KIT_POINTS").ok();
    let count = match wanted.as_deref() {
        Some("all") => return (0..changes).collect(),
        Some(number) => number.parse().unwrap(),
        None => POINTS,
    };
    let mut points: Vec<usize> = (0..count)
        .map(|_| usize::try_from(random.below(changes as u64)).unwrap())
        .collect();
    points.sort_unstable();
    points.dedup();
    points
}

/// Cuts the power in a recorded phase and goes on each time; `proven` looks at what comes out.
fn cut(practice: &Practice, phase: &[&str], proven: impl Fn(&str, Onward)) -> usize {
    let mut random = Random::of(&format!("power, {}", phase[0]), 0);
    let old = names(&practice.kit.runs);
    let home = practice.home.path();
    let start = Disk::of(home);
    let calls = record(practice, phase);
    sweep(home);
    let mut probe = start.clone();
    let changing: Vec<bool> = calls.iter().map(|call| probe.apply(call)).collect();
    let changes = changing.iter().filter(|changes| **changes).count();
    let mut cuts = 0;
    for kind in [Cut::All, Cut::Bytes, Cut::SomeBytes] {
        let points = drawn(changes, &mut random);
        let mut disk = start.clone();
        let mut done = 0;
        for (call, changed) in calls.iter().zip(&changing) {
            disk.apply(call);
            if !changed {
                continue;
            }
            done += 1;
            if points.binary_search(&(done - 1)).is_err() {
                continue;
            }
            disk.lay_out(kind, &mut random);
            let what = format!(
                "{}, power cut ({kind:?}) behind change {done} of {changes}, {}",
                phase[0], call.name
            );
            let onward = go_on(practice, phase, &old, &what);
            println!("{what}: {onward:?}");
            proven(&what, onward);
            // The set of a run that left no word of itself is nobody's; `backups list` shows it.
            if onward != Onward::Anew {
                sets::no_remnants(&practice.kit);
            }
            sweep(home);
            cuts += 1;
        }
    }
    println!("{}: {cuts} power cuts in {changes} changes", phase[0]);
    cuts
}

/// How the phase came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Onward {
    /// The run had left no word of itself: it was begun anew.
    Anew,
    /// It was taken up.
    Resumed,
    /// It was at its end.
    AtItsEnd,
}

/// Nothing that was written stands in the way of looking, and the run goes to its end.
fn go_on(practice: &Practice, phase: &[&str], old: &[String], what: &str) -> Onward {
    let kit = &practice.kit;
    for look in [&["runs"][..], &["backups", "list"]] {
        let ended = kit.call(look);
        assert_eq!(ended.code, Some(0), "{what}: {look:?}\n{}", ended.text);
    }
    let begun = names(&kit.runs)
        .iter()
        .any(|run| !old.contains(run) && journal(&kit.runs.join(run)));
    let next: &[&str] = if begun { &["resume", "--yes"] } else { phase };
    let ended = kit.call(next);
    let finished = ended.code == Some(4) && ended.text.contains("nothing to resume");
    assert!(
        ended.code == Some(0) || finished,
        "{what}: {next:?}\n{}",
        ended.text
    );
    match (begun, finished) {
        (false, _) => Onward::Anew,
        (true, false) => Onward::Resumed,
        (true, true) => Onward::AtItsEnd,
    }
}

/// Whether a run got as far as a line of its journal.
fn journal(run: &Path) -> bool {
    std::fs::read(run.join("journal.jsonl")).is_ok_and(|text| text.contains(&b'\n'))
}

#[test]
fn a_backup_survives_power_cuts() {
    if !real::is_wanted("power, backup") {
        return;
    }
    let practice = Practice::new();
    practice.kit.succeed(&["backup"]);
    let artifacts = sets::artifacts(&practice.kit, &practice.kit.newest_set());
    let exact = practice.exact();
    let cuts = cut(&practice, &["backup"], |what, _| {
        let set = practice.kit.newest_set();
        assert_eq!(artifacts, sets::artifacts(&practice.kit, &set), "{what}");
        same(&exact, &practice.exact(), what);
        sets::check(&practice.kit, &set);
        practice.expect_servers(0);
    });
    assert!(cuts > 0);
}

#[test]
fn a_restore_survives_power_cuts() {
    if !real::is_wanted("power, restore") {
        return;
    }
    let practice = Practice::new();
    practice.kit.succeed(&["backup"]);
    let set = practice.kit.newest_set();
    let good = practice.but_for_the_server();
    practice.damage();
    let restore = ["restore", "--yes", "--from", &set];
    let cuts = cut(&practice, &restore, |what, onward| {
        let restored = practice.but_for_the_server();
        same(
            &untimed(&without_unpacked(&good)),
            &untimed(&without_unpacked(&restored)),
            what,
        );
        sets::check(&practice.kit, &practice.kit.newest_set());
        // Nobody is left to start the server of a run that had ended.
        practice.expect_servers(usize::from(onward != Onward::AtItsEnd));
    });
    assert!(cuts > 0);
}
