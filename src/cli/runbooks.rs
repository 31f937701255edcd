//! `runbooks`: list, show, lint.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::arguments::RunbooksCommand;
use super::exit::Exit;
use super::stop::Stop;
use crate::adapter::registry;
use crate::diagnostic::SourceFile;
use crate::plan::lint;
use crate::runbook::{Library, PhaseName, Runbook, SHIPPED, Step};

/// Does what was asked of runbooks.
pub(super) fn runbooks(command: &RunbooksCommand, out: &mut dyn Write) -> Result<Exit, Stop> {
    match command {
        RunbooksCommand::List => list(out),
        RunbooksCommand::Show {
            name,
            source,
            runbooks,
        } => {
            let runbook = load(name, runbooks)?;
            if *source {
                print_source(&runbook, out)
            } else {
                show(&runbook, out)
            }
        }
        RunbooksCommand::Lint { name, runbooks } => {
            let runbook = load(name, runbooks)?;
            lint(&runbook, &registry::find, &registry::names())?;
            let steps: usize = PhaseName::ALL
                .iter()
                .map(|&phase| runbook.steps(phase).count())
                .sum();
            writeln!(
                out,
                "{}: {}, {}, no problems",
                runbook.name,
                counted(runbook.parts.len(), "part"),
                counted(steps, "step")
            )?;
            Ok(Exit::Done)
        }
    }
}

fn load(name: &str, directories: &[PathBuf]) -> Result<Runbook, Stop> {
    let library = Library::new(directories.to_vec());
    let is_path = Path::new(name).extension().is_some() || Path::new(name).is_file();
    let name = if is_path && !name.starts_with(['.', '/']) {
        format!("./{name}")
    } else {
        name.to_owned()
    };
    Ok(Runbook::load(&name, Some(Path::new(".")), &library)?)
}

fn counted(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

fn list(out: &mut dyn Write) -> Result<Exit, Stop> {
    for (name, text) in SHIPPED {
        if SourceFile::new(*name, *text).has(&["runbook"]) {
            let runbook = load(name, &[])?;
            writeln!(out, "{name}  {}", runbook.title)?;
        }
    }
    Ok(Exit::Done)
}

fn show(runbook: &Runbook, out: &mut dyn Write) -> Result<Exit, Stop> {
    writeln!(out, "{}  {}", runbook.name, runbook.title)?;
    writeln!(
        out,
        "product {}, scenario {}",
        runbook.product, runbook.scenario
    )?;
    for phase in PhaseName::ALL {
        if runbook.steps(phase).next().is_none() {
            continue;
        }
        writeln!(out, "\n{}", phase.as_str())?;
        let mut part_shown = "";
        for (part, step) in runbook.steps(phase) {
            if part.name != part_shown {
                let when = part
                    .when
                    .as_ref()
                    .map_or_else(String::new, |when| format!("  when {when}"));
                writeln!(out, "  [{}]{when}", part.name)?;
                part_shown = &part.name;
            }
            show_step(step, out)?;
        }
    }
    Ok(Exit::Done)
}

fn show_step(step: &Step, out: &mut dyn Write) -> std::io::Result<()> {
    let document = &step.document;
    writeln!(out, "    {}  {}", document.id, document.title)?;
    let mut words = vec![format!("uses {}", document.uses)];
    for (word, texts) in [("after", &document.after), ("before", &document.before)] {
        if !texts.is_empty() {
            words.push(format!("{word} {}", texts.join(" and ")));
        }
    }
    words.extend(
        document
            .for_each
            .iter()
            .map(|list| format!("for each of {list}")),
    );
    words.extend(document.when.iter().map(|when| format!("when {when}")));
    let line = words.join(", ");
    writeln!(out, "        {line}")?;
    if let Some(reason) = &step.disabled {
        writeln!(out, "        disabled: {reason}")?;
    }
    if !document.source.0.is_empty() {
        writeln!(out, "        carries out {}", document.source.0.join(", "))?;
    }
    Ok(())
}

fn print_source(runbook: &Runbook, out: &mut dyn Write) -> Result<Exit, Stop> {
    for document in &runbook.documents {
        writeln!(
            out,
            "# ---- {}\n{}",
            document.name(),
            document.text().trim_end()
        )?;
    }
    Ok(Exit::Done)
}
