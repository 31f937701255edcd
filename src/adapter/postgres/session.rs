//! Asking a server: one run of the client a question, judged.

use std::io::Read;

use super::connection::Connection;
use super::tool_messages::{judge, sort_lines, tool_failure};
use crate::adapter::database::{END, Row, RowWriter, Source, no_end};
use crate::adapter::{CheckContext, Failure, StepContext};
use crate::host::{Control, Exit, Host, HostError, Invocation, Secret, Stdin, Stdout, Streams};

/// Opens every script of this room: values read the same whatever the server's settings are, names
/// mean what they say, and no wait is for ever.
pub(super) const PREAMBLE: &str = "SET client_min_messages = warning; SET search_path = ''; \
     SET DateStyle = 'ISO, MDY'; SET IntervalStyle = postgres; SET TimeZone = 'UTC'; \
     SET extra_float_digits = 3; SET bytea_output = hex; SET row_security = off; \
     SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
     SET lock_timeout = '60s';\n";

/// A query whose rows are one line each.
pub(super) fn copied(query: &str) -> String {
    format!("COPY ({query}) TO STDOUT (NULL 'NULL');\n")
}

/// The statement that prints the end.
pub(super) fn end_mark() -> String {
    copied(&format!("SELECT '{END}'"))
}

/// A server with the credentials to ask it.
pub(super) struct Session<'a> {
    pub(super) connection: &'a Connection,
    host: &'a dyn Host,
    pub(super) control: &'a Control,
    password: Option<Secret>,
}

impl<'a> Session<'a> {
    /// For a step. Resolves the password; connects only when asked something.
    pub(super) fn of_step(
        connection: &'a Connection,
        context: &StepContext<'a>,
    ) -> Result<Self, Failure> {
        Self::new(connection, context.host, context.control, context.secret)
    }

    /// For a check.
    pub(super) fn of_check(
        connection: &'a Connection,
        context: &CheckContext<'a>,
    ) -> Result<Self, Failure> {
        Self::new(connection, context.host, context.control, context.secret)
    }

    fn new(
        connection: &'a Connection,
        host: &'a dyn Host,
        control: &'a Control,
        secret: &(dyn Fn(&crate::site::SecretRef) -> Result<Secret, Failure> + Sync),
    ) -> Result<Self, Failure> {
        let password = connection.password.as_ref().map(secret).transpose()?;
        let problem = password
            .as_ref()
            .and_then(|password| Connection::password_problem(password.expose()));
        match problem {
            Some(problem) => Err(Failure::refused(format!(
                "the password of {} {problem}, and PostgreSQL's programs would not read it whole",
                connection.user
            ))
            .hint("give the account another password")),
            None => Ok(Self {
                connection,
                host,
                control,
                password,
            }),
        }
    }

    /// The dump of a database as a snapshot sees it.
    pub(super) fn dump(&self, database: &str, snapshot: &str) -> Invocation {
        let password = self.password.as_ref();
        self.connection.dump(database, snapshot, password)
    }

    /// The definitions of a database.
    pub(super) fn definitions(&self, database: &str) -> Invocation {
        self.connection
            .definitions(database, self.password.as_ref())
    }

    /// The client that runs a script in one transaction.
    pub(super) fn migrate(&self, database: &str) -> Invocation {
        self.connection.migrate(database, self.password.as_ref())
    }

    /// The client that runs a dump.
    pub(super) fn load(&self, database: &str) -> Invocation {
        self.connection.load(database, self.password.as_ref())
    }

    /// The client that answers.
    pub(super) fn client(&self, database: &str) -> Invocation {
        self.connection.client(database, self.password.as_ref())
    }

    /// Runs statements of this room in a database; the rows of its copies.
    pub(super) fn ask(&self, database: &str, statements: &str) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        let script = format!("{PREAMBLE}{statements}");
        self.ask_each(database, &mut script.as_bytes(), |row| rows.push(row))?;
        Ok(rows)
    }

    /// Runs what the reader gives, and hands every row to `each` as soon as it is there.
    pub(super) fn ask_each(
        &self,
        database: &str,
        input: &mut (dyn std::io::Read + Send),
        each: impl FnMut(Row) + Send,
    ) -> Result<(), Failure> {
        let invocation = self.client(database);
        let mut output = RowWriter::new(each);
        let end = end_mark();
        let mut input = input.chain(end.as_bytes());
        let streams = Streams {
            stdin: Stdin::Reader(&mut input),
            stdout: Stdout::Writer(&mut output),
        };
        let exit = self.start(&invocation, streams)?;
        judge(self.connection, &invocation, &exit, Source::Own)?;
        if output.has_ended() {
            Ok(())
        } else {
            Err(no_end("its answer", &invocation, &exit))
        }
    }

    /// Runs a dump program into a writer and judges its exit and messages; its notes.
    pub(super) fn write_dump(
        &self,
        database: &str,
        invocation: &Invocation,
        output: &mut (dyn std::io::Write + Send),
    ) -> Result<Vec<String>, Failure> {
        let streams = Streams {
            stdin: Stdin::Null,
            stdout: Stdout::Writer(output),
        };
        let exit = self.start(invocation, streams)?;
        let said = sort_lines(&exit, Source::Own);
        if exit.success() && said.failures.is_empty() {
            return Ok(said.notes);
        }
        let message = format!("the dump of `{database}` failed");
        let connection = self.connection;
        Err(tool_failure(
            &message,
            connection,
            invocation,
            &exit,
            Source::Own,
        ))
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
                "install PostgreSQL's client programs, or name them with `client_program` and \
                 `dump_program` of the connection",
            )),
            Err(error) => Err(error.into()),
        }
    }
}
