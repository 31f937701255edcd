//! A plan as a Mermaid diagram, for wikis and merge requests.

use std::io::{self, Write};

use crate::event::Mark;
use crate::plan::{Plan, PlannedStep};
use crate::report::words::clean;

/// Writes a flow chart: steps that are left out are dashed, the outage and the point of no return have
/// colours of their own.
pub fn mermaid(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "flowchart TD")?;
    for (at, step) in plan.steps.iter().enumerate() {
        let (id, action) = (escaped(&step.id), escaped(&step.action));
        writeln!(out, "  s{at}[\"{id}<br/>{action}\"]{}", class(step))?;
    }
    for (at, step) in plan.steps.iter().enumerate() {
        for &before in &step.after {
            writeln!(out, "  s{before} --> s{at}")?;
        }
    }
    writeln!(
        out,
        "  classDef leftOut stroke-dasharray: 4 4,color:#777777"
    )?;
    writeln!(out, "  classDef outage stroke:#cc7700,stroke-width:3px")?;
    writeln!(out, "  classDef noReturn stroke:#cc0000,stroke-width:3px")
}

fn class(step: &PlannedStep) -> &'static str {
    if step.left_out.is_some() {
        ":::leftOut"
    } else if step.marks.contains(&Mark::PointOfNoReturn) {
        ":::noReturn"
    } else if step
        .marks
        .iter()
        .any(|mark| matches!(mark, Mark::OutageOpens | Mark::OutageCloses))
    {
        ":::outage"
    } else {
        ""
    }
}

fn escaped(text: &str) -> String {
    clean(text)
        .replace('#', "#35;")
        .replace('"', "#quot;")
        .replace('<', "#lt;")
        .replace('>', "#gt;")
}
