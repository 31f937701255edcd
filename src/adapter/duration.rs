//! Times as documents write them.

use std::time::Duration;

/// `90s`, `5m`, `2h 30m`: as jiff's friendly format. Not negative, not calendar units.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a length of time");
    let span: jiff::SignedDuration = text.trim().parse().map_err(|_| wrong())?;
    Duration::try_from(span).map_err(|_| wrong())
}
