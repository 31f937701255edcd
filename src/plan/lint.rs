//! Checks a runbook without a site: references, circles, actions, the syntax of its expressions.

use std::collections::HashMap;

use super::graph;
use super::references::is_expression;
use super::resolve::did_you_mean;
use crate::adapter::ActionEntry;
use crate::diagnostic::{Code, Problem, Problems, suggest};
use crate::runbook::{PhaseName, Runbook, Step};

/// Everything that is wrong with a runbook whatever the site.
pub fn lint(
    runbook: &Runbook,
    actions: &dyn Fn(&str) -> Option<&'static ActionEntry>,
    action_names: &[&'static str],
) -> Result<(), Problems> {
    let mut problems = Problems::new();
    for phase in PhaseName::ALL {
        let steps: Vec<&Step> = runbook.steps(phase).map(|(_, step)| step).collect();
        let mut place: HashMap<&str, usize> = HashMap::new();
        for (at, step) in steps.iter().enumerate() {
            let id = step.document.id.as_str();
            if place.insert(id, at).is_some() {
                let origin = step.origin.join(["id"]);
                let document = &runbook.documents[origin.document];
                problems.push(
                    Problem::error(Code::DUPLICATE_STEP, format!("two steps are called `{id}`"))
                        .at(document.value_at(&origin.path), ""),
                );
            }
            if actions(&step.document.uses).is_none() {
                let uses = &step.document.uses;
                let origin = step.origin.join(["uses"]);
                let document = &runbook.documents[origin.document];
                problems.push(
                    Problem::error(Code::UNKNOWN_ACTION, format!("there is no action `{uses}`"))
                        .at(document.value_at(&origin.path), "")
                        .maybe_help(did_you_mean(suggest(uses, action_names.iter().copied()))),
                );
            }
        }
        order(runbook, &steps, &place, &mut problems);
    }
    if problems.has_errors() {
        Err(problems)
    } else {
        Ok(())
    }
}

fn order(
    runbook: &Runbook,
    steps: &[&Step],
    place: &HashMap<&str, usize>,
    problems: &mut Problems,
) {
    let mut after = vec![Vec::new(); steps.len()];
    let mut dangling = false;
    for (at, step) in steps.iter().enumerate() {
        let document = &step.document;
        for (key, references) in [("after", &document.after), ("before", &document.before)] {
            for (position, reference) in references.iter().enumerate() {
                // Only a site tells what an expression names.
                if is_expression(reference) {
                    continue;
                }
                let id = reference.split('[').next().unwrap_or(reference);
                match place.get(id) {
                    Some(&other) if key == "after" => after[at].push(other),
                    Some(&other) => after[other].push(at),
                    None => {
                        dangling = true;
                        let origin = step.origin.join([key, &position.to_string()]);
                        let source = &runbook.documents[origin.document];
                        problems.push(
                            Problem::error(
                                Code::UNKNOWN_STEP,
                                format!(
                                    "step `{}` names a step `{reference}` that does not exist",
                                    document.id
                                ),
                            )
                            .at(source.value_at(&origin.path), "no such step")
                            .maybe_help(did_you_mean(suggest(reference, place.keys().copied()))),
                        );
                    }
                }
            }
        }
    }
    if dangling {
        return;
    }
    for earlier in &mut after {
        earlier.sort_unstable();
        earlier.dedup();
    }
    if let Err(members) = graph::sort(&after) {
        let mut names: Vec<&str> = members
            .iter()
            .take(12)
            .map(|&at| steps[at].document.id.as_str())
            .collect();
        names.push(names[0]);
        let origin = steps[members[0]].origin.join(["id"]);
        problems.push(
            Problem::error(
                Code::CYCLE,
                format!("these steps wait for each other: {}", names.join(" after ")),
            )
            .at(
                runbook.documents[origin.document].value_at(&origin.path),
                "this step",
            ),
        );
    }
}
