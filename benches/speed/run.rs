//! Run of many steps that do nothing, against a plain loop that starts the same program and keeps the
//! same promise: start and end of every step on disk.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::channel;

use upgrade_kit::adapter::{Failure, registry};
use upgrade_kit::event::RunOutcome;
use upgrade_kit::host::{Host, LocalHost, Masker, StopFlag};
use upgrade_kit::plan::fill_outputs;
use upgrade_kit::run::{
    Closing, Gate, GateAnswer, GateKeeper, Limits, RunRequest, Services, StopSource, Verdict,
    execute,
};

use super::measure::{Rounds, Sample, side, watched};
use super::{Scale, data, plan, report};

/// Prints the rows.
pub(crate) fn rows(scale: Scale) {
    let steps = scale.of(1_000, 30).to_string();
    let rounds = scale.of(7, 3);
    let directory = data().join("runs");
    let place = fresh(&directory);
    let loops = || side(&["spawn", &steps, &place]);
    for action in ["command.run", "milestone"] {
        let rounds = Rounds::interleaved(rounds, || side(&["run", action, &steps, &place]), loops);
        let name =
            format!("run of {steps} steps of {action}, one after the other, journal durable");
        if action == "command.run" {
            report::row(&name, "spawn loop", 1.5, &rounds);
        } else {
            println!("\n{name} (no bar)");
            let step = |sample: &Sample| sample.wall / steps.parse::<f64>().unwrap_or(1.0);
            let step = super::measure::median(rounds.ours.iter().map(step));
            report::note(&format!("{} a step", report::time(step)));
        }
    }
    let items = scale.of(1_000, 10);
    let instances = (items * FAN_OUTS).to_string();
    let rounds = Rounds::interleaved(
        scale.of(3, 3),
        || side(&["run", "queue", &instances, &place]),
        || side(&["spawn", &instances, &place]),
    );
    let name = format!("run of a queue of {FAN_OUTS} fan-outs over {items} items, journal durable");
    report::row(&name, "spawn loop", 1.5, &rounds);
    _ = fs::remove_dir_all(directory);
}

/// Fan-outs of the queue: what a rolling upgrade does with each schema.
const FAN_OUTS: usize = 4;

fn fresh(directory: &Path) -> String {
    _ = fs::remove_dir_all(directory);
    fs::create_dir_all(directory).expect("the directory can be made");
    directory.display().to_string()
}

/// A run through the executor, from the frozen plan to the last event.
pub(crate) fn ours(action: &str, steps: usize, directory: &str) -> Sample {
    let directory = Path::new(directory).join(format!("ours-{}", std::process::id()));
    fs::create_dir_all(&directory).expect("the directory can be made");
    let file = directory.join("bench.yaml");
    fs::write(&file, text(action, steps)).expect("the runbook can be written");
    let items: Vec<String> = (0..steps / FAN_OUTS).map(|at| format!("i{at}")).collect();
    let site = serde_json::json!({ "name": "bench", "items": items });
    let plan = plan::planned_with(&file, &site, &directory.join("state"));
    let request = RunRequest {
        instances: Vec::new(),
        plan,
        site_text: "site: bench\n".to_owned(),
        limits: Limits {
            jobs: 1,
            ..Limits::default()
        },
        stops: StopSource::Signals,
    };
    let (events, sink) = channel();
    let listener = std::thread::spawn(move || sink.iter().count());
    let (sample, report) = watched(None, || execute(request, services(), events));
    let report = report.expect("the run can be executed");
    assert_eq!(report.outcome, RunOutcome::Done, "every step does nothing");
    let events = listener.join().expect("the listener only counts");
    assert!(events > 2 * steps, "every step has a start and an end");
    // What a run leaves is removed after the last one: ext4 searches long for an inode among many
    // that were freed a moment ago.
    sample
}

/// The baseline.
pub(crate) fn spawn_loop(steps: usize, directory: &str) -> Sample {
    let path = PathBuf::from(directory).join(format!("loop-{}", std::process::id()));
    let (sample, ()) = watched(None, || {
        let mut journal = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)
            .expect("the journal can be made");
        for step in 0..steps {
            let mut line = |event: &str| {
                let line = format!("{{\"event\":\"{event}\",\"step\":\"s{step}\"}}\n");
                journal.write_all(line.as_bytes()).expect("the line fits");
                journal.sync_data().expect("the disk takes it");
            };
            line("start");
            let status = Command::new("/bin/true").status().expect("it starts");
            assert!(status.success(), "it does nothing");
            line("end");
        }
    });
    sample
}

fn text(action: &str, steps: usize) -> String {
    let with = match action {
        "command.run" => "\n    with: { argv: [/bin/true] }",
        _ => "",
    };
    let mut text = plan::heading();
    if action == "queue" {
        for step in 0..FAN_OUTS {
            let after = step.checked_sub(1).map(|before| format!("s{before}"));
            let after = after.unwrap_or_default();
            _ = write!(
                text,
                "  - id: s{step}\n    title: for\n    for_each: site.items\n    queue: items\n    \
                 uses: command.run\n    with: {{ argv: [/bin/true] }}\n    after: [{after}]\n"
            );
        }
        return text;
    }
    for step in 0..steps {
        let after = step.checked_sub(1).map(|before| format!("s{before}"));
        let after = after.unwrap_or_default();
        _ = write!(
            text,
            "  - id: s{step}\n    title: step number {step}\n    uses: {action}{with}\n    after: [{after}]\n"
        );
    }
    text
}

fn services() -> Services {
    let host: Arc<dyn Host> = Arc::new(LocalHost);
    Services {
        hosts: Box::new(move |_| Some(Arc::clone(&host))),
        secrets: Box::new(|_| Err(Failure::refused("no step here has a secret"))),
        masker: Masker::default(),
        gatekeeper: Arc::new(Nobody),
        fill_outputs,
        actions: Box::new(registry::find),
        closing: Box::new(|_, _| Closing::default()),
    }
}

struct Nobody;

impl GateKeeper for Nobody {
    fn asks_a_person(&self) -> bool {
        false
    }

    fn answer(&self, _: &Gate, _: &StopFlag) -> GateAnswer {
        GateAnswer::Wait
    }

    fn verdict(&self, _: &Gate, _: &StopFlag) -> Verdict {
        Verdict::Wait
    }
}
