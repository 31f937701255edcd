//! The power goes: what was not synced is lost, and names overtake bytes.
//!
//! A phase on the practice installation is recorded call by call (`strace`), under the boot id of a
//! machine that is off by now. For a call drawn by chance the folder is laid out as a power cut behind
//! it would have left it (see [`disk`]); then the program is asked to go on, and must end with what an
//! undisturbed run ends with. `UPGRADE_KIT_POINTS` says how many calls are drawn, `all` takes every one
//! and `2/8` the second part of eight.

mod disk;
mod trace;

use super::kill::Practice;
use super::kit::{command, names, sweep};
use super::phases::{Onward, Phase};
use super::random::Random;
use super::{real, sets};
use disk::{Cut, Disk};
use trace::{CALLS, Call, calls};

/// Calls that are drawn for each kind of cut, unless the environment says otherwise.
const POINTS: usize = 8;

/// Another machine's boot id, as far as the program can tell: the power cut ends that boot.
const BOOT: &str = "5f0c9a52-7c1e-4f0e-9d3b-2f8a6c0d1e77\n";

/// Runs a phase to its end and writes its calls down.
fn record(practice: &Practice, phase: &[String]) -> Vec<Call> {
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

/// Cuts the power in a recorded phase, goes on each time, and looks at what comes out.
fn cut(practice: &Practice, phase: &Phase) -> usize {
    let name = phase.name();
    let mut random = Random::of(&format!("power, {name}"), 0);
    let old = names(&practice.kit.runs);
    let home = practice.home.path();
    let start = Disk::of(home);
    let calls = record(practice, &phase.arguments);
    sweep(home);
    let mut probe = start.clone();
    let changing: Vec<bool> = calls.iter().map(|call| probe.apply(call)).collect();
    let changes = changing.iter().filter(|changes| **changes).count();
    let mut cuts = 0;
    for kind in [Cut::All, Cut::Bytes, Cut::SomeBytes] {
        let points = random.points(changes, POINTS);
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
                "{name}, power cut ({kind:?}) behind change {done} of {changes}, {}",
                call.name
            );
            let onward = phase.go_on(practice, &old, &what);
            println!("{what}: {onward:?}");
            // Nobody is left to start the server of a run that had ended.
            phase.prove(practice, onward != Onward::AtItsEnd, &what);
            // The set of a run that left no word of itself is nobody's; `backups list` shows it.
            if onward != Onward::Anew {
                sets::no_remnants(&practice.kit);
            }
            sweep(home);
            cuts += 1;
        }
    }
    println!("{name}: {cuts} power cuts in {changes} changes");
    cuts
}

#[test]
fn a_backup_survives_power_cuts() {
    survives(Phase::backup);
}

#[test]
fn an_upgrade_survives_power_cuts() {
    survives(Phase::upgrade);
}

#[test]
fn a_restore_survives_power_cuts() {
    survives(Phase::restore);
}

fn survives(phase: impl FnOnce(&Practice) -> Phase) {
    if !real::is_wanted("power") {
        return;
    }
    let practice = Practice::new();
    let phase = phase(&practice);
    assert!(cut(&practice, &phase) > 0);
}
