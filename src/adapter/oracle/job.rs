//! A Data Pump job: started, judged, taken up again, removed.
//!
//! The job lives in the database. A client that is killed leaves it at work, and its dump file with it;
//! a second one beside it would read a schema at another moment, or import everything twice. So a job
//! has a name that the step writes down first, and whoever comes back asks for that name.

use std::path::Path;
use std::time::Duration;

use super::connection::Program;
use super::directory::Directory;
use super::journal::JobJournal;
use super::messages::{Names, codes, meaning};
use super::pump_log::{End, PumpLog};
use super::quoting::{literal, name};
use super::session::Session;
use crate::adapter::Failure;
use crate::host::{Exit, ExitStatus, Invocation, Stdin, Stdout, Streams};

/// Of a client, and no word on the job: the password will expire.
const WILL_EXPIRE: [&str; 3] = ["ORA-28002", "UDE-28002", "UDI-28002"];

/// What must be known of a job that is being ended, and how often that is looked for.
const LOOKS: u32 = 60;
const PAUSE: Duration = Duration::from_millis(500);

const KEPT_ERRORS: usize = 20;

/// Jobs of one step.
pub(super) struct Pump<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) directory: &'a Directory<'a>,
    /// [`Program::Export`] or [`Program::Import`].
    pub(super) program: Program,
    pub(super) scratch: &'a Path,
    /// Beginnings of error lines that are only warned of.
    pub(super) allowed: &'static [&'static str],
}

/// A job that ended well.
pub(super) struct Moved {
    pub(super) log: PumpLog,
    /// The log itself.
    pub(super) text: String,
    pub(super) warnings: Vec<String>,
}

impl Pump<'_> {
    /// Starts a job and waits for its end. `parameter_file` is written into the scratch directory.
    pub(super) fn run(
        &self,
        parameter_file: &str,
        parameters: &[String],
        journal: &JobJournal,
    ) -> Result<Moved, Failure> {
        let path = self.scratch.join(parameter_file);
        let text = format!("{}\n", parameters.join("\n"));
        self.session
            .host
            .write_atomic(&path, text.as_bytes(), 0o600)?;
        self.client(&format!("PARFILE={parameter_file}"), "", journal)
    }

    /// What became of a job that was begun earlier: its result, if it is at work or has ended well.
    /// Otherwise nothing of it is left when this returns.
    pub(super) fn take_up(&self, journal: &JobJournal) -> Result<Option<Moved>, Failure> {
        match self.state(journal)?.as_deref() {
            Some("EXECUTING" | "COMPLETING") => {
                let attach = format!("ATTACH={}", journal.job);
                return self.client(&attach, "CONTINUE_CLIENT\n", journal).map(Some);
            }
            Some(_) => {}
            None => {
                let text = self.directory.log(&journal.log()).unwrap_or_default();
                let log = PumpLog::of(&text);
                let ended = matches!(log.end, End::Completed | End::CompletedWithErrors);
                if ended && log.unexpected(self.allowed).is_empty() {
                    let warnings = log.errors.clone();
                    return Ok(Some(Moved {
                        log,
                        text,
                        warnings,
                    }));
                }
            }
        }
        self.clear(journal)?;
        Ok(None)
    }

    /// Removes what is left of a job: the job itself, its master table, its files.
    pub(super) fn clear(&self, journal: &JobJournal) -> Result<(), Failure> {
        if self.state(journal)?.is_some() {
            self.kill(journal)?;
        }
        self.clear_files(journal)
    }

    /// Removes the files of a job that is no more.
    pub(super) fn clear_files(&self, journal: &JobJournal) -> Result<(), Failure> {
        self.directory.remove(&journal.dump())?;
        self.directory.remove(&journal.log())
    }

    /// The state of the job in the database, `None` if there is none of that name.
    pub(super) fn state(&self, journal: &JobJournal) -> Result<Option<String>, Failure> {
        let question = format!(
            "SELECT state FROM user_datapump_jobs WHERE job_name = {};",
            literal(&journal.job)
        );
        Ok(self.session.ask(&question)?.pop())
    }

    fn kill(&self, journal: &JobJournal) -> Result<(), Failure> {
        let attach = format!("ATTACH={}", journal.job);
        // Whether that worked is asked of the database, not of the client.
        let _ = self.start(&attach, "KILL_JOB\nyes\n")?;
        for _ in 0..LOOKS {
            match self.state(journal)?.as_deref() {
                None => return Ok(()),
                // A job whose processes are gone can no more be attached to: its table is what is left.
                Some("NOT RUNNING") => {
                    let drop = format!("DROP TABLE {} PURGE;", name(&journal.job));
                    self.session.ask(&drop)?;
                }
                Some(_) => {}
            }
            if !self.session.control.pause(PAUSE) {
                return Err(Failure::stopped());
            }
        }
        let message = format!("the job {} does not end", journal.job);
        Err(Failure::refused(message).hint(format!(
            "end it as a DBA (DBA_DATAPUMP_JOBS, {} ATTACH={} and KILL_JOB), then resume the run",
            self.session.connection.program(self.program),
            journal.job
        )))
    }

    fn start(&self, argument: &str, commands: &str) -> Result<(Invocation, Exit), Failure> {
        let mut invocation = self.session.connection.pump(self.program, argument);
        invocation.directory = Some(self.scratch.to_owned());
        // After a refused log on the client asks for another user, and would wait for ever on an open
        // input; at its end it gives up.
        let input = format!("{}{commands}", self.session.prompt_answer());
        let streams = Streams {
            stdin: Stdin::Reader(&mut input.as_bytes()),
            stdout: Stdout::Captured,
        };
        let exit = self.session.start(&invocation, streams)?;
        Ok((invocation, exit))
    }

    fn client(
        &self,
        argument: &str,
        commands: &str,
        journal: &JobJournal,
    ) -> Result<Moved, Failure> {
        let (invocation, exit) = self.start(argument, commands)?;
        let said = format!("{}\n{}", exit.stdout.text(), exit.stderr.text());
        if exit.stopped || exit.timed_out {
            let message = format!(
                "{} was ended; its job {} goes on in the database",
                invocation.program, journal.job
            );
            let failure = Failure::tool(message, &invocation, &exit);
            return Err(failure.hint("`upgrade-kit resume` takes the job up again"));
        }
        // The server's log is whole; the client's words are kept up to a limit and may lack the beginning
        // of a job that was attached to. But a job that never began has only the latter.
        let text = self.directory.log(&journal.log());
        let mut log = PumpLog::of(text.as_deref().unwrap_or(&said));
        for line in PumpLog::of(&said).errors {
            if !log.errors.contains(&line) {
                log.errors.push(line);
            }
        }
        let mut allowed = self.allowed.to_vec();
        allowed.extend(WILL_EXPIRE);
        let unexpected = log.unexpected(&allowed);
        let told = match (exit.status, log.end) {
            (ExitStatus::Code(0), End::Completed)
            | (ExitStatus::Code(5), End::CompletedWithErrors) => unexpected.is_empty(),
            _ => false,
        };
        if !told {
            return Err(self.failed(&invocation, &exit, &log, &unexpected, journal));
        }
        Ok(Moved {
            warnings: log.errors.clone(),
            log,
            text: text.unwrap_or(said),
        })
    }

    fn failed(
        &self,
        invocation: &Invocation,
        exit: &Exit,
        log: &PumpLog,
        unexpected: &[&String],
        journal: &JobJournal,
    ) -> Failure {
        let how = match (log.end, unexpected) {
            (End::Untold, []) => "ended, and its log does not say how the job ended",
            (End::Completed, []) => "says another thing than the job's log",
            (End::Completed | End::CompletedWithErrors, _) => "completed with errors",
            (End::Stopped, _) => "was stopped by a fatal error",
            (End::Untold, _) => "could not do its job",
        };
        let mut failure = Failure::tool(format!("{} {how}", invocation.program), invocation, exit);
        let lines: Vec<&str> = unexpected.iter().map(|line| line.as_str()).collect();
        let shown = lines.iter().take(KEPT_ERRORS);
        failure.0.causes = shown.map(|line| (*line).to_owned()).collect();
        let found = codes(&lines.join("\n")).join(" ");
        let found: Vec<&str> = found.split(' ').collect();
        let Some(known) = meaning(&found) else {
            return failure.hint("look into the log of the step for what the job says");
        };
        failure.0.kind = known.kind();
        failure.0.causes.insert(0, known.text.to_owned());
        failure.hint(
            known.hint(&Names {
                account: self
                    .session
                    .connection
                    .user
                    .as_deref()
                    .unwrap_or("the account"),
                directory: self.session.directory,
                job: &journal.job,
            }),
        )
    }
}
