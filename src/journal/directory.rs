//! A run's directory.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::format;
use super::lines::{Journal, Replay, replay};
use super::names::file_name_of_step;
use super::summary::{RunSummary, UntoldRun};
use crate::event::{Event, RunState};
use crate::plan::Plan;

const PLAN: &str = "plan.json";
const SITE: &str = "site.yaml";
const JOURNAL: &str = "journal.jsonl";

/// The directory of one run: `<state>/runs/<run-id>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
    run: String,
}

impl RunDirectory {
    /// Creates the directory of a new run with its plan and site, on disk before this returns, and
    /// an empty journal.
    pub fn create(
        state: &Path,
        run: &str,
        plan: &Plan,
        site_text: &str,
    ) -> Result<(Self, Journal), JournalError> {
        let runs = state.join("runs");
        create_dir(&runs, true)?;
        let directory = Self::at(state, run);
        create_dir(&directory.path, false)?;
        create_dir(&directory.path.join("steps"), false)?;
        create_dir(&directory.path.join("logs"), false)?;
        write_synced(&directory.path.join(PLAN), |file| {
            serde_json::to_writer_pretty(file, plan).map_err(std::io::Error::from)
        })?;
        write_synced(&directory.path.join(SITE), |file| {
            file.write_all(site_text.as_bytes())
        })?;
        let journal = Journal::create(&directory.path.join(JOURNAL))?;
        for folder in [&directory.path, &runs] {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| JournalError::file("sync", folder, error))?;
        }
        Ok((directory, journal))
    }

    /// The directory of an earlier run.
    pub fn open(state: &Path, run: &str) -> Result<Self, JournalError> {
        let directory = Self::at(state, run);
        let strange = run.is_empty() || run.contains('/') || run.starts_with('.');
        if strange || !directory.path.join(JOURNAL).is_file() {
            return Err(JournalError::NoSuchRun {
                run: run.to_owned(),
                state: state.to_owned(),
            });
        }
        Ok(directory)
    }

    /// Where the directory of a run is, whether there is one or not.
    pub fn place(state: &Path, run: &str) -> PathBuf {
        state.join("runs").join(run)
    }

    fn at(state: &Path, run: &str) -> Self {
        Self {
            path: Self::place(state, run),
            run: run.to_owned(),
        }
    }

    /// Runs of the site, newest first, and beside them those that cannot be told. A run whose
    /// start never reached its journal is not one.
    pub fn list(state: &Path) -> Result<(Vec<RunSummary>, Vec<UntoldRun>), JournalError> {
        let runs = state.join("runs");
        let entries = match std::fs::read_dir(&runs) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(<_>::default()),
            Err(error) => return Err(JournalError::file("list", &runs, error)),
        };
        let (mut summaries, mut untold) = (Vec::new(), Vec::new());
        for entry in entries {
            let entry = entry.map_err(|error| JournalError::file("list", &runs, error))?;
            let journal = entry.path().join(JOURNAL);
            if let Ok(run) = entry.file_name().into_string()
                && journal.is_file()
            {
                match RunSummary::of(&journal, &run) {
                    Ok(summary) => summaries.extend(summary),
                    Err(error) => untold.push(UntoldRun { run, error }),
                }
            }
        }
        summaries.sort_by(|one, other| {
            let key = |run: &RunSummary| (run.order, run.started);
            (key(other), &other.run).cmp(&(key(one), &one.run))
        });
        Ok((summaries, untold))
    }

    /// Id of the run.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The journal's file.
    pub fn journal_path(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// Where outputs of a step's tools are kept. The file exists once a tool has said something.
    pub fn log_path(&self, step: &str) -> PathBuf {
        let name = format!("{}.log", file_name_of_step(step));
        self.path.join("logs").join(name)
    }

    /// Where the scratch directory of a step is, once the step has made it: most never do, and making
    /// one a step costs as much as the journal's sync of it.
    pub fn scratch_path(&self, step: &str) -> PathBuf {
        self.path.join("steps").join(file_name_of_step(step))
    }

    /// The frozen plan.
    pub fn plan(&self) -> Result<Plan, JournalError> {
        let path = self.path.join(PLAN);
        let text =
            std::fs::read(&path).map_err(|error| JournalError::file("read", &path, error))?;
        format::check(&path, &text, format::PLAN_FORMAT)?;
        serde_json::from_slice(&text)
            .map_err(|error| JournalError::json(&path, error.line(), &error))
    }

    /// The site's text as the run saw it.
    pub fn site_text(&self) -> Result<String, JournalError> {
        let path = self.path.join(SITE);
        std::fs::read_to_string(&path).map_err(|error| JournalError::file("read", &path, error))
    }

    /// The state of the run as its journal tells it.
    pub fn state(&self) -> Result<RunState, JournalError> {
        let mut state = RunState::new();
        self.replay(|event| state.apply(&event))?;
        Ok(state)
    }

    /// Hands over the run's events.
    pub fn replay(&self, event: impl FnMut(Event)) -> Result<Replay, JournalError> {
        replay(&self.journal_path(), event)
    }

    /// Opens the journal to go on with it, and folds what it holds.
    pub fn reopen(&self) -> Result<(Journal, RunState, Replay), JournalError> {
        let mut state = RunState::new();
        let (journal, replay) = Journal::open(&self.journal_path(), |event| state.apply(&event))?;
        Ok((journal, state, replay))
    }
}

fn create_dir(path: &Path, recursive: bool) -> Result<(), JournalError> {
    DirBuilder::new()
        .recursive(recursive)
        .mode(0o700)
        .create(path)
        .map_err(|error| JournalError::file("create", path, error))
}

fn write_synced(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), JournalError> {
    let write = || {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let mut writer = BufWriter::new(file);
        content(&mut writer)?;
        writer
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?
            .sync_all()
    };
    write().map_err(|error| JournalError::file("write", path, error))
}
