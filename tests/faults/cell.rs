//! One action and one fault: what may come of it, and what may not.

use std::fmt::Write;
use std::time::Duration;

use upgrade_kit::event::{FailureKind, FailureReport, RunOutcome};
use upgrade_kit::host::{Host, LocalHost};

use super::fault::{Fault, everything};
use super::scene::Row;
use super::trial::{Ended, Trial};

/// No step takes longer, whatever its tool does; a busy machine included.
const LIMIT: Duration = Duration::from_secs(60);

/// Tools that end with exit code 0 or not, and nothing else tells what they did.
const ONLY_EXIT_CODES: &[(&str, &str)] = &[
    // The site's own program: what it does is not known here.
    ("command.run", "sh"),
    // They print nothing, and no tool of OX shows what they have changed.
    ("ox.change-server", "changeserver"),
    ("ox.disable-schema", "disableschema"),
    ("ox.enable-schema", "enableschema"),
    ("ox.reload-configuration", "reloadconfiguration"),
];

/// Tools whose word counts for nothing: the step looks for the processes of the server itself, and ends them
/// itself if it must.
const IS_LOOKED_AT: &[(&str, &str)] = &[
    ("server.start", "startup.sh"),
    ("server.stop", "shutdown.sh"),
];

fn tells_nothing(row: &Row, program: &str) -> bool {
    ONLY_EXIT_CODES.contains(&(row.action, program))
}

/// What a run comes to in which nothing goes wrong.
struct Undisturbed {
    programs: Vec<String>,
    state: String,
    sealed: String,
}

/// Tries the cells of these rows; fails with everything that was found.
#[track_caller]
pub(super) fn try_all(rows: &[Row]) {
    let mut report = String::new();
    let mut cells = 0;
    for (number, row) in rows.iter().enumerate() {
        let Some(trial) = Trial::of(row, None) else {
            return;
        };
        let undisturbed = undisturbed(row, &trial);
        for (call, fault) in chosen(number, row, undisturbed.programs.len()) {
            cells += 1;
            let found = try_one(row, call, fault, &undisturbed);
            let program = &undisturbed.programs[call];
            for problem in found {
                let name = fault.name();
                _ = writeln!(
                    report,
                    "{}, call {call} ({program}) {name}: {problem}",
                    row.action
                );
            }
        }
    }
    println!("{cells} cells");
    assert!(report.is_empty(), "{cells} cells\n{report}");
}

#[track_caller]
fn undisturbed(row: &Row, trial: &Trial) -> Undisturbed {
    let ended = trial.run(|| false);
    assert_eq!(
        ended.outcome,
        RunOutcome::Done,
        "{}: {:?}",
        row.action,
        ended.failure
    );
    let programs = trial.host.programs();
    assert!(!programs.is_empty(), "{} calls no tool", row.action);
    Undisturbed {
        programs,
        state: trial.state(),
        sealed: trial.sealed(&ended.run),
    }
}

/// The cells of a row that are tried.
fn chosen(number: usize, row: &Row, calls: usize) -> Vec<(usize, Fault)> {
    if everything() {
        let all = Fault::ALL.iter();
        return all
            .flat_map(|&fault| (0..calls).map(move |call| (call, fault)))
            .collect();
    }
    // Five has nothing in common with the number of faults: every one comes to its turn.
    let all = Fault::ALL.iter().enumerate();
    let cells = all.map(|(at, &fault)| ((at * 5 + number) % calls, fault));
    let cells: Vec<_> = cells.collect();
    let turned = cells.iter().cycle().skip(number * 7).step_by(5);
    turned.take(row.cells.min(cells.len())).copied().collect()
}

/// Floods the first call of a row.
#[track_caller]
pub(super) fn flood(row: &Row) {
    let Some(trial) = Trial::of(row, Some((0, Fault::Floods))) else {
        return;
    };
    let failure = trial.run(|| false).failure.unwrap();
    let program = &trial.host.programs()[0];
    assert_eq!(wrong_words(&failure, program, &trial), Vec::<String>::new());
}

fn try_one(row: &Row, call: usize, fault: Fault, undisturbed: &Undisturbed) -> Vec<String> {
    let trial = Trial::of(row, Some((call, fault))).unwrap();
    let mut found = Vec::new();
    let ended = trial.run(|| false);
    if ended.is_overdue || ended.took > LIMIT {
        found.push(format!("the run took {:?}", ended.took));
    }
    let left = LocalHost.processes_of_run(&ended.run);
    if !left.is_empty() {
        found.push(format!("{} processes are left", left.len()));
    }
    match (&ended.failure, ended.outcome) {
        (Some(failure), _) => {
            found.extend(wrong_words(failure, &undisturbed.programs[call], &trial));
        }
        (None, RunOutcome::Done) => {
            if fault.ends_well() && tells_nothing(row, &undisturbed.programs[call]) {
                return found;
            }
            let is_seen = IS_LOOKED_AT.contains(&(row.action, undisturbed.programs[call].as_str()));
            if trial.host.happened() && !fault.does_its_work() && !is_seen {
                found.push("it counts as done".to_owned());
            }
            found.extend(wrong_end(&trial, &ended, undisturbed));
            return found;
        }
        (None, RunOutcome::Interrupted) if fault == Fault::Hangs => {}
        (None, other) => found.push(format!("the run ended as {other:?}")),
    }
    if trial.is_sealed(&ended.run) {
        found.push("there is a sealed set".to_owned());
    }
    let resumed = trial.go_on(&ended.run, &undisturbed.state);
    if is_for_people(row, &resumed) {
        return found;
    }
    if resumed.outcome == RunOutcome::Done {
        found.extend(wrong_end(&trial, &resumed, undisturbed));
    } else {
        let outcome = resumed.outcome;
        let why = resumed.failure.map(|failure| told(&failure));
        found.push(format!("resumed, the run ended as {outcome:?}: {why:?}"));
    }
    found
}

/// Whether a script that was cut off in the middle is left for people to judge: a restore leads back.
pub(super) fn is_for_people(row: &Row, resumed: &Ended) -> bool {
    let kind = resumed.failure.as_ref().map(|failure| failure.kind);
    row.action.ends_with(".script") && kind == Some(FailureKind::NeedsOperator)
}

pub(super) fn told(failure: &FailureReport) -> String {
    let mut words = vec![failure.message.clone()];
    words.extend(failure.causes.iter().cloned());
    words.extend(failure.command.iter().cloned());
    words.extend(failure.exit.iter().cloned());
    words.extend(failure.hint.iter().cloned());
    words.join(" | ")
}

/// The tool is named and it is said what to do; no secret is quoted.
fn wrong_words(failure: &FailureReport, program: &str, trial: &Trial) -> Vec<String> {
    let mut found = Vec::new();
    let words = told(failure);
    if failure.kind == FailureKind::Internal {
        found.push(format!("it counts as a fault of the program: {words}"));
    }
    if !words.contains(program) {
        found.push(format!("the tool is not named: {words}"));
    }
    if failure.hint.is_none() {
        found.push(format!("it is not said what to do: {words}"));
    }
    let all = format!("{words}\n{}", failure.stderr.join("\n"));
    if all.contains(trial.password()) {
        found.push(format!("the password is quoted: {words}"));
    }
    if all.len() > 64 << 10 {
        found.push(format!("the failure has {} bytes", all.len()));
    }
    found
}

fn wrong_end(trial: &Trial, ended: &Ended, undisturbed: &Undisturbed) -> Vec<String> {
    let mut found = Vec::new();
    let state = trial.state();
    if state != undisturbed.state {
        let expected = &undisturbed.state;
        found.push(format!("it came to\n{state}\ninstead of\n{expected}"));
    }
    let sealed = trial.sealed(&ended.run);
    if sealed != undisturbed.sealed {
        let expected = &undisturbed.sealed;
        found.push(format!("the set holds\n{sealed}\ninstead of\n{expected}"));
    }
    found
}
