//! Waits until nobody else is at work on a database.

use std::time::{Duration, Instant};

use crate::adapter::Failure;
use crate::host::Control;

/// How long to wait for the sessions of others, and how often to look.
pub(in crate::adapter) struct Patience {
    /// What a killed run or a stopped application leaves takes the server a moment to notice.
    pub(in crate::adapter) limit: Duration,
    /// Pause between two looks.
    pub(in crate::adapter) pause: Duration,
}

impl Patience {
    /// Looks until there is nobody, and refuses with `in_use` when the time is over.
    pub(in crate::adapter) fn wait<T>(
        &self,
        control: &Control,
        mut look: impl FnMut() -> Result<Vec<T>, Failure>,
        in_use: impl FnOnce(Vec<T>) -> Failure,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + self.limit;
        loop {
            let foreign = look()?;
            if foreign.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(in_use(foreign));
            }
            if !control.pause(self.pause) {
                return Err(Failure::stopped());
            }
        }
    }
}

/// `what` (`the schema`) is used by these sessions.
pub(in crate::adapter) fn in_use<T: ToString>(what: &str, foreign: &[T]) -> Failure {
    let mut failure = match foreign {
        [one] => Failure::refused(format!("{what} is in use: {}", one.to_string())),
        many => Failure::refused(format!("{} other sessions use {what}", many.len())),
    };
    if foreign.len() > 1 {
        failure.0.causes = foreign.iter().take(8).map(ToString::to_string).collect();
    }
    failure
}
