//! A plan as a Graphviz diagram.

use std::io::{self, Write};

use crate::event::Mark;
use crate::plan::{Plan, PlannedStep};
use crate::report::words::clean;

/// Writes a directed graph: steps that are left out are dashed, the outage and the point of no return
/// have colours of their own.
pub fn dot(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let title = format!("{} of {}", plan.phase, plan.site);
    writeln!(out, "digraph plan {{")?;
    writeln!(
        out,
        "  label=\"{}\"; rankdir=TB; node [shape=box];",
        escaped(&title)
    )?;
    for (at, step) in plan.steps.iter().enumerate() {
        let (id, action) = (escaped(&step.id), escaped(&step.action));
        writeln!(out, "  s{at} [label=\"{id}\\n{action}\"{}];", style(step))?;
    }
    for (at, step) in plan.steps.iter().enumerate() {
        for &before in &step.after {
            writeln!(out, "  s{before} -> s{at};")?;
        }
    }
    writeln!(out, "}}")
}

fn style(step: &PlannedStep) -> &'static str {
    if step.left_out.is_some() {
        ", style=dashed, fontcolor=gray40"
    } else if step.marks.contains(&Mark::PointOfNoReturn) {
        ", color=red3, penwidth=3"
    } else if step
        .marks
        .iter()
        .any(|mark| matches!(mark, Mark::OutageOpens | Mark::OutageCloses))
    {
        ", color=orange3, penwidth=3"
    } else {
        ""
    }
}

fn escaped(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('"', "\\\"")
}
