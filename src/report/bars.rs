//! The bars below the lines: one a step at work, and the overall line.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::look::Look;
use super::words;
use crate::event::Progress;

/// How often bars move by themselves.
const TICK: Duration = Duration::from_millis(120);

/// No outage is open.
const CLOSED: i64 = i64::MIN;

/// The bar of a step at work.
struct StepBar {
    bar: ProgressBar,
    /// `attempt 2`, or nothing.
    attempt: String,
    /// Whether it has been given the form of a bar with a length.
    measured: bool,
}

/// Bars on a terminal. The only clock is that of the bars themselves.
pub(super) struct Bars {
    all: MultiProgress,
    look: Look,
    ticks: bool,
    running: HashMap<String, StepBar>,
    overall: Option<ProgressBar>,
    /// Milliseconds that the outage was open when the overall line began to count, or [`CLOSED`].
    outage: Arc<AtomicI64>,
}

impl Bars {
    pub(super) fn new(target: ProgressDrawTarget, look: Look, ticks: bool) -> Self {
        Self {
            all: MultiProgress::with_draw_target(target),
            look,
            ticks,
            running: HashMap::new(),
            overall: None,
            outage: Arc::new(AtomicI64::new(CLOSED)),
        }
    }

    /// A line above the bars.
    pub(super) fn println(&self, line: &str) -> io::Result<()> {
        self.all.println(line)
    }

    /// Takes the bars off the terminal and keeps them still: somebody else writes there.
    pub(super) fn hide(&self) -> io::Result<()> {
        self.every(ProgressBar::disable_steady_tick);
        self.all.clear()
    }

    /// Lets the bars move again.
    pub(super) fn show(&self) {
        if self.ticks {
            self.every(|bar| bar.enable_steady_tick(TICK));
        }
    }

    fn every(&self, act: impl Fn(&ProgressBar)) {
        let bars = self.running.values().map(|step| &step.bar);
        bars.chain(&self.overall).for_each(act);
    }

    /// Shows the overall line and starts its clock.
    pub(super) fn begin(&mut self) {
        let bar = self.all.add(ProgressBar::new_spinner());
        bar.set_style(self.overall_style());
        if self.ticks {
            bar.enable_steady_tick(TICK);
        }
        self.overall = Some(bar);
    }

    /// What the overall line says before its clock.
    pub(super) fn overall(&self, text: String) {
        if let Some(bar) = &self.overall {
            bar.set_message(text);
        }
    }

    /// The outage has been open for so many milliseconds and goes on counting; or none is open.
    pub(super) fn outage(&self, open_for: Option<i64>) {
        let counted = self
            .overall
            .as_ref()
            .map_or(0, |bar| bar.elapsed().as_millis() as i64);
        let since = open_for.map_or(CLOSED, |open_for| open_for - counted);
        self.outage.store(since, Ordering::Relaxed);
    }

    fn overall_style(&self) -> ProgressStyle {
        let outage = Arc::clone(&self.outage);
        let dot = self.look.either("·", "-").to_owned();
        let tail = move |state: &ProgressState, line: &mut dyn std::fmt::Write| {
            let elapsed = state.elapsed().as_millis() as i64;
            let clock = |milliseconds: i64| words::clock(u64::try_from(milliseconds).unwrap_or(0));
            _ = write!(line, "{dot} {}", clock(elapsed));
            let since = outage.load(Ordering::Relaxed);
            if since != CLOSED {
                _ = write!(line, " {dot} outage open {}", clock(elapsed + since));
            }
        };
        template("{msg} {tail}").with_key("tail", tail)
    }

    /// A step begins; `name` is its name in the width of the column.
    pub(super) fn step_begins(&mut self, step: &str, name: String, attempt: u32) {
        let bar = match &self.overall {
            Some(overall) => self.all.insert_before(overall, ProgressBar::new_spinner()),
            None => self.all.add(ProgressBar::new_spinner()),
        };
        bar.set_style(self.step_style(false));
        bar.set_prefix(name);
        let attempt = if attempt > 1 {
            format!("attempt {attempt}")
        } else {
            String::new()
        };
        bar.set_message(attempt.clone());
        if self.ticks {
            bar.enable_steady_tick(TICK);
        } else {
            bar.tick();
        }
        let bar = StepBar {
            bar,
            attempt,
            measured: false,
        };
        if let Some(earlier) = self.running.insert(step.to_owned(), bar) {
            self.all.remove(&earlier.bar);
        }
    }

    fn step_style(&self, measured: bool) -> ProgressStyle {
        let elapsed = |state: &ProgressState, line: &mut dyn std::fmt::Write| {
            _ = line.write_str(&words::clock(state.elapsed().as_millis() as u64));
        };
        let wide = self.look.width >= 70;
        let text = if measured && wide {
            "{spinner} {prefix}  {time}  {bar:20}  {msg}"
        } else {
            "{spinner} {prefix}  {time}  {msg}"
        };
        let style = template(text).with_key("time", elapsed);
        if self.look.unicode {
            style
        } else {
            style.tick_chars("-\\|/ ").progress_chars("#>.")
        }
    }

    /// A step came so far.
    pub(super) fn progress(&mut self, step: &str, progress: Progress) {
        let style = self.step_style(true);
        let Some(shown) = self.running.get_mut(step) else {
            return;
        };
        if let Some(total) = progress.total {
            if !shown.measured {
                shown.bar.set_style(style);
                shown.measured = true;
            }
            shown.bar.set_length(total);
        }
        shown.bar.set_position(progress.done);
        let amount = words::progress(progress);
        shown
            .bar
            .set_message(format!("{amount} {}", shown.attempt).trim_end().to_owned());
    }

    /// A step is no longer at work.
    pub(super) fn step_ends(&mut self, step: &str) {
        if let Some(step) = self.running.remove(step) {
            step.bar.finish_and_clear();
            self.all.remove(&step.bar);
        }
    }

    /// Takes all bars away for good.
    pub(super) fn clear(&mut self) {
        for (_, step) in self.running.drain() {
            step.bar.finish_and_clear();
        }
        if let Some(bar) = self.overall.take() {
            bar.finish_and_clear();
        }
    }

    /// Draws everything now, for tests: bars draw at most so often.
    #[cfg(test)]
    pub(super) fn redraw(&self) {
        self.every(ProgressBar::force_draw);
    }
}

/// A run that ends without its last event (a fault of the program) leaves no bars behind.
impl Drop for Bars {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The templates are constants of this file; one that does not parse would show in every test.
fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
