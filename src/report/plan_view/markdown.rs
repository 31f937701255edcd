//! A plan as a handbook: what a person would do by hand, to print and to tick off.

use std::io::{self, Write};

use super::stages::{Milestones, Stages, after_words, conditions, preview_words};
use crate::adapter::PreviewLine;
use crate::plan::{Plan, PlannedStep};
use crate::report::words::{capital, clean};

/// Writes numbered steps with their commands and the instructions that they carry out.
pub fn markdown(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let stages = Stages::of(plan);
    let milestones = Milestones::of(&stages);
    let phase = capital(plan.phase.as_str());
    writeln!(out, "# {phase} of {}\n", escaped(&plan.site))?;
    writeln!(
        out,
        "Product {}, scenario {}, runbook {}, made by upgrade-kit {}.",
        escaped(&plan.product),
        escaped(&plan.scenario),
        escaped(&plan.runbook),
        escaped(&plan.program)
    )?;
    writeln!(out, "{}.", capital(&stages.totals()))?;
    if let Some(set) = &plan.uses_set {
        writeln!(
            out,
            "Uses backup set `{}` in `{}`.",
            clean(set),
            clean(&plan.backups.to_string_lossy())
        )?;
    }
    for stage in &stages.in_order {
        if let Some(text) = stage.parallel() {
            writeln!(out, "\n_{}._", capital(&escaped(&text)))?;
        }
        for (number, step) in (stage.first..).zip(&stage.steps) {
            write_step(plan, step, number, &milestones, out)?;
        }
    }
    if !stages.left_out.is_empty() {
        writeln!(out, "\n## Left out\n")?;
        for line in &stages.left_out_lines {
            match line.title {
                Some(title) => write!(out, "- {} (`{}`)", escaped(title), clean(line.name))?,
                None => write!(out, "- part `{}`", clean(line.name))?,
            }
            writeln!(out, ": {}", escaped(&line.why))?;
        }
    }
    writeln!(out, "\n## Documents\n")?;
    for document in &plan.documents {
        writeln!(
            out,
            "- `{}` (SHA-256 `{}`)",
            clean(&document.name),
            clean(&document.sha256)
        )?;
    }
    Ok(())
}

fn write_step(
    plan: &Plan,
    step: &PlannedStep,
    number: usize,
    milestones: &Milestones,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "\n## {number}. {}\n", escaped(&step.title))?;
    for mark in milestones.before(number) {
        writeln!(out, "> **{}.**\n", capital(mark))?;
    }
    write!(
        out,
        "- [ ] Step `{}`, action `{}`",
        clean(&step.id),
        clean(&step.action)
    )?;
    if !step.source.is_empty() {
        write!(out, ", carries out {}", escaped(&step.source.join(", ")))?;
    }
    writeln!(out, ".")?;
    if !step.after.is_empty() {
        writeln!(out, "- After: {}.", escaped(&after_words(plan, step)))?;
    }
    let conditions = conditions(step);
    if !conditions.is_empty() {
        writeln!(out, "- {}.", capital(&escaped(&conditions.join(", "))))?;
    }
    write_preview(step, out)?;
    for mark in milestones.after(number) {
        writeln!(out, "\n> **{}.**", capital(mark))?;
    }
    Ok(())
}

/// Commands in one block a run of them, everything else as items.
fn write_preview(step: &PlannedStep, out: &mut dyn Write) -> io::Result<()> {
    let mut rest = step.preview.as_slice();
    while let Some(first) = rest.first() {
        if let PreviewLine::Command(_) = first {
            let count = rest
                .iter()
                .take_while(|line| matches!(line, PreviewLine::Command(_)))
                .count();
            let commands = &rest[..count];
            let fence = fence(commands);
            writeln!(out, "\n{fence}sh")?;
            for command in commands {
                writeln!(out, "{}", clean(preview_words(command).1))?;
            }
            writeln!(out, "{fence}\n")?;
            rest = &rest[count..];
        } else {
            let (word, text) = preview_words(first);
            writeln!(out, "- {}: {}", capital(word), escaped(text))?;
            rest = &rest[1..];
        }
    }
    Ok(())
}

/// A fence longer than any run of backquotes inside.
fn fence(lines: &[PreviewLine]) -> String {
    let longest = lines
        .iter()
        .flat_map(|line| preview_words(line).1.split(|c| c != '`'))
        .map(str::len)
        .max()
        .unwrap_or(0);
    "`".repeat((longest + 1).max(3))
}

fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in clean(text).chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|'
        ) {
            shown.push('\\');
        }
        shown.push(c);
    }
    shown
}
