//! The closing summary of a run: what was done, what was not and why, what to do next.

use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;

use super::lines::failure_details;
use super::look::{BAD, FAINT, GOOD, Look, STRONG, WARN};
use super::story::{Ending, Story};
use super::table::{Lean, table};
use super::words::{self, capital, clean};
use crate::adapter::SEAL_ACTION;
use crate::event::{Because, Mark, RunOutcome, StepState, StepStatus};

/// Steps of one kind that are listed at most; more are counted.
const LISTED: usize = 20;

/// Writes the summary of a run that has ended, or of one that was cut off. `backups` is where the sets
/// of the site are.
pub fn write(
    story: &Story,
    backups: Option<&Path>,
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let summary = Summary { story, look };
    summary.title(out)?;
    summary.counts(out)?;
    summary.not_done(out)?;
    summary.warnings(out)?;
    summary.failures(out)?;
    summary.questions(out)?;
    summary.set(backups, out)?;
    summary.window(out)?;
    summary.next(out)
}

struct Summary<'a> {
    story: &'a Story,
    look: Look,
}

impl Summary<'_> {
    fn ending(&self) -> Option<&Ending> {
        self.story.ending.as_ref()
    }

    fn title(&self, out: &mut dyn Write) -> io::Result<()> {
        let state = &self.story.state;
        let (words, tail, style) = match self.ending().map(|ending| ending.outcome) {
            Some(RunOutcome::Done) => ("done", "", GOOD),
            Some(RunOutcome::Failed) => ("FAILED", "", BAD),
            Some(RunOutcome::Interrupted) => ("interrupted", "; it can be resumed", WARN),
            Some(RunOutcome::Waiting) => ("waiting for an answer", "; it can be resumed", WARN),
            Some(RunOutcome::Unknown) => ("ended", "", WARN),
            None => ("not finished", ": it is at work or was cut off", WARN),
        };
        let phase = capital(&state.phase);
        let name = self
            .look
            .paint(STRONG, &format!("{phase} of {}", clean(&state.site)));
        let time = self.ending().map_or_else(String::new, |ending| {
            format!(" after {}", words::duration(ending.elapsed_ms))
        });
        let run = self
            .look
            .paint(FAINT, &format!("run {}, {}", state.run, state.scenario));
        self.prose(
            &format!(
                "{name}: {}{time}{tail} ({run})",
                self.look.paint(style, words)
            ),
            out,
        )
    }

    /// A line of words, broken between them where the terminal ends. Paths and commands are not broken:
    /// they are there to be copied.
    fn prose(&self, line: &str, out: &mut dyn Write) -> io::Result<()> {
        self.look
            .wrap(line)
            .iter()
            .try_for_each(|line| writeln!(out, "{line}"))
    }

    fn counts(&self, out: &mut dyn Write) -> io::Result<()> {
        let (mut done, mut failed, mut tolerated, mut left_out, mut not_run, mut open) =
            (0, 0, 0, 0, 0, 0);
        for step in &self.story.state.steps {
            *match &step.status {
                StepStatus::Done { .. } => &mut done,
                StepStatus::Failed {
                    tolerated: true, ..
                } => &mut tolerated,
                StepStatus::Failed { .. } => &mut failed,
                StepStatus::NotRun { because } if because.does_not_apply() => continue,
                StepStatus::NotRun { because } if is_choice(because) => &mut left_out,
                StepStatus::NotRun { .. } => &mut not_run,
                _ => &mut open,
            } += 1;
        }
        let counted = [
            (failed, "failed"),
            (tolerated, "failed and tolerated"),
            (left_out, "left out"),
            (not_run, "not run"),
            (open, "not finished"),
        ];
        write!(out, "  {} done", words::plural(done, "step"))?;
        for (count, name) in counted.iter().filter(|(count, _)| *count > 0) {
            write!(out, ", {} {name}", words::number(*count))?;
        }
        writeln!(out)
    }

    fn not_done(&self, out: &mut dyn Write) -> io::Result<()> {
        let why = |step: &StepState| match &step.status {
            StepStatus::NotRun { because } if because.does_not_apply() => None,
            StepStatus::NotRun { because } => {
                let what = if is_choice(because) {
                    "left out"
                } else {
                    "not run"
                };
                Some((what, words::because(because)))
            }
            StepStatus::Interrupted => Some(("cut off", "resume takes it up again".to_owned())),
            StepStatus::Running { .. } => Some(("at work", "or cut off".to_owned())),
            _ => None,
        };
        let steps: Vec<(&StepState, (&str, String))> = self
            .story
            .state
            .steps
            .iter()
            .filter_map(|step| why(step).map(|why| (step, why)))
            .collect();
        let rows: Vec<Vec<String>> = steps
            .iter()
            .take(LISTED)
            .map(|(step, (what, why))| vec![(*what).to_owned(), clean(&step.card.id), why.clone()])
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        out.write_all(table(&[("", Lean::Left); 3], &rows, 4).as_bytes())?;
        more(steps.len(), out)
    }

    fn heading(&self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{}", self.look.paint(STRONG, text))
    }

    fn warnings(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut all = Vec::new();
        for step in &self.story.state.steps {
            if let StepStatus::Done { outcome, .. } = &step.status {
                all.extend(
                    outcome
                        .warnings
                        .iter()
                        .map(|warning| (&step.card.id, warning)),
                );
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        self.heading("Warnings", out)?;
        for (step, warning) in all.iter().take(LISTED) {
            let mark = self.look.paint(WARN, "!");
            self.prose(
                &format!("  {mark} {}: {}", clean(step), clean(warning)),
                out,
            )?;
        }
        more(all.len(), out)
    }

    fn failures(&self, out: &mut dyn Write) -> io::Result<()> {
        let failed = self
            .story
            .steps(|status| matches!(status, StepStatus::Failed { .. }));
        for step in failed.iter().take(LISTED) {
            let StepStatus::Failed {
                failure, tolerated, ..
            } = &step.status
            else {
                continue;
            };
            let (word, style) = if *tolerated {
                ("Tolerated failure", WARN)
            } else {
                ("Failed", BAD)
            };
            let name = format!("{} ({})", clean(&step.card.id), clean(&step.card.action));
            writeln!(
                out,
                "\n{} {}",
                self.look.paint(style, &format!("{word}:")),
                self.look.paint(STRONG, &name)
            )?;
            self.prose(&format!("  {}", clean(&failure.message)), out)?;
            writeln!(
                out,
                "  {}",
                self.look.paint(FAINT, words::failure_kind(failure.kind))
            )?;
            for line in failure_details(failure) {
                writeln!(out, "    {line}")?;
            }
        }
        more(failed.len(), out)
    }

    fn questions(&self, out: &mut dyn Write) -> io::Result<()> {
        for step in self
            .story
            .steps(|status| matches!(status, StepStatus::Waiting { .. }))
        {
            if let StepStatus::Waiting { question } = &step.status {
                self.heading(&format!("Waiting: {}", clean(&step.card.id)), out)?;
                self.prose(&format!("  {}", clean(question)), out)?;
            }
        }
        Ok(())
    }

    fn set(&self, backups: Option<&Path>, out: &mut dyn Write) -> io::Result<()> {
        let state = &self.story.state;
        let place = |set: &str| {
            backups.map_or_else(String::new, |backups| {
                format!("  {}", clean(&backups.join(set).to_string_lossy()))
            })
        };
        if let Some(used) = &state.uses {
            self.heading(&format!("Uses backup set {used}{}", place(used)), out)?;
        }
        let Some(set) = &state.set else {
            return Ok(());
        };
        let done = self
            .ending()
            .is_some_and(|ending| ending.outcome == RunOutcome::Done);
        let sealed = done
            || state.steps.iter().any(|step| {
                step.card.action == SEAL_ACTION && matches!(step.status, StepStatus::Done { .. })
            });
        let name = if state.phase == "backup" {
            "Backup set"
        } else {
            "Safety set"
        };
        let heading = if sealed {
            format!("{name} {set}{}", place(set))
        } else {
            format!("{name} {set} (not finished)")
        };
        self.heading(&heading, out)?;
        let mut rows = Vec::new();
        for step in &state.steps {
            if let StepStatus::Done { outcome, .. } = &step.status {
                rows.extend(outcome.artifacts.iter().map(|artifact| {
                    vec![
                        clean(&artifact.name),
                        clean(&artifact.kind),
                        words::bytes(artifact.source_bytes),
                        words::level(artifact.level).to_owned(),
                    ]
                }));
            }
        }
        let lean = [
            ("", Lean::Left),
            ("", Lean::Left),
            ("", Lean::Right),
            ("", Lean::Left),
        ];
        if rows.is_empty() {
            return Ok(());
        }
        out.write_all(table(&lean, &rows, 2).as_bytes())
    }

    fn window(&self, out: &mut dyn Write) -> io::Result<()> {
        let state = &self.story.state;
        let has_mark = |mark| {
            state
                .steps
                .iter()
                .any(|step| step.card.marks.contains(&mark))
        };
        if has_mark(Mark::OutageOpens) {
            let text = match (state.outage_opened, state.outage_closed) {
                (None, _) => "none: the application was not stopped".to_owned(),
                (Some(opened), Some(closed)) if closed >= opened => format!(
                    "{}, from {} to {}",
                    words::duration(between(opened, closed)),
                    time(opened),
                    time(closed)
                ),
                (Some(opened), _) => {
                    let so_far = self.ending().map_or_else(String::new, |ending| {
                        format!(", {} so far", words::duration(between(opened, ending.at)))
                    });
                    format!(
                        "open since {}{so_far}: the application is not available",
                        time(opened)
                    )
                }
            };
            writeln!(out)?;
            self.prose(
                &format!("{}  {text}", self.look.paint(STRONG, "Downtime")),
                out,
            )?;
        }
        if has_mark(Mark::PointOfNoReturn) {
            let text = if state.no_return_passed {
                "passed: only a restore leads back"
            } else {
                "not reached: nothing needs to be restored"
            };
            writeln!(
                out,
                "{}  {text}",
                self.look.paint(STRONG, "Point of no return")
            )?;
        }
        Ok(())
    }

    fn next(&self, out: &mut dyn Write) -> io::Result<()> {
        let next = self.ending().map_or(&[][..], |ending| &ending.next);
        if next.is_empty() {
            return Ok(());
        }
        self.heading("Next", out)?;
        for command in next {
            writeln!(out, "  {}", clean(command))?;
        }
        Ok(())
    }
}

/// How many of `count` were not listed.
fn more(count: usize, out: &mut dyn Write) -> io::Result<()> {
    match count.checked_sub(LISTED) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(out, "    and {} more", words::number(more as u64)),
    }
}

/// Whether a step was left out because somebody wanted it so.
fn is_choice(because: &Because) -> bool {
    matches!(
        because,
        Because::SkippedByOperator | Because::BeforeStart(_) | Because::Disabled(_)
    )
}

fn between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond() - from.as_millisecond()).unwrap_or(0)
}

/// `09:30:00 UTC`.
fn time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S UTC").to_string()
}
