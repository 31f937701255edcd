//! Is anybody else using a schema?

use std::fmt;
use std::time::Duration;

use super::session::Session;
use crate::adapter::Failure;
use crate::adapter::database::{self, Patience, Row};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Somebody else's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ForeignSession {
    id: String,
    user: String,
    from: String,
    schema: String,
    doing: String,
    seconds: String,
}

impl fmt::Display for ForeignSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = if self.from.is_empty() {
            ""
        } else {
            &format!("@{}", self.from)
        };
        write!(
            f,
            "session {} of {}{from} on `{}` ({} for {} s)",
            self.id, self.user, self.schema, self.doing, self.seconds
        )
    }
}

/// Sessions of others on these schemas. An account without PROCESS sees only its own account's. The
/// statements themselves are not read: they quote rows.
pub(super) fn foreign_sessions(
    session: &Session<'_>,
    schemas: &[&str],
) -> Result<Vec<ForeignSession>, Failure> {
    let rows = session.ask("SELECT 'own', CONNECTION_ID();\nSHOW PROCESSLIST;\n")?;
    Ok(of_rows(&rows, schemas))
}

fn of_rows(rows: &[Row], schemas: &[&str]) -> Vec<ForeignSession> {
    let own = rows
        .iter()
        .find(|row| row.len() == 2)
        .and_then(|row| row.get(1));
    rows.iter()
        .filter_map(|row| match row.as_slice() {
            [id, user, from, schema, doing, seconds, ..]
                if Some(id) != own && schemas.contains(&schema.as_str()) =>
            {
                Some(ForeignSession {
                    id: id.clone(),
                    user: user.clone(),
                    from: from.clone(),
                    schema: schema.clone(),
                    doing: doing.clone(),
                    seconds: seconds.clone(),
                })
            }
            _ => None,
        })
        .collect()
}

/// Waits until nobody else uses the schemas. What a killed run or a stopped application leaves takes
/// the server a moment to notice; after `patience` it is refused.
pub(super) fn wait_until_quiet(
    session: &Session<'_>,
    schemas: &[&str],
    patience: Duration,
) -> Result<(), Failure> {
    let patience = Patience {
        limit: patience,
        pause: PAUSE,
    };
    patience.wait(
        session.control,
        || foreign_sessions(session, schemas),
        |foreign| in_use(&foreign),
    )
}

fn in_use(foreign: &[ForeignSession]) -> Failure {
    database::in_use("the schema", foreign).hint(
        "stop the application and whatever else uses the schema, or end the sessions with `KILL`, \
         then try again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Row {
        text.split('|').map(str::to_owned).collect()
    }

    #[test]
    fn only_others_on_the_schema_count() {
        let rows = [
            row("own|37"),
            row("1|event_scheduler|localhost|NULL|Daemon|410|Waiting|NULL|0.000"),
            row("37|bk|localhost|dom|Query|0|starting|SHOW PROCESSLIST|0.000"),
            row("38|app|10.0.0.3:5123|dom|Sleep|12||NULL"),
            row("39|app|10.0.0.3:5124|other|Sleep|12||NULL"),
        ];
        let foreign = of_rows(&rows, &["dom"]);
        assert_eq!(foreign.len(), 1);
        assert_eq!(
            foreign[0].to_string(),
            "session 38 of app@10.0.0.3:5123 on `dom` (Sleep for 12 s)"
        );
        assert!(in_use(&foreign).to_string().contains("session 38 of app"));
    }
}
