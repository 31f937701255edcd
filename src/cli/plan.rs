//! `plan`: what a phase would do, to the argument.

use std::io::Write;

use super::arguments::{PlanArguments, PlanFormat};
use super::exit::Exit;
use super::load::load;
use super::planning::{Prepared, Purpose, prepare};
use super::stop::Stop;
use crate::report::plan_view;

/// Shows the plan of a phase.
pub(super) fn plan(arguments: &PlanArguments, out: &mut dyn Write) -> Result<Exit, Stop> {
    let loaded = load(&arguments.planning.site)?;
    let prepared = prepare(
        &loaded,
        arguments.phase.into(),
        &arguments.planning,
        arguments.from.as_deref(),
        Purpose::Look,
    )?;
    write(&prepared, arguments.format, out)
}

/// Writes a plan in a format.
pub(super) fn write(
    prepared: &Prepared,
    format: PlanFormat,
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    let plan = &prepared.plan;
    match format {
        PlanFormat::Tree => plan_view::tree(plan, out)?,
        PlanFormat::Json => plan_view::json(plan, out)?,
        PlanFormat::Mermaid => plan_view::mermaid(plan, out)?,
        PlanFormat::Dot => plan_view::dot(plan, out)?,
        PlanFormat::Markdown => plan_view::markdown(plan, out)?,
    }
    Ok(Exit::Done)
}
