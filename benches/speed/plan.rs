//! Plan of a long runbook, against decoding its YAML into plain structs in the same process.

use std::fmt::Write;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Deserialize;
use upgrade_kit::adapter::registry;
use upgrade_kit::plan::{Phase, Plan, PlanRequest, Selection, resolve};
use upgrade_kit::runbook::{Library, Runbook};

use super::measure::{Rounds, Sample, watched};
use super::{Scale, data, machine, measure, report};

/// The shapes: every step after the one before; none after another; diamonds after diamonds.
const SHAPES: [&str; 3] = ["chain", "independent", "diamonds"];

/// Prints the rows.
pub(crate) fn rows(scale: Scale) {
    let steps = scale.of(10_000, 200);
    let rounds = scale.of(11, 3);
    for shape in SHAPES {
        let steps = steps.to_string();
        let output = measure::output(&["plan", shape, &steps, &rounds.to_string()]);
        let measured: Rounds = serde_json::from_slice(&output).expect("a side prints its rounds");
        let name = format!("plan of {steps} steps ({shape}): parse, resolve, graph");
        report::row(&name, "plain structs", 2.0, &measured);
        report::memory(measure::side(&["plan-memory", shape, &steps]).peak);
    }
    let long = scale.of(100_000, 2_000).to_string();
    let sample = measure::side(&["plan-memory", "chain", &long]);
    println!("\nplan of a chain of {long} steps");
    report::note(&format!(
        "works: {}, {} MiB",
        report::time(sample.wall),
        sample.peak / 1024
    ));
}

/// Decodes and plans in turn.
pub(crate) fn both_sides(shape: &str, steps: usize, rounds: usize) -> Rounds {
    let file = written(shape, steps);
    let text = std::fs::read_to_string(&file).expect("the runbook was just written");
    let decode = || drop(black_box(decoded(&text)));
    let plan = || drop(black_box(planned(&file)));
    decode();
    plan();
    Rounds::interleaved(rounds, || timed(&plan), || timed(&decode))
}

/// Plans once, for the time and memory of that alone.
pub(crate) fn once(shape: &str, steps: usize) -> Sample {
    let file = written(shape, steps);
    let (sample, plan) = watched(None, || planned(&file));
    assert_eq!(plan.steps.len(), steps, "every step is planned");
    sample
}

/// Short work of one thread, so the thread's own clock is the exact one.
fn timed(work: &dyn Fn()) -> Sample {
    let (all, own) = (machine::all(), machine::of_thread());
    let began = Instant::now();
    work();
    let wall = began.elapsed().as_secs_f64();
    let cpu = machine::of_thread() - own;
    let others = (machine::all() - all - cpu) / wall / machine::processors() as f64;
    Sample {
        wall,
        cpu,
        peak: 0,
        others: others.max(0.0),
    }
}

/// A plan as the command line makes it, the reading of the file included.
pub(crate) fn planned(file: &Path) -> Plan {
    planned_with(
        file,
        &serde_json::json!({ "name": "bench" }),
        Path::new("unused"),
    )
}

/// The same for a site, with the place where runs are kept.
pub(crate) fn planned_with(file: &Path, site: &serde_json::Value, state: &Path) -> Plan {
    let name = file.display().to_string();
    let runbook = match Runbook::load(&name, None, &Library::default()) {
        Ok(runbook) => runbook,
        Err(problems) => panic!("{problems:?}"),
    };
    let request = PlanRequest {
        runbook: &runbook,
        phase: Phase::Backup,
        site: site.clone(),
        site_name: "bench",
        documents: Vec::new(),
        backups: PathBuf::from("unused"),
        state: state.to_owned(),
        uses_set: None,
        selection: Selection::default(),
        actions: &registry::find,
        action_names: registry::names(),
    };
    match resolve(&request) {
        Ok(plan) => plan,
        Err(problems) => panic!("{problems:?}"),
    }
}

/// The baseline: fields of their own types, nothing looked at.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "decoding them is the work")]
struct PlainRunbook {
    runbook: String,
    title: String,
    product: String,
    scenario: String,
    backup: Vec<PlainStep>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "decoding them is the work")]
struct PlainStep {
    id: String,
    title: String,
    uses: String,
    with: PlainOptions,
    timeout: String,
    retry: PlainRetry,
    after: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "decoding them is the work")]
struct PlainOptions {
    argv: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "decoding them is the work")]
struct PlainRetry {
    attempts: u32,
    delay: String,
}

fn decoded(text: &str) -> PlainRunbook {
    serde_yaml::from_str(text).expect("the runbook is valid")
}

fn written(shape: &str, steps: usize) -> PathBuf {
    let file = data().join(format!("{shape}-{steps}.yaml"));
    std::fs::write(&file, text(shape, steps)).expect("the runbook can be written");
    file
}

/// A runbook of that shape whose steps run `/bin/true`.
pub(crate) fn text(shape: &str, steps: usize) -> String {
    let mut text = heading();
    for (step, after) in graph(shape, steps) {
        let after: Vec<String> = after.iter().map(|other| format!("s{other}")).collect();
        _ = write!(
            text,
            "  - id: s{step}\n    title: step number {step}\n    uses: command.run\n    \
             with: {{ argv: [/bin/true] }}\n    timeout: 60s\n    \
             retry: {{ attempts: 3, delay: 5s }}\n    after: [{}]\n",
            after.join(", ")
        );
    }
    text
}

/// What every runbook of the rows begins with.
pub(crate) fn heading() -> String {
    "runbook: bench\ntitle: a runbook to measure\nproduct: domibus\nscenario: same-server\nbackup:\n"
        .to_owned()
}

/// Steps with those they come after.
fn graph(shape: &str, steps: usize) -> Vec<(usize, Vec<usize>)> {
    (0..steps)
        .map(|step| {
            let after = match (shape, step % 3) {
                (_, _) if step == 0 || shape == "independent" => Vec::new(),
                ("chain", _) | (_, 1) => vec![step - 1],
                // Two steps side by side, then one after both.
                (_, 2) => vec![step - 2],
                _ => vec![step - 2, step - 1],
            };
            (step, after)
        })
        .collect()
}
