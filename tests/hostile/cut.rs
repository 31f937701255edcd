//! Records that were cut at a byte or in which a bit was flipped: a run's journal and plan, and the
//! records of a backup set.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::forge::Forge;
use super::sampled;
use crate::cli::harness::{Said, Sandbox};

/// Places that are tried in each record, unless the environment asks for every one.
const PLACES: usize = 10;

/// What is done to a record.
#[derive(Debug, Clone, Copy)]
enum Harm {
    /// Only so many bytes are left.
    Cut(usize),
    /// A bit of that byte is another.
    Flip(usize),
}

impl Harm {
    fn of(self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        // Another run's record may be a few bytes shorter.
        let last = whole.len() - 1;
        match self {
            Self::Cut(at) => bytes.truncate(at.min(last)),
            Self::Flip(at) => bytes[at.min(last)] ^= 1 << (at % 8),
        }
        bytes
    }
}

/// Places between two bytes of a record, evenly, with both ends.
fn places(from: usize, to: usize) -> Vec<usize> {
    let all = to - from;
    let count = sampled(all, PLACES).min(all);
    let mut places: Vec<usize> = (0..count)
        .map(|at| from + at * all.saturating_sub(1) / count.saturating_sub(1).max(1))
        .collect();
    places.dedup();
    places
}

const STEPS: &str = "backup:
  - { id: one, uses: command.run, with: { argv: [sh, -c, echo one >> log] } }
  - id: two
    uses: command.run
    with:
      argv: [sh, -c, test -e go && echo two >> log]
      probe_argv: [grep, -qx, two, log]
    after: [one]
  - { id: last, uses: command.run, with: { argv: [sh, -c, echo last >> log] }, after: [two] }
";

/// A run that failed at its second step and could go on now.
struct Failed {
    sandbox: Sandbox,
    run: PathBuf,
}

impl Failed {
    fn new() -> Self {
        let sandbox = Sandbox::own(STEPS);
        assert_eq!(sandbox.run(&["backup"]).code(), 5);
        sandbox.write("go", "");
        for kept in ["runs", "backups"] {
            copy(&sandbox.path(kept), &sandbox.path(&format!("{kept}-kept")));
        }
        let runs = sandbox.path("runs/quickstart/runs");
        let run = fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
        Self { sandbox, run }
    }

    /// As it was after the failure, but for what happened to that record.
    fn resumed(&self, record: &str, harm: impl Fn(&[u8]) -> Vec<u8>) -> Said {
        for kept in ["runs", "backups"] {
            drop(fs::remove_dir_all(self.sandbox.path(kept)));
            copy(
                &self.sandbox.path(&format!("{kept}-kept")),
                &self.sandbox.path(kept),
            );
        }
        self.sandbox.write("log", "one\n");
        let path = self.run.join(record);
        let bytes = harm(&fs::read(&path).unwrap());
        fs::write(&path, bytes).unwrap();
        self.sandbox.run(&["resume", "--yes", "--jobs", "1"])
    }

    /// Either it went on and did each step once, or it did nothing and says what to do.
    fn judge(&self, said: &Said) -> Result<bool, String> {
        let log = self.sandbox.read("log").replace('\n', " ");
        let text = said.both();
        let is_right = match said.code() {
            0 => log == "one two last ",
            // Nobody can tell how far a step came whose end was cut off: the person is asked.
            4 | 5 | 6 | 8 | 70 => {
                let advises = text.contains("hint: ") || text.contains("to do ");
                log == "one " && advises && !text.contains("panicked")
            }
            _ => false,
        };
        if is_right {
            return Ok(said.code() == 0);
        }
        Err(format!("log `{log}`\n{said}"))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a copy with modes, links and times is what `cp -a` makes"
)]
fn copy(from: &Path, to: &Path) {
    if from.exists() {
        let status = Command::new("cp").arg("-a").arg(from).arg(to).status();
        assert!(status.unwrap().success());
    }
}

/// Tries every harm; how often the run went on.
fn harmed(record: &str, harms: &[Harm]) -> usize {
    let failed = Failed::new();
    let mut onward = 0;
    let mut wrong = Vec::new();
    for &harm in harms {
        let said = failed.resumed(record, |bytes| harm.of(bytes));
        match failed.judge(&said) {
            Ok(went_on) => onward += usize::from(went_on),
            Err(problem) => wrong.push(format!("{record}, {harm:?}: {problem}")),
        }
    }
    println!("{record}: {} harms, {onward} times resumed", harms.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    onward
}

/// The bytes of a record of a run that failed.
fn record(name: &str) -> Vec<u8> {
    fs::read(Failed::new().run.join(name)).unwrap()
}

/// A crash may leave any part of the last line; the run goes on from the line before it.
#[test]
fn a_journal_cut_in_its_last_line_resumes() {
    let journal = record("journal.jsonl");
    let line = journal[..journal.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap();
    let cuts: Vec<Harm> = places(line + 1, journal.len())
        .into_iter()
        .map(Harm::Cut)
        .collect();
    let onward = harmed("journal.jsonl", &cuts);
    assert_eq!(onward, cuts.len());
}

/// (A line before the last is on the disk before the next step begins: no crash takes it away.)
#[test]
fn a_journal_flipped_anywhere_never_lies() {
    let journal = record("journal.jsonl");
    let flips = places(0, journal.len()).into_iter().map(Harm::Flip);
    _ = harmed("journal.jsonl", &flips.collect::<Vec<_>>());
}

#[test]
fn a_plan_cut_or_flipped_anywhere_is_refused() {
    let plan = record("plan.json");
    let flips = places(0, plan.len()).into_iter().map(Harm::Flip);
    let cuts = places(0, plan.len()).into_iter().map(Harm::Cut);
    let harms: Vec<Harm> = flips.chain(cuts).collect();
    let onward = harmed("plan.json", &harms);
    // A flip in the name of a key that has its usual value leaves the plan as it was.
    assert!(onward * 50 < harms.len(), "{onward} of {}", harms.len());
}

/// A plan of a program that never was.
#[test]
fn a_format_before_the_first_is_refused() {
    let failed = Failed::new();
    let said = failed.resumed("plan.json", |bytes| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let older = text.replacen("\"format\": 1", "\"format\": 0", 1);
        assert_ne!(older, text);
        older.into_bytes()
    });
    assert_eq!(failed.judge(&said), Ok(false));
}

/// Nothing of a set is believed when one bit of it is another or its end is missing.
#[test]
fn records_of_a_set_cut_or_flipped_anywhere_are_damage() {
    let forge = Forge::new();
    let mut wrong = Vec::new();
    let mut tried = 0;
    for name in [
        "manifest.json",
        "SHA256SUMS",
        "config/tree.jsonl",
        "plan.json",
        "site.yaml",
        "RESTORE.md",
        "config/restore-attributes.sh",
    ] {
        let path = forge.set().join(name);
        let whole = fs::read(&path).unwrap();
        let flips = places(0, whole.len()).into_iter().map(Harm::Flip);
        let cuts = places(0, whole.len()).into_iter().map(Harm::Cut);
        for harm in flips.chain(cuts) {
            tried += 1;
            fs::write(&path, harm.of(&whole)).unwrap();
            let said = forge.sandbox.run(&["backups", "verify", forge.id()]);
            let text = said.both();
            let advises = text.contains("hint: ") || text.contains("do not restore from it");
            // A flip in its format's number may make a manifest one of a newer program.
            if !matches!(said.code(), 4 | 8) || !advises || text.contains("panicked") {
                wrong.push(format!("{name}, {harm:?}: {said}"));
            }
        }
        fs::write(&path, &whole).unwrap();
    }
    println!("a set: {tried} harms");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    _ = forge.sandbox.done(&["backups", "verify", forge.id()]);
}
