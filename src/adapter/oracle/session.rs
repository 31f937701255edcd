//! Asking a database: one run of `sqlplus` a question, judged.

use super::connection::{Connection, Program, password_problem};
use super::messages::{Names, code, codes, meaning};
use crate::adapter::database::WholeOutput;
use crate::adapter::{CheckContext, Failure, StepContext};
use crate::event::FailureKind;
use crate::host::{
    Control, Exit, Host, HostError, Invocation, Secret, Stdin, Stdout, Streams, clipped,
};

/// Before the log on. A failed CONNECT ends nothing by itself: what follows says SP2-0640 and the exit
/// code may be 0. So an answer counts only between the two marks, which a database gave.
const BEFORE: &str = "SET DEFINE OFF\nSET ECHO OFF\nWHENEVER OSERROR EXIT 1 ROLLBACK\n\
                      WHENEVER SQLERROR EXIT 1 ROLLBACK\n";

/// After the log on, since `glogin.sql` and `login.sql` are run then and may set anything.
const SETTINGS: &str = "SET DEFINE OFF\nSET ECHO OFF\nSET FEEDBACK OFF\nSET HEADING OFF\nSET VERIFY OFF\n\
                        SET TIMING OFF\nSET TIME OFF\nSET AUTOCOMMIT OFF\nSET PAGESIZE 0\nSET LINESIZE 32767\n\
                        SET LONG 1000000\nSET NUMWIDTH 38\nSET TAB OFF\nSET TRIMOUT ON\nSET WRAP ON\n\
                        SET SQLBLANKLINES ON\nSET COLSEP \"\u{1f}\"\n\
                        WHENEVER OSERROR EXIT 1 ROLLBACK\nWHENEVER SQLERROR EXIT 1 ROLLBACK\n";

const BEGIN: &str = "upgrade-kit:begin";
const END: &str = "upgrade-kit:end";

/// Lines of a failure that are kept.
const KEPT_LINES: usize = 8;

/// A database with the credentials to ask it.
pub(super) struct Session<'a> {
    pub(super) connection: &'a Connection,
    pub(super) host: &'a dyn Host,
    pub(super) control: &'a Control,
    password: Option<Secret>,
    /// Directory object that the step uses, for hints.
    pub(super) directory: &'a str,
}

impl<'a> Session<'a> {
    /// For a step. Resolves the password; connects only when asked something.
    pub(super) fn of_step(
        connection: &'a Connection,
        directory: &'a str,
        context: &StepContext<'a>,
    ) -> Result<Self, Failure> {
        let password = connection.password.as_ref().map(context.secret);
        Self::new(
            connection,
            directory,
            context.host,
            context.control,
            password,
        )
    }

    /// For a check.
    pub(super) fn of_check(
        connection: &'a Connection,
        directory: &'a str,
        context: &CheckContext<'a>,
    ) -> Result<Self, Failure> {
        let password = connection.password.as_ref().map(context.secret);
        Self::new(
            connection,
            directory,
            context.host,
            context.control,
            password,
        )
    }

    fn new(
        connection: &'a Connection,
        directory: &'a str,
        host: &'a dyn Host,
        control: &'a Control,
        password: Option<Result<Secret, Failure>>,
    ) -> Result<Self, Failure> {
        let password = password.transpose()?;
        if let Some(problem) = password.as_ref().and_then(password_problem) {
            return Err(Failure::refused(format!("the database password {problem}")));
        }
        Ok(Self {
            connection,
            host,
            control,
            password,
            directory,
        })
    }

    /// What a Data Pump client reads first: the answer to its prompt.
    pub(super) fn prompt_answer(&self) -> String {
        match &self.password {
            None => String::new(),
            Some(password) => {
                let text = password.expose();
                let plain = |c: char| c.is_ascii_alphanumeric() || "_$#".contains(c);
                if text.chars().all(plain) {
                    format!("{text}\n")
                } else {
                    format!("\"{text}\"\n")
                }
            }
        }
    }

    /// Runs statements; the lines of their answers, cells parted by U+001F.
    pub(super) fn ask(&self, statements: &str) -> Result<Vec<String>, Failure> {
        let script =
            format!("SELECT '{BEGIN}' FROM dual;\n{statements}\nSELECT '{END}' FROM dual;\n");
        let (invocation, exit, text) = self.run(&script)?;
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let begin = lines.iter().position(|line| *line == BEGIN);
        let end = lines.iter().rposition(|line| *line == END);
        let (true, Some(begin), Some(end)) = (exit.success(), begin, end) else {
            return Err(self.failure(&invocation, &exit, &text));
        };
        let answer = lines.get(begin + 1..end).unwrap_or_default();
        if answer.iter().any(|line| line.starts_with("SP2-")) {
            return Err(self.failure(&invocation, &exit, &text));
        }
        let answer = answer.iter().filter(|line| !line.is_empty());
        Ok(answer.map(|line| (*line).to_owned()).collect())
    }

    /// Runs a script of the operator's after the log on; its whole output. `None` in place of a
    /// failure if its end was not reached or an error was named; the caller words that.
    pub(super) fn script(
        &self,
        statements: &str,
    ) -> Result<(Invocation, Exit, String, bool), Failure> {
        let script = format!("{statements}\nSELECT '{END}' FROM dual;\n");
        let (invocation, exit, text) = self.run(&script)?;
        let ended = text.lines().any(|line| line.trim_end() == END);
        let wrong = text.lines().any(|line| code(line).is_some_and(is_error));
        let well = exit.success() && ended && !wrong;
        Ok((invocation, exit, text, well))
    }

    fn run(&self, script: &str) -> Result<(Invocation, Exit, String), Failure> {
        let invocation = self.connection.client();
        let login = self.connection.login(self.password.as_ref());
        let input = format!("{BEFORE}CONNECT {login}\n{SETTINGS}{script}EXIT 0\n");
        let mut output = WholeOutput::default();
        let exit = self.start(
            &invocation,
            Streams {
                stdin: Stdin::Reader(&mut input.as_bytes()),
                stdout: Stdout::Writer(&mut output),
            },
        )?;
        let text = String::from_utf8_lossy(&output.0).into_owned();
        Ok((invocation, exit, text))
    }

    /// Runs a program; a missing one is named with what can be done.
    pub(super) fn start(
        &self,
        invocation: &Invocation,
        streams: Streams<'_>,
    ) -> Result<Exit, Failure> {
        match self.host.run(invocation, streams, self.control) {
            Ok(exit) => Ok(exit),
            Err(error @ HostError::NoSuchProgram { .. }) => Err(Failure::from(error).hint(
                "install Oracle's client with its tools package, or name its place with \
                 `oracle_home` of the connection",
            )),
            Err(error) => Err(error.into()),
        }
    }

    fn failure(&self, invocation: &Invocation, exit: &Exit, text: &str) -> Failure {
        let message = format!(
            "the database at {} did not answer as it should",
            self.connection.address()
        );
        self.tool_failure(message, invocation, exit, text, "")
    }

    /// A failed program with what its messages mean.
    pub(super) fn tool_failure(
        &self,
        message: String,
        invocation: &Invocation,
        exit: &Exit,
        text: &str,
        job: &str,
    ) -> Failure {
        let mut failure = Failure::tool(message, invocation, exit);
        let all = format!("{text}\n{}", exit.stderr.text());
        let found = codes(&all);
        let lines = all.lines().map(str::trim);
        let lines: Vec<String> = lines
            .filter(|line| code(line).is_some())
            .map(str::to_owned)
            .collect();
        failure.0.stderr = if lines.is_empty() {
            let lines: Vec<&str> = all.lines().filter(|line| !line.trim().is_empty()).collect();
            let last = &lines[lines.len().saturating_sub(KEPT_LINES)..];
            last.iter()
                .map(|line| clipped((*line).to_owned()))
                .collect()
        } else {
            lines.into_iter().take(KEPT_LINES).map(clipped).collect()
        };
        let Some(known) = meaning(&found) else {
            return failure;
        };
        if failure.kind() == FailureKind::Tool {
            failure.0.kind = known.kind();
        }
        failure.0.causes.insert(0, known.text.to_owned());
        let names = Names {
            account: self.connection.user.as_deref().unwrap_or("the account"),
            directory: self.directory,
            job,
        };
        failure.hint(known.hint(&names))
    }

    /// Programs that a step calls.
    pub(super) fn programs(connection: &Connection, programs: &[Program]) -> Vec<String> {
        let programs = programs.iter();
        programs
            .map(|program| connection.program(*program))
            .collect()
    }
}

/// A password that will expire is no error.
fn is_error(code: &str) -> bool {
    code != "ORA-28002"
}
