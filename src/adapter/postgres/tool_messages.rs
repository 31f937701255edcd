//! What `pg_dump` and `psql` say on standard error, and what it means.

use super::connection::Connection;
use crate::adapter::Failure;
use crate::adapter::database::{KEPT_LINES, Said, Source};
use crate::event::FailureKind;
use crate::host::{Exit, ExitStatus, Invocation, clipped};

/// Sorts the lines.
pub(super) fn sort_lines(exit: &Exit, source: Source) -> Said {
    let errors = ["ERROR:", "FATAL:", "PANIC:", " error: "];
    Said::sorted(shown_lines(exit, source), exit, |line| {
        errors.iter().any(|word| line.contains(word))
    })
}

/// The lines as they may be shown: for a dump without the values that they quote. The programs are
/// told to be terse, so that no line holds a whole row.
pub(super) fn shown_lines(exit: &Exit, source: Source) -> Vec<String> {
    let text = exit.stderr.text();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| shown(line, source)).collect()
}

fn shown(line: &str, source: Source) -> String {
    clipped(match (source, line.find(": \"")) {
        (Source::Dump, Some(at)) => format!("{}: …", &line[..at]),
        _ => line.to_owned(),
    })
}

/// A good exit without errors, or the failure that it is.
pub(super) fn judge(
    connection: &Connection,
    invocation: &Invocation,
    exit: &Exit,
    source: Source,
) -> Result<Said, Failure> {
    let said = sort_lines(exit, source);
    if exit.success() && said.failures.is_empty() {
        return Ok(said);
    }
    let address = connection.address();
    let message = match exit.status {
        ExitStatus::Signal(_) => {
            format!("the client was killed while it asked the server at {address}")
        }
        ExitStatus::Code(0) => "the client ended well but reported errors".to_owned(),
        ExitStatus::Code(_) => format!("the server at {address} refused"),
    };
    Err(tool_failure(&message, connection, invocation, exit, source))
}

/// A failed tool with what its messages mean.
pub(super) fn tool_failure(
    message: &str,
    connection: &Connection,
    invocation: &Invocation,
    exit: &Exit,
    source: Source,
) -> Failure {
    let mut failure = Failure::tool(message, invocation, exit);
    let mut lines = shown_lines(exit, source);
    let known = lines.iter().find_map(|line| meaning(line));
    failure.0.stderr = lines.split_off(lines.len().saturating_sub(KEPT_LINES));
    if let Some(known) = known {
        failure.0.causes = vec![format!("{} ({})", known.text, connection.address())];
        if known.refused && failure.kind() == FailureKind::Tool {
            failure.0.kind = FailureKind::Refused;
        }
        failure = failure.hint(known.hint);
    }
    failure
}

/// What a line means.
struct Meaning {
    text: &'static str,
    hint: &'static str,
    /// Nothing was begun.
    refused: bool,
}

/// More sessions than the server, the database or the account may have, and what to do.
const NO_SESSION: (&str, &str) = (
    "the server has no free session",
    "end sessions that are not needed, or raise `max_connections` or the limit of the account or the \
     database, then try again",
);

/// A session that ended in the middle, and what to do.
const LOST: (&str, &str) = (
    "the connection to the server was lost",
    "look into the server's log: it was stopped or crashed, or somebody ended the session; start it if it \
     does not run, then try again",
);

fn meaning(line: &str) -> Option<Meaning> {
    let all: [(&str, &str, &str, bool); 21] = [
        (
            "password authentication failed",
            "the server does not accept the account's password",
            "check the account and its password in the site",
            true,
        ),
        (
            "no password supplied",
            "the server wants a password and the connection has none",
            "give `password` in the connection",
            true,
        ),
        (
            "no pg_hba.conf entry",
            "the server lets the account in from nowhere on this machine",
            "add a line for the account to the server's `pg_hba.conf` and reload it",
            true,
        ),
        (
            "the database system is ",
            "the server starts, stops or recovers",
            "wait until it takes connections (its log tells), then try again",
            true,
        ),
        (
            "Connection refused",
            "nothing listens there",
            "start the server, or correct `host` and `port`, then try again",
            true,
        ),
        (
            "server version mismatch",
            "the dump program is older than the server",
            "install the client programs of the server's version, and name them with `dump_program`",
            true,
        ),
        ("too many clients", NO_SESSION.0, NO_SESSION.1, true),
        (
            "remaining connection slots are reserved",
            NO_SESSION.0,
            NO_SESSION.1,
            true,
        ),
        (
            "too many connections for ",
            NO_SESSION.0,
            NO_SESSION.1,
            true,
        ),
        // Whatever else a server says on its socket comes before: this is the beginning of all of it.
        (
            "connection to server on socket",
            "nothing answers on the socket",
            "start the server, or correct `socket` and `port`, then try again",
            true,
        ),
        ("terminating connection", LOST.0, LOST.1, false),
        ("server closed the connection", LOST.0, LOST.1, false),
        ("connection to server was lost", LOST.0, LOST.1, false),
        ("could not receive data from server", LOST.0, LOST.1, false),
        ("could not send data to server", LOST.0, LOST.1, false),
        ("no connection to the server", LOST.0, LOST.1, false),
        (
            "connection has been closed unexpectedly",
            LOST.0,
            LOST.1,
            false,
        ),
        (
            "is being accessed by other users",
            "somebody else has a session in the database",
            "stop the application and whatever else uses the database",
            true,
        ),
        (
            "permission denied",
            "the account lacks a right",
            "grant it, or use the account that owns the database",
            false,
        ),
        (
            "read-only transaction",
            "the session may not change anything",
            "name the primary server in the site; a query may only read",
            false,
        ),
        (
            "No space left on device",
            "the server's disk is full",
            "free some space on the server's disk",
            false,
        ),
    ];
    all.into_iter()
        .find(|(words, ..)| line.contains(words))
        .map(|(_, text, hint, refused)| Meaning {
            text,
            hint,
            refused,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_dump_are_not_shown() {
        let line = "psql:<stdin>:9: ERROR:  invalid input syntax for type integer: \"hunter2\"";
        assert!(shown(line, Source::Own).contains("hunter2"));
        assert_eq!(
            shown(line, Source::Dump),
            "psql:<stdin>:9: ERROR:  invalid input syntax for type integer: …"
        );
    }
}
