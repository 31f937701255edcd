//! Order among the drafted steps: `after` and `before` resolved, sorted, selected, outputs checked.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::slice;

use super::graph;
use super::resolve::{Draft, PlanRequest, did_you_mean};
use super::turns;
use super::types::PlannedStep;
use crate::diagnostic::{Code, Problem, Problems, suggest};
use crate::runbook::Step;

/// Puts the drafts in order.
pub(super) fn settle(
    drafts: Vec<Draft<'_>>,
    request: &PlanRequest<'_>,
    problems: &mut Problems,
) -> Vec<PlannedStep> {
    let names = Names::new(&drafts);
    let after = edges(&drafts, &names, request, problems);
    if problems.has_errors() {
        return Vec::new();
    }
    let sorted = match turns::in_turn(&drafts, &after) {
        None => graph::sort(&after),
        Some(in_turn) => graph::sort(&in_turn),
    };
    let order = match sorted {
        Ok(order) => order,
        Err(members) => {
            problems.push(cycle(&drafts, &members, request));
            return Vec::new();
        }
    };
    check_reads(&drafts, &after, &names, request, problems);
    let mut place = vec![0; order.len()];
    for (at, &draft) in order.iter().enumerate() {
        place[draft] = at;
    }
    let mut drafts: Vec<Option<PlannedStep>> = drafts
        .into_iter()
        .map(|draft| Some(draft.planned))
        .collect();
    let mut steps: Vec<PlannedStep> = Vec::with_capacity(order.len());
    for &draft in &order {
        if let Some(mut planned) = drafts[draft].take() {
            planned.after = after[draft].iter().map(|&other| place[other]).collect();
            planned.after.sort_unstable();
            steps.push(planned);
        }
    }
    super::select::apply(&mut steps, &request.selection, problems);
    steps
}

/// Steps and instances by name.
struct Names<'a> {
    /// Positions of all instances of a step.
    steps: HashMap<&'a str, Vec<usize>>,
    /// Position of one instance.
    instances: HashMap<&'a str, usize>,
    /// Whether two fan-outs, known by their first instances, are over the same items, once that was
    /// asked.
    alike: RefCell<HashMap<(usize, usize), bool>>,
}

impl<'a> Names<'a> {
    fn new(drafts: &'a [Draft<'_>]) -> Self {
        let mut steps: HashMap<&str, Vec<usize>> = HashMap::with_capacity(drafts.len());
        let mut instances = HashMap::new();
        for (at, draft) in drafts.iter().enumerate() {
            steps
                .entry(draft.planned.step.as_str())
                .or_default()
                .push(at);
            if draft.planned.item.is_some() {
                instances.insert(draft.planned.id.as_str(), at);
            }
        }
        Self {
            steps,
            instances,
            alike: RefCell::default(),
        }
    }

    /// The drafts that `reference` of `from` means. Between two fan-outs over the same items order
    /// is item by item; a milestone between them makes it a barrier.
    fn find(&self, reference: &str, from: &Draft<'_>, drafts: &[Draft<'_>]) -> Option<&[usize]> {
        if let Some(at) = self.instances.get(reference) {
            return Some(slice::from_ref(at));
        }
        let all = self.steps.get(reference)?;
        if let Some(item) = &from.planned.item
            && let Some(at) = self.instances.get(format!("{reference}[{item}]").as_str())
            && let Some(own) = self.steps.get(from.planned.step.as_str())
            && self.are_alike(own, all, drafts)
        {
            return Some(slice::from_ref(at));
        }
        Some(all)
    }

    /// Whether two fan-outs are over the same items.
    fn are_alike(&self, one: &[usize], other: &[usize], drafts: &[Draft<'_>]) -> bool {
        let compare = || {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len()
                && pairs
                    .all(|(&one, &other)| drafts[one].planned.item == drafts[other].planned.item)
        };
        *self
            .alike
            .borrow_mut()
            .entry((one[0], other[0]))
            .or_insert_with(compare)
    }
}

fn edges(
    drafts: &[Draft<'_>],
    names: &Names<'_>,
    request: &PlanRequest<'_>,
    problems: &mut Problems,
) -> Vec<Vec<usize>> {
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    let mut reported = BTreeSet::new();
    for (at, draft) in drafts.iter().enumerate() {
        for ((key, position), reference) in draft.references.each(&draft.source.document) {
            match names.find(reference, draft, drafts) {
                Some(found) if key == "after" => after[at].extend(found),
                Some(found) => {
                    for &other in found {
                        after[other].push(at);
                    }
                }
                None => {
                    let origin = draft.source.origin.join([key, &position.to_string()]);
                    if reported.insert((origin.document, origin.path.clone())) {
                        let problem = dangling(reference, draft.source, &origin, names, request);
                        problems.push(problem);
                    }
                }
            }
        }
    }
    for earlier in &mut after {
        earlier.sort_unstable();
        earlier.dedup();
    }
    after
}

fn dangling(
    reference: &str,
    step: &Step,
    origin: &crate::runbook::Origin,
    names: &Names<'_>,
    request: &PlanRequest<'_>,
) -> Problem {
    let mut known: Vec<&str> = names.steps.keys().copied().collect();
    known.sort_unstable();
    let message = format!(
        "step `{}` names a step `{reference}` that does not exist",
        step.document.id
    );
    Problem::error(Code::UNKNOWN_STEP, message)
        .at(
            request.runbook.documents[origin.document].value_at(&origin.path),
            "no such step",
        )
        .maybe_help(did_you_mean(suggest(reference, known)))
}

fn cycle(drafts: &[Draft<'_>], members: &[usize], request: &PlanRequest<'_>) -> Problem {
    let name = |at: usize| drafts[at].planned.id.as_str();
    let shown = members.len().min(12);
    let mut path: Vec<&str> = members[..shown].iter().map(|&at| name(at)).collect();
    if shown < members.len() {
        path.push("…");
    }
    path.push(name(members[0]));
    let first = drafts[members[0]].source;
    let origin = first.origin.join(["id"]);
    let mut problem = Problem::error(
        Code::CYCLE,
        format!("these steps wait for each other: {}", path.join(" after ")),
    )
    .at(
        request.runbook.documents[origin.document].value_at(&origin.path),
        "this step",
    );
    for &member in &members[1..shown] {
        let origin = drafts[member].source.origin.join(["id"]);
        let document = &request.runbook.documents[origin.document];
        problem = problem.and(document.value_at(&origin.path), "and this one");
    }
    problem = problem.help("remove one of the `after` or `before` lines between them");
    let queues: BTreeSet<&str> = members
        .iter()
        .filter_map(|&at| drafts[at].planned.queue.as_deref())
        .collect();
    for queue in queues {
        problem = problem.help(format!(
            "the items of queue `{queue}` take their turns: a step for one comes after every step for \
             the one before"
        ));
    }
    problem
}

/// An output may be read only of a step that exists, promises it, runs, and comes before.
fn check_reads(
    drafts: &[Draft<'_>],
    after: &[Vec<usize>],
    names: &Names<'_>,
    request: &PlanRequest<'_>,
    problems: &mut Problems,
) {
    for (at, draft) in drafts.iter().enumerate() {
        for read in &draft.outputs {
            let (step, output) = (&read.reference.step, &read.reference.output);
            let origin = draft.source.option_origin(&read.path);
            let fault = |code, message: String, help: Option<String>| {
                let document = &request.runbook.documents[origin.document];
                Problem::error(code, message)
                    .at(document.value_at(&origin.path), "")
                    .maybe_help(help)
            };
            let found = names.instances.get(step.as_str()).copied().or_else(|| {
                names
                    .steps
                    .get(step.as_str())
                    .and_then(|all| match all.as_slice() {
                        [one] => Some(*one),
                        _ => None,
                    })
            });
            let Some(other) = found else {
                let message = if names.steps.contains_key(step.as_str()) {
                    format!("step `{step}` has several instances: name one, `{step}[…]`")
                } else {
                    format!("there is no step `{step}` to read an output of")
                };
                let near = suggest(step, names.steps.keys().copied());
                problems.push(fault(Code::UNKNOWN_STEP, message, did_you_mean(near)));
                continue;
            };
            let other = &drafts[other].planned;
            let promised = (request.actions)(&other.action).map_or(&[][..], |entry| entry.outputs);
            if !promised.iter().any(|spec| spec.name == *output) {
                let known: Vec<&str> = promised.iter().map(|spec| spec.name).collect();
                let help = match known.as_slice() {
                    [] => format!("`{}` has no outputs", other.action),
                    known => format!("`{}` has: {}", other.action, known.join(", ")),
                };
                let message = format!("step `{step}` has no output `{output}`");
                problems.push(fault(Code::UNKNOWN_OUTPUT, message, Some(help)));
            } else if other.left_out.is_some() {
                let message = format!("step `{step}` is left out, so its output cannot be read");
                problems.push(fault(Code::ORDER, message, None));
            } else if !comes_before(names, step, at, after) {
                let message = format!("step `{step}` does not come before this one");
                let help = format!("add `after: [{step}]`");
                problems.push(fault(Code::ORDER, message, Some(help)));
            }
        }
    }
}

fn comes_before(names: &Names<'_>, earlier: &str, later: usize, after: &[Vec<usize>]) -> bool {
    let wanted = names.instances.get(earlier).copied().or_else(|| {
        names
            .steps
            .get(earlier)
            .and_then(|all| all.first().copied())
    });
    let mut seen = vec![false; after.len()];
    let mut open = vec![later];
    while let Some(at) = open.pop() {
        for &other in &after[at] {
            if Some(other) == wanted {
                return true;
            }
            if !std::mem::replace(&mut seen[other], true) {
                open.push(other);
            }
        }
    }
    false
}
