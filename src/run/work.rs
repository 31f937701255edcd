//! What a step's thread does.

use std::any::Any;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::crew::Crew;
use super::mask;
use super::orders::{Look, Notice, Task};
use super::request::Gate;
use crate::adapter::{AnyAction, Failure, Probe, StepContext};
use crate::event::{FailureKind, FailureReport, Outcome, Progress};
use crate::host::{Control, Host, Masker};

/// A step's progress goes on at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What came of an attempt. Texts are masked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ended {
    /// Done and verified.
    Done(Outcome),
    /// Not done.
    Failed(Box<FailureReport>),
    /// Not attempted: whether an earlier attempt did it cannot be found out.
    Unknown(String),
}

/// Makes one attempt at a step. Never panics: a fault of an action is a failure of its step.
pub(super) fn work(crew: &Crew, task: &Task) -> Ended {
    let masker = &crew.services.masker;
    let result = catch_unwind(AssertUnwindSafe(|| attempt(crew, task)))
        .unwrap_or_else(|panic| Err(fault(panic.as_ref())));
    match result {
        Ok(Ended::Done(outcome)) => Ended::Done(mask::outcome(masker, outcome)),
        Ok(Ended::Failed(report)) => failed(masker, *report),
        Ok(Ended::Unknown(found)) => Ended::Unknown(masker.mask(&found)),
        Err(failure) => failed(masker, *failure.0),
    }
}

/// A failure, masked, and with what to do where the action knows nothing better.
fn failed(masker: &Masker, mut report: FailureReport) -> Ended {
    let hint = match report.kind {
        FailureKind::Tool => Some(
            "look into the step's log for all that the tool said, mend the cause, then resume the run",
        ),
        FailureKind::Verification | FailureKind::Refused | FailureKind::System => {
            Some("mend the cause, then resume the run")
        }
        _ => None,
    };
    report.hint = report.hint.or(hint.map(str::to_owned));
    Ended::Failed(Box::new(mask::failure(masker, report)))
}

/// The question of a gate, with outputs of earlier steps filled in; `None` if it need not be asked.
pub(super) fn gate(crew: &Crew, step: usize) -> Result<Option<Gate>, Failure> {
    let planned = crew.planned(step);
    let mask = |text: &str| crew.services.masker.mask(text);
    let options = crew.options(step)?;
    if options.get("only_if") == Some(&serde_json::Value::Bool(false)) {
        return Ok(None);
    }
    let question = options.get("question").and_then(|text| text.as_str());
    let details = match options.get("details") {
        Some(serde_json::Value::String(text)) => text.lines().map(mask).collect(),
        Some(serde_json::Value::Array(lines)) => lines
            .iter()
            .filter_map(|line| line.as_str())
            .map(mask)
            .collect(),
        _ => Vec::new(),
    };
    Ok(Some(Gate {
        step: planned.id.clone(),
        title: planned.title.clone(),
        question: mask(question.unwrap_or(&planned.title)),
        details,
    }))
}

/// The question what came of a step that was cut off.
pub(super) fn inquiry(crew: &Crew, step: usize, found: &str) -> Gate {
    let planned = crew.planned(step);
    Gate {
        step: planned.id.clone(),
        title: planned.title.clone(),
        question: format!(
            "step `{}` was cut off and what came of it is not known: {found}",
            planned.id
        ),
        details: Vec::new(),
    }
}

fn fault(panic: &(dyn Any + Send)) -> Failure {
    let said = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    let mut failure = Failure::new(FailureKind::Internal, "the action broke off with a fault")
        .hint("this is a defect of upgrade-kit; please report it with the step's log");
    failure.0.causes.extend(said);
    failure
}

fn attempt(crew: &Crew, task: &Task) -> Result<Ended, Failure> {
    let planned = crew.planned(task.step);
    let action = action(crew, task.step)?;
    let host: Arc<dyn Host> = (crew.services.hosts)(&planned.host).ok_or_else(|| {
        Failure::refused(format!("there is no host `{}`", planned.host))
            .hint("name it in the site's `hosts`")
    })?;
    let scratch = crew.directory.scratch_path(&planned.id);
    let control = control(crew, task);
    let say = |text: String| {
        for line in crew.services.masker.mask(&text).lines() {
            crew.notify(Notice::Said(task.step, line.to_owned()));
        }
    };
    let progress = progress(crew, task.step);
    let secret = |reference: &_| crew.secret(reference);
    let state = || crew.state();
    let context = StepContext {
        step: &planned.id,
        host: host.as_ref(),
        control: &control,
        progress: &progress,
        say: &say,
        secret: &secret,
        scratch: &scratch,
        run_directory: crew.directory.path(),
        writing: crew.sets.writing.as_ref(),
        using: crew.sets.using.as_ref(),
        state: &state,
    };
    if task.look != Look::No {
        match action.probe(&context)? {
            Probe::Present(outcome) => {
                say("it was done already before the interruption".to_owned());
                return Ok(Ended::Done(outcome));
            }
            Probe::Partial(found) => say(found),
            Probe::Unknown(found) if task.look == Look::OrAsk => return Ok(Ended::Unknown(found)),
            Probe::Absent | Probe::Unknown(_) => {}
        }
    }
    action.perform(&context).map(Ended::Done)
}

fn action(crew: &Crew, step: usize) -> Result<Box<dyn AnyAction>, Failure> {
    let name = &crew.planned(step).action;
    let entry = (crew.services.actions)(name).ok_or_else(|| {
        Failure::refused(format!("this program has no action `{name}`"))
            .hint("use the version of upgrade-kit that made the plan")
    })?;
    entry.decode(crew.options(step)?).map_err(|error| {
        let place = error.path.join(".");
        let place = if place.is_empty() { "with" } else { &place };
        Failure::refused(format!("option `{place}` of `{name}`: {}", error.message))
    })
}

fn control(crew: &Crew, task: &Task) -> Control {
    let notices = crew.notices.clone();
    let told = crew.notices.clone();
    let masker = crew.services.masker.clone();
    let step = task.step;
    Control {
        stop: task.stop.clone(),
        run: crew.directory.run().to_owned(),
        on_tool: Box::new(move |mut start| {
            start.command = masker.mask(&start.command);
            _ = notices.send(Notice::Tool(step, start));
        }),
        log: Some(Arc::new(Mutex::new(StepLog {
            path: crew.directory.log_path(&crew.planned(step).id),
            file: None,
            tell: Some(Box::new(move |message| {
                _ = told.send(Notice::Said(step, message));
            })),
        }))),
        masker: crew.services.masker.clone(),
    }
}

/// Passes progress on, but not every chunk of it. The last word always passes.
fn progress(crew: &Crew, step: usize) -> impl Fn(Progress) + Sync {
    let latest: Mutex<Option<Instant>> = Mutex::new(None);
    move |progress: Progress| {
        let now = Instant::now();
        let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
        let complete = progress.total == Some(progress.done);
        let due = latest.is_none_or(|latest| now - latest >= PROGRESS_EVERY);
        if due || complete {
            *latest = Some(now);
            crew.notify(Notice::Progress(step, progress));
        }
    }
}

/// The log of a step. Most steps that start no tool have nothing to log, so the file appears with
/// its first line.
struct StepLog {
    path: PathBuf,
    file: Option<File>,
    /// Tells that it is not whole. Once: what follows is most likely lost for the same reason.
    tell: Option<Box<dyn FnOnce(String) + Send>>,
}

impl StepLog {
    fn append(&mut self, text: &[u8]) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(
                OpenOptions::new()
                    .append(true)
                    .create(true)
                    .mode(0o600)
                    .open(&self.path)?,
            ),
        };
        file.write(text)
    }
}

impl Write for StepLog {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let written = self.append(text);
        if let Err(error) = &written
            && error.kind() != io::ErrorKind::Interrupted
            && let Some(tell) = self.tell.take()
        {
            tell(format!(
                "not all that the tool said is in {}: {error}",
                self.path.display()
            ));
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
