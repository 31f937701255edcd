//! A plan for reading: what a dry run prints. ASCII but for the texts of the plan itself, so that it
//! can be compared, mailed and pasted.

use std::io::{self, Write};

use super::stages::{Milestones, Stage, Stages, after_words, conditions, preview_words};
use crate::plan::{Plan, PlannedStep};
use crate::report::look::Look;
use crate::report::words::clean;

/// Writes every step in order, to the argument.
pub fn tree(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let stages = Stages::of(plan);
    let milestones = Milestones::of(&stages);
    let Plan {
        phase,
        site,
        product,
        scenario,
        runbook,
        program,
        ..
    } = plan;
    writeln!(
        out,
        "{phase} of {}: {}, {}",
        clean(site),
        clean(product),
        clean(scenario)
    )?;
    writeln!(
        out,
        "runbook {}, upgrade-kit {}",
        clean(runbook),
        clean(program)
    )?;
    if let Some(set) = &plan.uses_set {
        writeln!(
            out,
            "uses backup set {} in {}",
            clean(set),
            clean(&plan.backups.to_string_lossy())
        )?;
    }
    if plan.writes_set {
        writeln!(
            out,
            "writes a backup set below {}",
            clean(&plan.backups.to_string_lossy())
        )?;
    }
    writeln!(out, "{}", stages.totals())?;
    for stage in &stages.in_order {
        write_stage(plan, stage, &milestones, out)?;
    }
    if !stages.left_out.is_empty() {
        writeln!(out, "\nleft out")?;
        let lines = &stages.left_out_lines;
        let columns = lines.iter().map(|line| line.name.len()).max();
        let columns = columns.unwrap_or(0).min(40);
        for line in lines {
            writeln!(out, "  {:columns$}  {}", clean(line.name), line.why)?;
        }
    }
    Ok(())
}

fn write_stage(
    plan: &Plan,
    stage: &Stage<'_>,
    milestones: &Milestones,
    out: &mut dyn Write,
) -> io::Result<()> {
    let parallel = stage.parallel();
    if let Some(text) = &parallel {
        writeln!(out, "\n     {text}")?;
    }
    let margin = if parallel.is_some() { "| " } else { "" };
    for (number, step) in (stage.first..).zip(&stage.steps) {
        if parallel.is_none() {
            writeln!(out)?;
        }
        write_step(plan, step, number, (margin, milestones), out)?;
    }
    Ok(())
}

fn write_step(
    plan: &Plan,
    step: &PlannedStep,
    number: usize,
    (margin, milestones): (&str, &Milestones),
    out: &mut dyn Write,
) -> io::Result<()> {
    for mark in milestones.before(number) {
        writeln!(out, "==== {margin}{mark}")?;
    }
    let id = Look::plain().column(&clean(&step.id), 32.max(step.id.len()));
    writeln!(out, "{number:>4} {margin}{id}  {}", clean(&step.action))?;
    let line = |out: &mut dyn Write, word: &str, text: &str| {
        writeln!(out, "     {margin}  {word:<7} {}", clean(text))
    };
    writeln!(out, "     {margin}  {}", clean(&step.title))?;
    if !step.source.is_empty() {
        line(out, "source", &step.source.join(", "))?;
    }
    if !step.after.is_empty() {
        line(out, "after", &after_words(plan, step))?;
    }
    for preview in &step.preview {
        let (word, text) = preview_words(preview);
        line(out, word, text)?;
    }
    let conditions = conditions(step);
    if !conditions.is_empty() {
        line(out, "with", &conditions.join(", "))?;
    }
    for mark in milestones.after(number) {
        writeln!(out, "==== {margin}{mark}")?;
    }
    Ok(())
}
