//! Asking a server: one run of the client a question, judged.

use super::connection::Connection;
use super::tool_messages::judge_client;
use crate::adapter::database::{END, Row, RowWriter, Source, no_end};
use crate::adapter::{CheckContext, Failure, StepContext};
use crate::host::{Control, Exit, Host, HostError, Invocation, Secret, Stdin, Stdout, Streams};

/// Opens every script of this room. In an empty mode a backslash escapes and `"` quotes a text, so
/// that quoting is right whatever the server's own mode is. Times read the same whatever its zone is.
/// Its default of waiting for a lock is a day.
const PREAMBLE: &str = "SET SESSION sql_mode = '', time_zone = '+00:00', lock_wait_timeout = 60;\n";

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
        Ok(Self {
            connection,
            host: context.host,
            control: context.control,
            password: connection
                .password
                .as_ref()
                .map(|reference| (context.secret)(reference))
                .transpose()?,
        })
    }

    /// For a check.
    pub(super) fn of_check(
        connection: &'a Connection,
        context: &CheckContext<'a>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            connection,
            host: context.host,
            control: context.control,
            password: connection
                .password
                .as_ref()
                .map(|reference| (context.secret)(reference))
                .transpose()?,
        })
    }

    /// The dump of a schema, with the password.
    pub(super) fn dump(&self, schema: &str) -> Invocation {
        self.connection.dump(schema, self.password.as_ref())
    }

    /// The client that runs what it reads, with the password.
    pub(super) fn load(&self, schema: Option<&str>) -> Invocation {
        self.connection.load(schema, self.password.as_ref())
    }

    /// Runs statements of this room and gives every row to `each`.
    pub(super) fn ask_each(
        &self,
        statements: &str,
        each: impl FnMut(Row) + Send,
    ) -> Result<(), Failure> {
        let invocation = self.connection.read(None, self.password.as_ref());
        self.run(&invocation, &format!("{PREAMBLE}{statements}"), each)?;
        Ok(())
    }

    /// Runs statements of this room; all their rows.
    pub(super) fn ask(&self, statements: &str) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        self.ask_each(statements, |row| rows.push(row))?;
        Ok(rows)
    }

    /// Runs somebody else's query in a schema, as it is; all its rows.
    pub(super) fn query(&self, schema: Option<&str>, sql: &str) -> Result<Vec<Row>, Failure> {
        let invocation = self.connection.read(schema, self.password.as_ref());
        let mut rows = Vec::new();
        self.run(&invocation, sql, |row| rows.push(row))?;
        Ok(rows)
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
                "install the database's client programs, or name them with `client_program` and \
                 `dump_program` of the connection (MariaDB 11 has only `mariadb` and `mariadb-dump`)",
            )),
            Err(error) => Err(error.into()),
        }
    }

    fn run(
        &self,
        invocation: &Invocation,
        script: &str,
        each: impl FnMut(Row) + Send,
    ) -> Result<Exit, Failure> {
        let script = format!("{script}SELECT '{END}';\n");
        let mut input = script.as_bytes();
        let mut output = RowWriter::new(each);
        let streams = Streams {
            stdin: Stdin::Reader(&mut input),
            stdout: Stdout::Writer(&mut output),
        };
        let exit = self.start(invocation, streams)?;
        judge_client(self.connection, invocation, &exit, Source::Own)?;
        if !output.has_ended() {
            return Err(no_end("its answer", invocation, &exit));
        }
        Ok(exit)
    }
}
