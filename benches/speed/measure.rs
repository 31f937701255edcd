//! Two sides in turn.

use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::machine;

/// One execution of one side.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Seconds.
    pub(crate) wall: f64,
    /// Seconds of processor time, with that of children and of a server that worked for it.
    pub(crate) cpu: f64,
    /// Peak of resident memory in KiB; 0 where it was not looked at.
    pub(crate) peak: u64,
    /// Share of the machine's processors that others used meanwhile.
    #[serde(default)]
    pub(crate) others: f64,
}

/// Samples of the two sides, round by round.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Rounds {
    pub(crate) ours: Vec<Sample>,
    pub(crate) theirs: Vec<Sample>,
}

/// Rounds in which others used more of the machine than this do not count, if enough others do.
const QUIET: f64 = 0.10;

impl Rounds {
    /// Runs both sides in turn, ours first in every other round, so that neither always finds the
    /// caches that the other left.
    pub(crate) fn interleaved(
        count: usize,
        mut ours: impl FnMut() -> Sample,
        mut theirs: impl FnMut() -> Sample,
    ) -> Self {
        let mut rounds = Self::default();
        for round in 0..count {
            if round % 2 == 0 {
                rounds.ours.push(ours());
                rounds.theirs.push(theirs());
            } else {
                rounds.theirs.push(theirs());
                rounds.ours.push(ours());
            }
        }
        rounds
    }

    /// The rounds that others did not disturb, or all if those are fewer than three.
    pub(crate) fn quiet(&self) -> Vec<(Sample, Sample)> {
        let all = || self.ours.iter().copied().zip(self.theirs.iter().copied());
        let quiet: Vec<_> = all()
            .filter(|(one, other)| one.others <= QUIET && other.others <= QUIET)
            .collect();
        if quiet.len() >= 3.min(self.ours.len()) {
            quiet
        } else {
            all().collect()
        }
    }
}

/// The middle one.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

/// Measures work in this process, in its children, and in the `server` (a process number) that works
/// for them.
pub(crate) fn watched<T>(server: Option<&str>, work: impl FnOnce() -> T) -> (Sample, T) {
    let served = || server.map_or(0.0, machine::of_process);
    let (all, own, by_server) = (machine::all(), machine::of_process("self"), served());
    let began = Instant::now();
    let value = work();
    let wall = began.elapsed().as_secs_f64();
    let cpu = machine::of_process("self") - own + served() - by_server;
    let others = machine::all() - all - cpu;
    let sample = Sample {
        wall,
        cpu,
        peak: machine::peak_memory(),
        others: (others / wall / machine::processors() as f64).max(0.0),
    };
    (sample, value)
}

/// Runs a side of ours in a process of its own.
pub(crate) fn side(arguments: &[&str]) -> Sample {
    serde_json::from_slice(&output(arguments)).expect("a side prints its sample")
}

/// Runs a side; what it prints.
pub(crate) fn output(arguments: &[&str]) -> Vec<u8> {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program)
        .arg("side")
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can be started again");
    assert!(output.status.success(), "side {arguments:?} failed");
    output.stdout
}

/// Runs a baseline as a shell command.
pub(crate) fn shell(script: &str, server: Option<&str>) -> Sample {
    let (sample, output) = watched(server, || {
        Command::new("bash")
            .args(["-eu", "-o", "pipefail", "-c", script])
            .stdin(Stdio::null())
            .output()
    });
    let output = output.expect("there is a shell");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the baseline failed: {script}\n{said}"
    );
    Sample { peak: 0, ..sample }
}
