//! Every system call by which the program changes a file, starts a tool or awaits one: killed at its
//! entry, or made to fail.
//!
//! A phase on the practice installation is counted call by call (`inject.c`, compiled when it is
//! needed). Then it is run again, each time with one call disturbed; afterwards the machine is well, the
//! program is asked to go on, and must end with what an undisturbed run ends with. `UPGRADE_KIT_POINTS`
//! says how many calls are drawn, `all` takes every one, each with an error drawn by chance.

mod injector;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::kill::Practice;
use super::kit::{Ended, Kit, names};
use super::phases::{Onward, Phase, Saved};
use super::random::Random;
use super::sets;
use injector::{Call, Disturbance, Failing, Injector};

/// Calls of each phase that are drawn, unless the environment says otherwise.
const POINTS: usize = 8;

/// Installations that are disturbed beside each other; most of a run's time it waits for the server.
const LANES: usize = 3;

/// Exit codes that say that something went wrong: refused, step failed, damaged set, interrupted,
/// a fault of the machine.
const FAILURES: [i32; 5] = [4, 5, 8, 9, 70];

/// An installation in a phase that is about to be disturbed.
struct Lane {
    practice: Practice,
    phase: Phase,
    start: Saved,
    old: Vec<String>,
    injector: Injector,
}

impl Lane {
    fn new(phase: fn(&Practice) -> Phase) -> Self {
        let mut practice = Practice::new();
        let injector = Injector::new(practice.home.path());
        practice.kit.output = injector.aside().join("output");
        let mut phase = phase(&practice);
        // One step after the other: then every call has its number, and each is reached.
        phase.arguments.extend(["--jobs".into(), "1".into()]);
        let start = Saved::of(&practice);
        let old = names(&practice.kit.runs);
        Self {
            practice,
            phase,
            start,
            old,
            injector,
        }
    }

    /// The calls of an undisturbed run.
    fn calls(&mut self) -> Vec<Call> {
        let ended = self.run(Disturbance::None);
        assert_eq!(ended.code, Some(0), "{}", ended.text);
        self.start.lay_out(&self.practice);
        self.injector.calls()
    }

    fn run(&mut self, disturbance: Disturbance) -> Ended {
        self.practice.kit.under = self.injector.command(disturbance);
        let ended = self.practice.kit.call(&self.phase.words());
        self.practice.kit.under.clear();
        ended
    }

    /// Takes the run up, well, and writes the calls of that down.
    fn resume_recorded(&mut self) -> Vec<Call> {
        self.practice.kit.under = self.injector.command(Disturbance::None);
        self.practice.kit.succeed(&["resume", "--yes"]);
        self.practice.kit.under.clear();
        self.injector.calls()
    }

    /// Disturbs the phase and goes on; tells what was disturbed and how it ended.
    fn disturb(&mut self, disturbance: Disturbance) -> String {
        self.start.lay_out(&self.practice);
        let ended = self.run(disturbance);
        let hit = self.injector.calls().pop();
        let name = self.phase.name();
        let what = match &hit {
            Some(call) => format!("{name}, {disturbance:?}, {} {}", call.name, call.path),
            None => format!("{name}, {disturbance:?}, which was not reached"),
        };
        println!("{what}: exit {:?}", ended.code);
        let done = match (disturbance, &hit) {
            (Disturbance::Fails(failing), Some(call)) => told(&ended, failing, call, &what),
            (_, None) => ended.code == Some(0),
            _ => false,
        };
        let onward = if done {
            Onward::AtItsEnd
        } else {
            self.phase.go_on(&self.practice, &self.old, &what)
        };
        self.phase.prove(&self.practice, true, &what);
        // The set of a run that left no word of itself is nobody's; `backups list` shows it.
        if onward != Onward::Anew {
            sets::no_remnants(&self.practice.kit);
        }
        sets::private(&self.practice.kit.sets);
        sets::private(&self.practice.kit.runs);
        format!("{what}: {onward:?}\n")
    }
}

/// An error was told as it must be: what, where, what next. Returns whether the program said that all
/// was done all the same.
fn told(ended: &Ended, failing: Failing, call: &Call, what: &str) -> bool {
    let text = &ended.text;
    if ended.code == Some(0) {
        let [reason, _] = failing.words_about();
        let told = call.is_log() && text.contains(reason) && text.contains(&call.path);
        assert!(told || call.is_tidying(), "{what}: no word of it\n{text}");
        return true;
    }
    let code = ended.code.unwrap_or_default();
    assert!(
        FAILURES.contains(&code) && !text.contains("panicked"),
        "{what}: exit {code}\n{text}"
    );
    for words in failing.words_about() {
        assert!(text.contains(words), "{what}: not `{words}`\n{text}");
    }
    // When nothing can be written any more, the journal is what the run ends of.
    let named = call.is_named_in(text) || failing.goes_on() && text.contains("/journal.jsonl");
    assert!(named, "{what}: not where\n{text}");
    false
}

/// Disturbs a phase at every drawn call; `disturbance` makes one of the call's number.
fn disturb_all(
    phase: fn(&Practice) -> Phase,
    kind: &str,
    mut disturbance: impl FnMut(usize, &mut Random) -> Disturbance,
) {
    if !Injector::is_possible() {
        return;
    }
    let mut first = Lane::new(phase);
    let calls = first.calls().len();
    let name = first.phase.name().to_owned();
    let mut random = Random::of(&format!("calls, {kind}, {name}"), 0);
    let points: Vec<Disturbance> = (random.points(calls, POINTS).into_iter())
        .map(|point| disturbance(point + 1, &mut random))
        .collect();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let work = |mut lane: Lane| {
        while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
            // One failure must not hide the others.
            let attempt = std::panic::AssertUnwindSafe(|| lane.disturb(*point));
            if let Err(failure) = std::panic::catch_unwind(attempt) {
                let text = failure.downcast_ref::<String>().cloned();
                failures.lock().unwrap().push(text.unwrap_or_default());
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..LANES.min(points.len()) {
            scope.spawn(|| work(Lane::new(phase)));
        }
        work(first);
    });
    println!("{name}: {} of {calls} calls, {kind}", points.len());
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        points.len(),
        failures.join("\n\n")
    );
}

/// Whether calls can be disturbed on this machine.
pub(crate) fn is_possible() -> bool {
    Injector::is_possible()
}

/// Carries a phase of any installation to its end through so many kills, each at a call drawn from the
/// `first` ones of the phase or of its resumption.
pub(crate) fn through(
    kit: &mut Kit,
    home: &Path,
    phase: &[&str],
    mut kills: usize,
    first: u64,
    random: &mut Random,
) {
    let injector = Injector::new(home);
    let old = names(&kit.runs);
    loop {
        if kills > 0 {
            let number = 1 + usize::try_from(random.below(first)).unwrap();
            kit.under = injector.command(Disturbance::Kill(number));
        }
        let begun = kit.has_begun(&old);
        let ended = kit.call(if begun { &["resume", "--yes"] } else { phase });
        kit.under.clear();
        match (ended.code, kills > 0) {
            (Some(0), _) => return,
            // Everything was done when it was killed, only the program had not ended yet.
            (Some(4), _) if begun && ended.text.contains("nothing to resume") => return,
            (None, true) => {
                let hit = injector.calls().pop().unwrap();
                println!("{}: killed at {} {}", phase[0], hit.name, hit.path);
                kit.kills += 1;
                kills -= 1;
            }
            _ => panic!("{phase:?}: exit {:?}\n{}", ended.code, ended.text),
        }
    }
}

/// Kills a phase at each drawn call.
pub(super) fn killed(phase: fn(&Practice) -> Phase) {
    disturb_all(phase, "killed", |number, _| Disturbance::Kill(number));
}

/// Makes each drawn call of a phase fail, with an error drawn by chance.
pub(super) fn failed(phase: fn(&Practice) -> Phase) {
    disturb_all(phase, "failed", |number, random| {
        Disturbance::Fails(Failing::drawn(number, random))
    });
}

/// A sync that failed is not believed the next time: what it was for is written again before the next.
#[test]
fn what_a_failed_sync_was_for_is_written_again() {
    if !Injector::is_possible() {
        return;
    }
    let mut lane = Lane::new(Phase::backup);
    let calls = lane.calls();
    let journal = |call: &Call| call.path.ends_with("/journal.jsonl");
    let syncs: Vec<usize> = (1..)
        .zip(&calls)
        .filter(|(_, call)| call.name == "fdatasync" && journal(call) || call.name == "syncfs")
        .map(|(number, _)| number)
        .collect();
    // The last one is for the end of the run: nothing comes after it.
    let syncs = &syncs[..syncs.len() - 1];
    assert!(syncs.len() > 10, "{calls:?}");
    let sealing = |call: &Call| call.name == "syncfs";
    let in_set = |call: &Call| call.path.contains(".partial/");
    for &number in syncs {
        lane.start.lay_out(&lane.practice);
        let ended = lane.run(Disturbance::Fails(Failing::once(number)));
        let failed = lane.injector.calls().pop().unwrap();
        assert_ne!(ended.code, Some(0), "{failed:?}\n{}", ended.text);
        let resumed = lane.resume_recorded();
        let before = |end: &dyn Fn(&Call) -> bool| {
            let end = resumed.iter().position(end).unwrap();
            &resumed[..end]
        };
        if journal(&failed) {
            let renewed = before(&|call| call.name == "fdatasync" && journal(call));
            assert!(
                (renewed.iter()).any(|call| call.name == "pwrite64" && journal(call)),
                "{failed:?}: {resumed:?}"
            );
        } else {
            let renewed: BTreeSet<&str> = before(&sealing)
                .iter()
                .filter(|call| ["pwrite64", "write"].contains(&call.name.as_str()))
                .map(|call| call.path.as_str())
                .collect();
            for call in calls[..number]
                .iter()
                .filter(|call| call.name == "write" && in_set(call))
            {
                let (_, path) = call.path.split_once(".partial/").unwrap();
                let found = renewed
                    .iter()
                    .any(|renewed| renewed.ends_with(&format!(".partial/{path}")));
                assert!(found, "{path} was not written again: {resumed:?}");
            }
        }
    }
}

#[test]
fn a_backup_survives_a_kill_at_any_call() {
    killed(Phase::backup);
}

#[test]
fn an_upgrade_survives_a_kill_at_any_call() {
    killed(Phase::upgrade);
}

#[test]
fn a_restore_survives_a_kill_at_any_call() {
    killed(Phase::restore);
}

#[test]
fn a_backup_survives_an_error_of_any_call() {
    failed(Phase::backup);
}

#[test]
fn an_upgrade_survives_an_error_of_any_call() {
    failed(Phase::upgrade);
}

#[test]
fn a_restore_survives_an_error_of_any_call() {
    failed(Phase::restore);
}
