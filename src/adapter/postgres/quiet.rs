//! Is anybody else using a database?

use std::time::Duration;

use super::quoting::literal;
use super::session::{Session, copied};
use crate::adapter::Failure;
use crate::adapter::database::{Patience, in_use};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a session may still be seen whose client has ended, this room's own among them.
const LINGERING: Duration = Duration::from_secs(2);

/// Sessions of others in these databases, described. Their statements are not read: they quote rows.
fn foreign_sessions(session: &Session<'_>, databases: &[&str]) -> Result<Vec<String>, Failure> {
    let names: Vec<String> = databases.iter().map(|name| literal(name)).collect();
    let rows = session.ask(
        session.connection.maintenance(),
        &copied(&format!(
            "SELECT pid, coalesce(usename, ''), coalesce(host(client_addr), 'this machine'), \
             datname, coalesce(state, ''), coalesce(application_name, '') \
             FROM pg_catalog.pg_stat_activity WHERE datname IN ({}) \
             AND pid <> pg_catalog.pg_backend_pid() \
             AND coalesce(backend_type, 'client backend') = 'client backend' ORDER BY pid",
            names.join(", ")
        )),
    )?;
    let described = rows.iter().filter_map(|row| match row.as_slice() {
        [pid, user, from, database, state, program] => {
            let program = match program.as_str() {
                "" => String::new(),
                program => format!(", {program}"),
            };
            Some(format!(
                "session {pid} of {user}@{from} in `{database}` ({state}{program})"
            ))
        }
        _ => None,
    });
    Ok(described.collect())
}

/// Waits until nobody else uses the databases. What a killed run or a stopped application leaves takes
/// the server a moment to notice; after `patience` it is refused.
pub(super) fn wait_until_quiet(
    session: &Session<'_>,
    databases: &[&str],
    patience: Duration,
) -> Result<(), Failure> {
    let patience = Patience {
        limit: patience.max(LINGERING),
        pause: PAUSE,
    };
    patience.wait(
        session.control,
        || foreign_sessions(session, databases),
        |foreign| {
            in_use("the database", &foreign).hint(
                "stop the application and whatever else uses the database, or end the sessions with \
                 `SELECT pg_terminate_backend(PID)`, then try again",
            )
        },
    )
}
