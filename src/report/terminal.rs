//! A run on a terminal: a bar for every step at work, a line for every step that has ended.

use std::io;
use std::path::PathBuf;

use anstyle::Style;
use indicatif::ProgressDrawTarget;
use unicode_width::UnicodeWidthStr;

use super::bars::Bars;
use super::lines::{done_words, failure_details, stop_words};
use super::look::{BAD, FAINT, GOOD, Look, STRONG, WARN};
use super::reporter::Reporter;
use super::story::Story;
use super::summary;
use super::words::{self, clean};
use crate::event::{Event, EventKind, FailureReport, StepCard, StopLevel};

/// Steps that are left out are listed at most so many; more are counted.
const LISTED: usize = 20;

/// Draws a run with bars.
pub struct TerminalReporter {
    bars: Bars,
    look: Look,
    backups: Option<PathBuf>,
    story: Story,
    name_columns: usize,
    /// The gate at which a person is asked just now: the terminal is theirs.
    asked_at: Option<String>,
    /// What happened meanwhile.
    held: Vec<Event>,
}

impl TerminalReporter {
    /// Draws on `target`, which is standard error outside of tests. `ticks`: bars move by themselves.
    /// `backups` is where the sets of the site are, for the closing summary.
    pub fn new(
        target: ProgressDrawTarget,
        look: Look,
        ticks: bool,
        backups: Option<PathBuf>,
    ) -> Self {
        Self {
            bars: Bars::new(target, look, ticks),
            look,
            backups,
            story: Story::default(),
            name_columns: 8,
            asked_at: None,
            held: Vec::new(),
        }
    }

    /// Draws everything now, for tests: bars draw at most so often.
    #[cfg(test)]
    pub(super) fn redraw(&self) {
        self.bars.redraw();
    }

    #[cfg(test)]
    pub(super) fn is_asking(&self) -> bool {
        self.asked_at.is_some()
    }

    fn measure_names(&mut self) {
        let steps = &self.story.state.steps;
        let longest = steps
            .iter()
            .map(|step| step.card.id.width())
            .max()
            .unwrap_or(0);
        let most = (self.look.width / 3).clamp(12, 40);
        self.name_columns = longest.clamp(8, most);
    }

    /// `✓ dump-database[general]  42 rows  1.2 s`.
    fn say(&self, mark: Mark, step: &str, text: &str) -> io::Result<()> {
        let (unicode, ascii, style) = match mark {
            Mark::Done => ("✓", "ok    ", GOOD),
            Mark::Failed => ("✗", "FAILED", BAD),
            Mark::NotRun => ("–", "-     ", FAINT),
            Mark::Again => ("↻", "again ", WARN),
            Mark::Cut => ("■", "cut   ", WARN),
            Mark::Asks => ("?", "waits ", WARN),
            Mark::Says => (" ", "      ", FAINT),
        };
        let mark = self.look.paint(style, self.look.either(unicode, ascii));
        let step = self.look.column(&clean(step), self.name_columns);
        let line = format!("{mark} {step}  {text}");
        let lines = self.look.wrap(line.trim_end());
        lines.iter().try_for_each(|line| self.bars.println(line))
    }

    fn details(&self, failure: &FailureReport) -> io::Result<()> {
        for line in failure_details(failure) {
            self.bars
                .println(&format!("    {}", self.look.paint(FAINT, &line)))?;
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.bars.begin();
        self.overall_text();
    }

    fn overall_text(&self) {
        let (ended, all) = self.story.ended_of_all();
        let state = &self.story.state;
        let stopping = match state.stop {
            StopLevel::None => "",
            StopLevel::NoNewSteps => ", stopping after the running steps",
            StopLevel::Ask => ", asking the running tools to end",
            StopLevel::Kill => ", killing the running tools",
        };
        let text = format!(
            "({ended}/{all}) {} {}{stopping}",
            state.phase,
            clean(&state.site)
        );
        let text = self
            .look
            .fit(&text, self.look.width.saturating_sub(30).max(20));
        self.bars.overall(self.look.paint(STRONG, &text));
    }

    /// The outage goes on counting from the event's own time, at the pace of the overall line.
    fn outage(&self, event: &Event) {
        let state = &self.story.state;
        let open_for = match (state.outage_opened, state.outage_closed) {
            (Some(opened), None) => Some(event.at.as_millisecond() - opened.as_millisecond()),
            _ => None,
        };
        self.bars.outage(open_for);
    }

    fn end(&mut self) -> io::Result<()> {
        self.bars.clear();
        let mut text = Vec::new();
        summary::write(&self.story, self.backups.as_deref(), self.look, &mut text)?;
        self.bars.println("")?;
        for line in String::from_utf8_lossy(&text).lines() {
            self.bars.println(line)?;
        }
        Ok(())
    }

    fn notes(&self, notes: &[String]) -> io::Result<()> {
        notes
            .iter()
            .try_for_each(|note| self.bars.println(&format!("  {}", clean(note))))
    }

    fn run_event(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::RunStarted { steps, notes, .. } => {
                self.notes(notes)?;
                let left_out = |card: &StepCard| {
                    let because = card.left_out.as_ref();
                    let because = because.filter(|because| !because.does_not_apply())?;
                    Some((
                        card.id.clone(),
                        format!("left out: {}", words::because(because)),
                    ))
                };
                let left_out: Vec<_> = steps.iter().filter_map(left_out).collect();
                for (step, text) in left_out.iter().take(LISTED) {
                    self.say(Mark::NotRun, step, &self.faint(text))?;
                }
                if let Some(more @ 1..) = left_out.len().checked_sub(LISTED) {
                    let text = format!("  and {} more left out", words::number(more as u64));
                    self.bars.println(&self.faint(&text))?;
                }
                self.begin();
            }
            EventKind::RunResumed { notes, .. } => {
                self.bars
                    .println(&format!("Going on with run {}", self.story.state.run))?;
                self.notes(notes)?;
                self.begin();
            }
            EventKind::StopRequested { level, by } => {
                let text = format!("{}: {}", clean(by), stop_words(*level));
                self.bars.println(&self.paint(WARN, &text))?;
            }
            EventKind::RunFinished { .. } => self.end()?,
            _ => {}
        }
        Ok(())
    }

    fn step_event(&mut self, step: &str, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::StepStarted { attempt, .. } => {
                let name = self.look.column(&clean(step), self.name_columns);
                self.bars.step_begins(step, name, *attempt);
            }
            EventKind::StepProgress { progress, .. } => self.bars.progress(step, *progress),
            EventKind::StepMessage { message, .. } => {
                self.say(Mark::Says, step, &clean(message))?;
            }
            EventKind::StepRetrying {
                attempt,
                failure,
                delay_ms,
                ..
            } => {
                self.bars.step_ends(step);
                let message = clean(&failure.message);
                let pause = words::duration(*delay_ms);
                self.say(
                    Mark::Again,
                    step,
                    &format!("attempt {attempt}: {message}; again in {pause}"),
                )?;
            }
            EventKind::StepDone {
                outcome,
                elapsed_ms,
                ..
            } => {
                self.bars.step_ends(step);
                self.say(Mark::Done, step, &done_words(outcome, *elapsed_ms))?;
                for warning in &outcome.warnings {
                    let text = format!("warning: {}", clean(warning));
                    self.say(Mark::Says, step, &self.paint(WARN, &text))?;
                }
            }
            EventKind::StepFailed {
                failure,
                tolerated,
                elapsed_ms,
                ..
            } => {
                self.bars.step_ends(step);
                let message = clean(&failure.message);
                let on = if *tolerated { "; the run goes on" } else { "" };
                let time = words::duration(*elapsed_ms);
                self.say(
                    Mark::Failed,
                    step,
                    &format!("failed: {message}{on}  {time}"),
                )?;
                self.details(failure)?;
            }
            EventKind::StepNotRun { because, .. } => {
                let text = format!("not run: {}", words::because(because));
                self.say(Mark::NotRun, step, &self.faint(&text))?;
            }
            EventKind::StepInterrupted { message, .. } => {
                self.bars.step_ends(step);
                self.say(Mark::Cut, step, &format!("cut off: {}", clean(message)))?;
            }
            EventKind::StepReopened { because, .. } => {
                self.say(Mark::Again, step, &clean(because))?;
            }
            EventKind::GateWaiting { question, .. } => {
                self.bars.step_ends(step);
                self.say(Mark::Asks, step, &format!("waits: {}", clean(question)))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn paint(&self, style: Style, text: &str) -> String {
        self.look.paint(style, text)
    }

    fn faint(&self, text: &str) -> String {
        self.look.paint(FAINT, text)
    }
}

impl Reporter for TerminalReporter {
    fn past(&mut self, event: &Event) {
        self.story.take(event);
        if let EventKind::RunStarted { .. } = event.kind {
            self.measure_names();
        }
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        let Some(gate) = &self.asked_at else {
            return self.show(event);
        };
        let answered = match event.kind.step() {
            Some(step) => step == gate,
            None => matches!(event.kind, EventKind::RunFinished { .. }),
        };
        if !answered {
            if event.kind.is_journaled() {
                self.held.push(event.clone());
            }
            return Ok(());
        }
        self.asked_at = None;
        self.bars.show();
        // The answer's event came last; before it stands what was held.
        for held in std::mem::take(&mut self.held) {
            self.event(&held)?;
        }
        self.event(event)
    }
}

impl TerminalReporter {
    fn show(&mut self, event: &Event) -> io::Result<()> {
        self.past(event);
        match event.kind.step() {
            Some(step) => self.step_event(step, event)?,
            None => self.run_event(event)?,
        }
        self.outage(event);
        self.overall_text();
        if let EventKind::GateWaiting { step, .. } = &event.kind {
            self.asked_at = Some(step.clone());
            self.bars.hide()?;
        }
        Ok(())
    }
}

enum Mark {
    Done,
    Failed,
    NotRun,
    Again,
    Cut,
    Asks,
    Says,
}
