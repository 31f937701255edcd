//! One run of WLST, judged by the result that its script wrote.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::connection::Connection;
use super::result::{End, ResultLines};
use super::script::Script;
use crate::adapter::{CheckContext, Failure, StepContext};
use crate::event::FailureKind;
use crate::host::{Control, Host, HostError, Secret, Streams};

/// WLST itself needs this long to start and connect, on a busy machine.
pub(super) const STARTUP: Duration = Duration::from_secs(300);

/// A domain with the credentials to ask it, and a directory for scripts.
pub(super) struct Session<'a> {
    connection: &'a Connection,
    pub(super) host: &'a dyn Host,
    control: &'a Control,
    pub(super) directory: PathBuf,
    password: Option<Secret>,
    temporary: bool,
}

impl<'a> Session<'a> {
    /// For a step: its scripts stay in its directory.
    pub(super) fn of_step(
        connection: &'a Connection,
        context: &StepContext<'a>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            connection,
            host: context.host,
            control: context.control,
            directory: context.make_scratch()?.to_owned(),
            password: resolve(connection, context.secret)?,
            temporary: false,
        })
    }

    /// For a check, which has no run: its script is gone afterwards.
    pub(super) fn of_check(
        connection: &'a Connection,
        context: &CheckContext<'a>,
    ) -> Result<Self, Failure> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("upgrade-kit-wlst-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let password = resolve(connection, context.secret)?;
        context.host.create_dir(&directory, 0o700)?;
        Ok(Self {
            connection,
            host: context.host,
            control: context.control,
            directory,
            password,
            temporary: true,
        })
    }

    /// Runs the script; its result, if it came to its end.
    pub(super) fn run(&self, script: &Script, limit: Duration) -> Result<ResultLines, Failure> {
        let path = self.directory.join(script.file());
        let result_path = self.directory.join(script.result_file());
        // A result of an earlier attempt would speak for this one.
        self.host.remove_tree(&result_path)?;
        self.host
            .write_atomic(&path, script.text.as_bytes(), 0o600)?;
        let invocation = self.connection.invocation(
            &script.file(),
            limit + STARTUP,
            Some(&self.directory),
            self.password.as_ref(),
        );
        let exit = match self
            .host
            .run(&invocation, Streams::captured(), self.control)
        {
            Ok(exit) => exit,
            Err(error @ HostError::NoSuchProgram { .. }) => {
                return Err(Failure::from(error)
                    .hint("name WLST in the site: ORACLE_HOME/oracle_common/common/bin/wlst.sh"));
            }
            Err(error) => return Err(error.into()),
        };
        let what = format!("the WLST script {} failed", script.file());
        let mut failure = Failure::tool(what, &invocation, &exit);
        // WLST reports on standard output.
        failure.0.stderr = exit.stdout.last_lines(8);
        failure.0.stderr.extend(exit.stderr.last_lines(4));
        failure.0.hint = Some(format!(
            "the script and what it wrote are in {}",
            self.directory.display()
        ));
        let result = self.read(&result_path)?;
        match &result.end {
            End::Done if exit.success() => return Ok(result),
            End::Done => failure
                .0
                .causes
                .push("it came to its end, and WLST ended with a failure all the same".to_owned()),
            End::Refused { text, hint } if !exit.timed_out && !exit.stopped => {
                return Err(Failure::verification(text.clone()).hint(hint.clone()));
            }
            End::Refused { text, .. } | End::Failed { text } => {
                failure.0.causes.push(text.clone());
            }
            End::Cut if exit.success() => {
                failure.0.kind = FailureKind::Verification;
                failure.0.causes.push(
                    "WLST ended with exit code 0 and the script did not come to its end".to_owned(),
                );
            }
            End::Cut => failure
                .0
                .causes
                .push("the script did not come to its end".to_owned()),
        }
        Err(failure)
    }

    /// Sleeps unless the run is asked to stop; `false` if it was.
    pub(super) fn pause(&self, time: Duration) -> bool {
        self.control.pause(time)
    }

    fn read(&self, path: &Path) -> Result<ResultLines, Failure> {
        if self.host.stat(path)?.is_none() {
            return Ok(ResultLines {
                lines: Vec::new(),
                end: End::Cut,
            });
        }
        ResultLines::read(self.host.open(path)?)
            .map_err(|error| HostError::file("read", path, error).into())
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if self.temporary {
            _ = self.host.remove_tree(&self.directory);
        }
    }
}

/// Lines of that kind; a line of another shape is a fault of the program.
pub(super) fn lines<T: DeserializeOwned>(
    result: &ResultLines,
    kind: &str,
) -> Result<Vec<T>, Failure> {
    result.of_kind(kind).map_err(|text| {
        Failure::new(
            FailureKind::Internal,
            format!("a line of a script is not understood: {text}"),
        )
    })
}

fn resolve(
    connection: &Connection,
    secret: &(dyn Fn(&crate::site::SecretRef) -> Result<Secret, Failure> + Sync),
) -> Result<Option<Secret>, Failure> {
    connection.password.as_ref().map(secret).transpose()
}
