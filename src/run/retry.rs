//! Whether and when a failed attempt is followed by another. Pure.

use std::time::Duration;

use crate::event::{FailureKind, FailureReport};
use crate::plan::Retry;

/// No pause is longer, whatever the factor makes of it.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The pause before the next attempt, `None` if none follows. `tries` counts the attempts so far.
pub(super) fn pause(retry: Option<&Retry>, tries: u32, kind: FailureKind) -> Option<Duration> {
    let retry = retry?;
    if tries >= retry.attempts || !is_worth_a_retry(kind) {
        return None;
    }
    let factor = retry
        .backoff
        .max(1.0)
        .powf(f64::from(tries.saturating_sub(1)));
    let milliseconds = retry.delay_ms as f64 * factor;
    // A float that does not fit becomes the highest number, and a NaN becomes 0.
    Some(Duration::from_millis(milliseconds as u64).min(LONGEST_PAUSE))
}

/// A damaged set stays damaged, a person's word is needed once, and a fault of the program repeats
/// itself.
fn is_worth_a_retry(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Tool
        | FailureKind::Verification
        | FailureKind::Refused
        | FailureKind::Timeout
        | FailureKind::System => true,
        FailureKind::Stopped
        | FailureKind::DamagedSet
        | FailureKind::NeedsOperator
        | FailureKind::Internal
        | FailureKind::Unknown => false,
    }
}

/// The failure of an attempt that its time limit ended. What the step said of it becomes the cause.
pub(super) fn timed_out(failure: FailureReport, limit_ms: u64) -> FailureReport {
    let mut causes = vec![failure.message];
    causes.extend(failure.causes);
    let limit = Duration::from_millis(limit_ms);
    FailureReport {
        kind: FailureKind::Timeout,
        message: format!("not done within the time limit of {limit:?}"),
        causes,
        hint: Some(
            "raise `timeout` of the step in the site's runbook if it needs longer".to_owned(),
        ),
        ..failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_and_end_with_the_attempts() {
        let retry = Retry {
            attempts: 4,
            delay_ms: 1000,
            backoff: 3.0,
        };
        let pauses = |kind| -> Vec<Option<u64>> {
            (1..=4)
                .map(|tries| pause(Some(&retry), tries, kind).map(|time| time.as_secs()))
                .collect()
        };
        assert_eq!(pauses(FailureKind::Tool), [Some(1), Some(3), Some(9), None]);
        assert_eq!(pauses(FailureKind::Internal), [None; 4]);
        let steep = Retry {
            attempts: 1000,
            backoff: 1e9,
            ..retry
        };
        assert_eq!(
            pause(Some(&steep), 900, FailureKind::Tool),
            Some(LONGEST_PAUSE)
        );
        assert_eq!(pause(None, 1, FailureKind::Tool), None);
    }
}
