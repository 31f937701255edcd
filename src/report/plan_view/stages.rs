//! Which steps of a plan may run at the same time, and what readers want to know of a step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::adapter::PreviewLine;
use crate::event::{Because, Mark};
use crate::plan::{OnFailure, Plan, PlannedStep};
use crate::report::words::{self, clean};

/// Neighbours in plan order that run, none of which waits for another of them.
pub(super) struct Stage<'a> {
    /// Number of the first step, from 1.
    pub(super) first: usize,
    /// In plan order.
    pub(super) steps: Vec<&'a PlannedStep>,
}

/// The steps that run, in stages. The plan's own order is kept, because `--start-at` goes by it.
pub(super) struct Stages<'a> {
    /// In plan order.
    pub(super) in_order: Vec<Stage<'a>>,
    /// Steps that are left out, in plan order.
    pub(super) left_out: Vec<&'a PlannedStep>,
    /// The same for reading: a part of which no step runs, all for one reason, is one line.
    pub(super) left_out_lines: Vec<LeftOut<'a>>,
    /// The most steps that stand equally deep in the graph.
    widest: usize,
}

/// A step, or a whole part, that is left out.
pub(super) struct LeftOut<'a> {
    /// Id of the step, or name of the part.
    pub(super) name: &'a str,
    /// Title of the step; none for a part.
    pub(super) title: Option<&'a str>,
    /// Why.
    pub(super) why: String,
}

fn lines_of<'a>(plan: &'a Plan, left_out: &[&'a PlannedStep]) -> Vec<LeftOut<'a>> {
    // How many steps a part has, and the reason for which all of them are left out.
    let mut parts: BTreeMap<&str, (usize, Option<&Because>)> = BTreeMap::new();
    for step in &plan.steps {
        let reason = step.left_out.as_ref();
        let reason = reason.filter(|because| because.does_not_apply());
        let part = parts.entry(step.part.as_str()).or_insert((0, reason));
        part.0 += 1;
        if part.1 != reason {
            part.1 = None;
        }
    }
    let mut lines = Vec::new();
    let mut told = BTreeSet::new();
    for step in left_out {
        let why = step.left_out.as_ref().map(words::because);
        let why = why.unwrap_or_default();
        let part = step.part.as_str();
        if !matches!(parts.get(part), Some((2.., Some(_)))) {
            lines.push(LeftOut {
                name: &step.id,
                title: Some(&step.title),
                why,
            });
        } else if told.insert(part) {
            lines.push(LeftOut {
                name: part,
                title: None,
                why,
            });
        }
    }
    lines
}

impl<'a> Stages<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        let depths = depths(plan);
        let mut widths: BTreeMap<usize, usize> = BTreeMap::new();
        let mut stages: Vec<(usize, Stage<'a>)> = Vec::new();
        let (mut left_out, mut number) = (Vec::new(), 0);
        for (step, &depth) in plan.steps.iter().zip(&depths) {
            if step.left_out.is_some() {
                left_out.push(step);
                continue;
            }
            number += 1;
            *widths.entry(depth).or_default() += 1;
            match stages.last_mut() {
                // Steps of one depth cannot wait for each other.
                Some((same, stage)) if *same == depth => stage.steps.push(step),
                _ => stages.push((
                    depth,
                    Stage {
                        first: number,
                        steps: vec![step],
                    },
                )),
            }
        }
        Self {
            in_order: stages.into_iter().map(|(_, stage)| stage).collect(),
            left_out_lines: lines_of(plan, &left_out),
            left_out,
            widest: widths.into_values().max().unwrap_or(0),
        }
    }

    /// Steps that run, with their numbers.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (usize, &'a PlannedStep)> {
        self.in_order
            .iter()
            .flat_map(|stage| (stage.first..).zip(stage.steps.iter().copied()))
    }

    /// `9 steps run, 2 are left out, up to 3 at once; the outage is open from step 2 to step 8`.
    pub(super) fn totals(&self) -> String {
        let count: usize = self.in_order.iter().map(|stage| stage.steps.len()).sum();
        let mut text = format!("{} to run", words::plural(count as u64, "step"));
        if !self.left_out.is_empty() {
            _ = write!(
                text,
                ", {} left out",
                words::number(self.left_out.len() as u64)
            );
        }
        if self.widest > 1 {
            _ = write!(
                text,
                ", up to {} at once",
                words::number(self.widest as u64)
            );
        }
        let first = |mark: Mark| {
            self.numbered()
                .find(|(_, step)| step.marks.contains(&mark))
                .map(|(number, _)| number)
        };
        let last = |mark: Mark| {
            self.numbered()
                .filter(|(_, step)| step.marks.contains(&mark))
                .last()
                .map(|(number, _)| number)
        };
        match (first(Mark::OutageOpens), last(Mark::OutageCloses)) {
            (Some(from), Some(to)) => _ = write!(text, "; outage from step {from} to step {to}"),
            (Some(from), None) => _ = write!(text, "; outage from step {from} on"),
            _ => {}
        }
        if let Some(number) = first(Mark::PointOfNoReturn) {
            _ = write!(text, "; point of no return at step {number}");
        }
        text
    }
}

impl Stage<'_> {
    /// `steps 3 to 6 may run in parallel, at most 2 of dump-database`, if there is more than one.
    pub(super) fn parallel(&self) -> Option<String> {
        if self.steps.len() < 2 {
            return None;
        }
        let mut text = format!(
            "steps {} to {} may run in parallel",
            self.first,
            self.first + self.steps.len() - 1
        );
        let limits: BTreeMap<&str, usize> = self
            .steps
            .iter()
            .filter_map(|step| Some((step.step.as_str(), step.max_parallel?)))
            .collect();
        for (step, limit) in limits {
            _ = write!(text, ", at most {limit} of {}", clean(step));
        }
        Some(text)
    }
}

/// For each step, how many steps that run stand before it on the longest way. In a queue the steps of
/// an item stand before those of the next one.
fn depths(plan: &Plan) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(plan.steps.len());
    let mut queues: BTreeMap<&str, Turn<'_>> = BTreeMap::new();
    for step in &plan.steps {
        // Order holds through a step that is left out, but it takes no time of its own.
        let deepest = step
            .after
            .iter()
            .filter_map(|&at| {
                let runs = plan.steps.get(at)?.left_out.is_none();
                Some(depths.get(at)? + usize::from(runs))
            })
            .max();
        let mut depth = deepest.unwrap_or(0);
        if let (Some(queue), Some(item)) = (&step.queue, &step.item) {
            let turn = queues.entry(queue).or_default();
            if turn.item != item.as_str() {
                turn.item = item;
                turn.from = turn.to;
            }
            depth = depth.max(turn.from);
            turn.to = turn.to.max(depth + usize::from(step.left_out.is_none()));
        }
        depths.push(depth);
    }
    depths
}

/// The item whose turn it is in a queue, and the depths between which its steps stand.
#[derive(Default)]
struct Turn<'a> {
    item: &'a str,
    from: usize,
    to: usize,
}

/// What happens to the maintenance window before and after steps, by their number. A mark of a fan-out
/// is on every instance: what opens is told at the first, what closes at the last.
#[derive(Default)]
pub(super) struct Milestones {
    before: BTreeMap<usize, Vec<&'static str>>,
    after: BTreeMap<usize, Vec<&'static str>>,
}

impl Milestones {
    pub(super) fn of(stages: &Stages<'_>) -> Self {
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for (number, step) in stages.numbered() {
            for mark in &step.marks {
                let opens = !matches!(mark, Mark::OutageCloses | Mark::WindowCloses);
                let places: &mut Vec<(Mark, usize)> = if opens { &mut first } else { &mut last };
                match places.iter_mut().find(|(known, _)| known == mark) {
                    Some((_, place)) if !opens => *place = number,
                    Some(_) => {}
                    None => places.push((*mark, number)),
                }
            }
        }
        let mut milestones = Self::default();
        for (places, by_number) in [
            (first, &mut milestones.before),
            (last, &mut milestones.after),
        ] {
            for (mark, number) in places {
                by_number.entry(number).or_default().push(mark_words(mark));
            }
        }
        milestones
    }

    /// What happens before the step of that number starts.
    pub(super) fn before(&self, number: usize) -> &[&'static str] {
        self.before.get(&number).map_or(&[], Vec::as_slice)
    }

    /// What happens when the step of that number has ended.
    pub(super) fn after(&self, number: usize) -> &[&'static str] {
        self.after.get(&number).map_or(&[], Vec::as_slice)
    }
}

fn mark_words(mark: Mark) -> &'static str {
    match mark {
        Mark::OutageOpens => "the outage opens",
        Mark::OutageCloses => "the outage closes",
        Mark::PointOfNoReturn => "point of no return: from here on only a restore leads back",
        Mark::WindowOpens => "the consistency window opens",
        Mark::WindowCloses => "the consistency window closes",
    }
}

/// A line of a preview: what happens, to what.
pub(super) fn preview_words(line: &PreviewLine) -> (&'static str, &str) {
    match line {
        PreviewLine::Command(text) => ("runs", text),
        PreviewLine::Reads(text) => ("reads", text),
        PreviewLine::Writes(text) => ("writes", text),
        PreviewLine::Removes(text) => ("removes", text),
        PreviewLine::Checks(text) => ("checks", text),
        PreviewLine::Note(text) => ("note", text),
    }
}

/// Names of the steps that a step comes after.
pub(super) fn after_words(plan: &Plan, step: &PlannedStep) -> String {
    /// More names than this are counted.
    const NAMED: usize = 6;
    let names: Vec<String> = step
        .after
        .iter()
        .filter_map(|&at| plan.steps.get(at))
        .map(|step| clean(&step.id))
        .collect();
    words::list(&names, NAMED)
}

/// Time limit, attempts, what a failure means, the host: only what is not usual.
pub(super) fn conditions(step: &PlannedStep) -> Vec<String> {
    let mut all = Vec::new();
    if step.host != "local" {
        all.push(format!("on host {}", clean(&step.host)));
    }
    if let Some(limit) = step.timeout_ms {
        all.push(format!("limit {}", words::duration(limit)));
    }
    if let Some(retry) = step.retry.filter(|retry| retry.attempts > 1) {
        all.push(format!("up to {} attempts", retry.attempts));
    }
    if step.optional {
        all.push("its failure is only a warning".to_owned());
    } else if step.on_failure == OnFailure::Continue {
        all.push("after its failure the others go on".to_owned());
    }
    all
}
