//! What the operator leaves out: `--skip` and `--start-at`.

use crate::diagnostic::{Code, Problem, Problems, suggest};
use crate::event::Because;

use super::resolve::did_you_mean;
use super::types::PlannedStep;

/// What the operator leaves out.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Steps, instances, `step` for all of its instances, or `queue[item]` for all steps of an item.
    pub skip: Vec<String>,
    /// The step to begin with: steps that stand before it in the plan's order are left out.
    pub start_at: Option<String>,
}

/// Marks steps as left out. A name that fits no step is a problem.
pub(super) fn apply(steps: &mut [PlannedStep], selection: &Selection, problems: &mut Problems) {
    for name in &selection.skip {
        let found = matching(steps, name);
        if found.is_empty() {
            problems.push(unknown(steps, name, "--skip"));
        }
        for at in found {
            steps[at].left_out.get_or_insert(Because::SkippedByOperator);
        }
    }
    let Some(start) = &selection.start_at else {
        return;
    };
    let found = matching(steps, start);
    if found.is_empty() {
        problems.push(unknown(steps, start, "--start-at"));
        return;
    }
    let first = found[0];
    for step in &mut steps[..first] {
        step.left_out
            .get_or_insert_with(|| Because::BeforeStart(start.clone()));
    }
}

fn matching(steps: &[PlannedStep], name: &str) -> Vec<usize> {
    steps
        .iter()
        .enumerate()
        .filter(|(_, step)| {
            step.id == name || step.step == name || turn(step).as_deref() == Some(name)
        })
        .map(|(at, _)| at)
        .collect()
}

/// `queue[item]` of a step that takes its turn in one.
fn turn(step: &PlannedStep) -> Option<String> {
    let (queue, item) = (step.queue.as_ref()?, step.item.as_ref()?);
    Some(format!("{queue}[{item}]"))
}

fn unknown(steps: &[PlannedStep], name: &str, option: &str) -> Problem {
    let message = format!("{option} names `{name}`, which is no step of this plan");
    let turns: Vec<String> = steps.iter().filter_map(turn).collect();
    let known = steps.iter().map(|step| step.id.as_str());
    let known = known.chain(turns.iter().map(String::as_str));
    Problem::error(Code::UNKNOWN_SELECTION, message)
        .maybe_help(did_you_mean(suggest(name, known)))
        .help("`upgrade-kit plan` shows every step")
}
