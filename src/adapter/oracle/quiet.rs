//! Is anybody else using a schema?

use std::time::Duration;

use super::quoting::literal;
use super::session::Session;
use crate::adapter::Failure;
use crate::adapter::database::Patience;
use crate::event::FailureKind;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Waits until nobody else uses the schema; after `patience` it is refused. Warns if the account cannot
/// see sessions at all.
pub(super) fn wait_until_quiet(
    session: &Session<'_>,
    schema: &str,
    patience: Duration,
) -> Result<Vec<String>, Failure> {
    let patience = Patience {
        limit: patience,
        pause: PAUSE,
    };
    let mut unseen = Vec::new();
    patience.wait(
        session.control,
        || {
            let foreign = foreign_sessions(session, schema)?;
            if foreign.is_none() {
                unseen = vec![
                    "the account cannot see other sessions (GRANT SELECT ON V_$SESSION): nobody has checked \
                     that the application is disconnected"
                        .to_owned(),
                ];
            }
            Ok(foreign.unwrap_or_default())
        },
        |foreign| in_use(schema, foreign),
    )?;
    Ok(unseen)
}

/// Others' sessions on the schema; `None` if the account may not see any.
fn foreign_sessions(session: &Session<'_>, schema: &str) -> Result<Option<Vec<String>>, Failure> {
    let owner = literal(schema);
    let answer = session.ask(&format!(
        "SELECT sid || ',' || serial# || ' of ' || username || ' from ' || machine || ' (' || program || ', ' || \
         status || ')' FROM v$session WHERE type = 'USER' AND (username = {owner} OR schemaname = {owner}) \
         AND sid <> SYS_CONTEXT('USERENV', 'SID');"
    ));
    match answer {
        Ok(lines) => Ok(Some(lines)),
        Err(failure) if is_hidden(&failure) => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn is_hidden(failure: &Failure) -> bool {
    let mut lines = failure.0.stderr.iter();
    failure.kind() != FailureKind::Stopped && lines.any(|line| line.starts_with("ORA-00942"))
}

fn in_use(schema: &str, foreign: Vec<String>) -> Failure {
    let mut failure = match foreign.as_slice() {
        [one] => Failure::refused(format!("the schema `{schema}` is in use: session {one}")),
        many => Failure::refused(format!(
            "{} other sessions use the schema `{schema}`",
            many.len()
        )),
    };
    if foreign.len() > 1 {
        failure.0.causes = foreign.into_iter().take(8).collect();
    }
    failure.hint(
        "stop the application and whatever else uses the schema, or ALTER SYSTEM KILL SESSION 'SID,SERIAL#', \
         then try again",
    )
}
