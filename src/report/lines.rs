//! One plain line an event, for logs and pipelines.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::PathBuf;

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::look::Look;
use super::reporter::Reporter;
use super::story::Story;
use super::summary;
use super::words::{self, clean};
use crate::event::{Because, Event, EventKind, FailureReport, Outcome, RunOutcome, StepCard};

/// Progress of a step is written at most so often, by the time of the events.
const PROGRESS_EVERY_MS: i64 = 10_000;

/// Width of the column of step names at most; a longer name moves its own line only.
const NAME_COLUMNS: usize = 40;

/// Writes `2026-11-21T09:30:00Z  done     dump-database[general]  42 rows  1.2 s`.
pub struct LinesReporter<W> {
    out: W,
    backups: Option<PathBuf>,
    story: Story,
    name_columns: usize,
    progress_shown: HashMap<String, Timestamp>,
}

impl<W: Write> LinesReporter<W> {
    /// Writes to `out`. `backups` is where the sets of the site are, for the closing summary.
    pub fn new(out: W, backups: Option<PathBuf>) -> Self {
        Self {
            out,
            backups,
            story: Story::default(),
            name_columns: 12,
            progress_shown: HashMap::new(),
        }
    }

    fn measure(&mut self, cards: &[StepCard]) {
        let longest = cards.iter().map(|card| card.id.width()).max().unwrap_or(0);
        self.name_columns = longest.clamp(3, NAME_COLUMNS);
    }

    fn line(&mut self, at: Timestamp, verb: &str, step: &str, text: &str) -> io::Result<()> {
        let look = Look::plain();
        let missing = self.name_columns.saturating_sub(step.width());
        let line = format!(
            "{}  {}  {}{:missing$}  {text}",
            stamp(at),
            look.column(verb, 8),
            clean(step),
            ""
        );
        writeln!(self.out, "{}", line.trim_end())
    }

    fn failure(
        &mut self,
        at: Timestamp,
        verb: &str,
        step: &str,
        failure: &FailureReport,
        tail: &str,
    ) -> io::Result<()> {
        self.line(
            at,
            verb,
            step,
            &format!("{}{tail}", clean(&failure.message)),
        )?;
        for line in failure_details(failure) {
            self.line(at, "", step, &line)?;
        }
        Ok(())
    }

    fn progress(&mut self, event: &Event, step: &str) -> io::Result<()> {
        let EventKind::StepProgress { progress, .. } = &event.kind else {
            return Ok(());
        };
        let due = self.progress_shown.get(step).is_none_or(|last| {
            event.at.as_millisecond() - last.as_millisecond() >= PROGRESS_EVERY_MS
        });
        if !due {
            return Ok(());
        }
        self.progress_shown.insert(step.to_owned(), event.at);
        self.line(event.at, "progress", step, &words::progress(*progress))
    }

    fn notes(&mut self, at: Timestamp, notes: &[String]) -> io::Result<()> {
        notes
            .iter()
            .try_for_each(|note| self.line(at, "", "", &clean(note)))
    }

    fn run_event(&mut self, event: &Event) -> io::Result<()> {
        let at = event.at;
        match &event.kind {
            EventKind::RunStarted {
                run,
                site,
                phase,
                scenario,
                steps,
                notes,
                ..
            } => {
                let applies = |card: &&StepCard| {
                    let because = card.left_out.as_ref();
                    !because.is_some_and(Because::does_not_apply)
                };
                let steps: Vec<&StepCard> = steps.iter().filter(applies).collect();
                let count = words::plural(steps.len() as u64, "step");
                let text = format!("{phase} of {}, {scenario}, {count}, run {run}", clean(site));
                self.line(at, "start", "", &text)?;
                self.notes(at, notes)?;
                for card in steps {
                    if let Some(because) = &card.left_out {
                        self.line(at, "left out", &card.id, &words::because(because))?;
                    }
                }
                Ok(())
            }
            EventKind::RunResumed { notes, .. } => {
                let (ended, all) = self.story.ended_of_all();
                let text = format!(
                    "run {}: {ended} of {all} steps are behind it",
                    self.story.state.run
                );
                self.line(at, "resume", "", &text)?;
                self.notes(at, notes)
            }
            EventKind::StopRequested { level, by } => {
                let text = format!("{} ({})", stop_words(*level), clean(by));
                self.line(at, "stop", "", &text)
            }
            EventKind::RunFinished {
                outcome,
                elapsed_ms,
                ..
            } => {
                let text = format!(
                    "{} of {}",
                    self.story.state.phase,
                    clean(&self.story.state.site)
                );
                let text = format!("{text}  {}", words::duration(*elapsed_ms));
                let verb = match outcome {
                    RunOutcome::Interrupted => "stopped",
                    outcome => words::outcome(*outcome),
                };
                self.line(at, verb, "", &text)?;
                let backups = self.backups.as_deref();
                writeln!(self.out)?;
                summary::write(&self.story, backups, Look::plain(), &mut self.out)
            }
            _ => Ok(()),
        }
    }

    fn step_event(&mut self, event: &Event) -> io::Result<()> {
        let at = event.at;
        match &event.kind {
            EventKind::StepStarted { step, attempt } => {
                let again = if *attempt > 1 {
                    format!("attempt {attempt}")
                } else {
                    String::new()
                };
                self.line(at, "begin", step, &again)
            }
            EventKind::StepProgress { step, .. } => self.progress(event, step),
            EventKind::StepMessage { step, message } => {
                self.line(at, "says", step, &clean(message))
            }
            EventKind::ToolStarted { step, command, .. } => {
                self.line(at, "runs", step, &clean(command))
            }
            EventKind::StepRetrying {
                step,
                attempt,
                failure,
                delay_ms,
            } => {
                let tail = format!(
                    "; attempt {attempt}, again in {}",
                    words::duration(*delay_ms)
                );
                self.failure(at, "retry", step, failure, &tail)
            }
            EventKind::StepDone {
                step,
                outcome,
                elapsed_ms,
            } => {
                self.line(at, "done", step, &done_words(outcome, *elapsed_ms))?;
                for warning in &outcome.warnings {
                    self.line(at, "warning", step, &clean(warning))?;
                }
                Ok(())
            }
            EventKind::StepFailed {
                step,
                failure,
                tolerated,
                elapsed_ms,
            } => {
                let on = if *tolerated { "; the run goes on" } else { "" };
                let tail = format!("{on}  {}", words::duration(*elapsed_ms));
                self.failure(at, "failed", step, failure, &tail)
            }
            EventKind::StepNotRun { step, because } => {
                self.line(at, "not run", step, &words::because(because))
            }
            EventKind::StepInterrupted { step, message } => {
                self.line(at, "cut off", step, &clean(message))
            }
            EventKind::StepReopened { step, because } => {
                self.line(at, "again", step, &clean(because))
            }
            EventKind::GateWaiting { step, question } => {
                self.line(at, "waits", step, &clean(question))
            }
            _ => Ok(()),
        }
    }
}

impl<W: Write> Reporter for LinesReporter<W> {
    fn past(&mut self, event: &Event) {
        if let EventKind::RunStarted { steps, .. } = &event.kind {
            self.measure(steps);
        }
        self.story.take(event);
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.past(event);
        match event.kind.step() {
            Some(_) => self.step_event(event)?,
            None => self.run_event(event)?,
        }
        self.out.flush()
    }
}

/// `2026-11-21T09:30:00Z`.
pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `42 rows  1.2 s`.
pub(super) fn done_words(outcome: &Outcome, elapsed_ms: u64) -> String {
    let duration = words::duration(elapsed_ms);
    if outcome.summary.is_empty() {
        duration
    } else {
        format!("{}  {duration}", clean(&outcome.summary))
    }
}

/// What a stop level means.
pub(super) fn stop_words(level: crate::event::StopLevel) -> &'static str {
    use crate::event::StopLevel;
    match level {
        StopLevel::None => "going on",
        StopLevel::NoNewSteps => "no new steps start; once more asks the running tools to end",
        StopLevel::Ask => "the running tools are asked to end; once more kills them",
        StopLevel::Kill => "the running tools are killed",
    }
}

/// What a failure tells beside its message, a line each.
pub(super) fn failure_details(failure: &FailureReport) -> Vec<String> {
    let mut lines: Vec<String> = failure
        .causes
        .iter()
        .map(|cause| format!("because  {}", clean(cause)))
        .collect();
    lines.extend(
        failure
            .command
            .iter()
            .map(|command| format!("command  {}", clean(command))),
    );
    lines.extend(
        failure
            .exit
            .iter()
            .map(|exit| format!("ended    {}", clean(exit))),
    );
    lines.extend(
        failure
            .stderr
            .iter()
            .map(|line| format!("stderr   {}", clean(line))),
    );
    lines.extend(
        failure
            .hint
            .iter()
            .map(|hint| format!("to do    {}", clean(hint))),
    );
    lines
}
