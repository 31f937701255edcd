//! The stop request of a run.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};

use crate::event::StopLevel;

/// A stop request that threads can wait on. Clones share it.
#[derive(Debug, Clone)]
pub struct StopFlag(Arc<State>);

#[derive(Debug)]
struct State {
    level: Mutex<StopLevel>,
    raised: Condvar,
    /// Readable once the level is `Ask` or `Kill`: what a thread in `poll` waits on. Made when
    /// first wanted; `None` inside if the system gave no descriptor.
    bells: [OnceLock<Option<OwnedFd>>; 2],
}

impl Default for StopFlag {
    fn default() -> Self {
        Self(Arc::new(State {
            level: Mutex::new(StopLevel::None),
            raised: Condvar::new(),
            bells: [OnceLock::new(), OnceLock::new()],
        }))
    }
}

impl StopFlag {
    /// The present level.
    pub fn level(&self) -> StopLevel {
        *self.0.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Raises the level; a lower one changes nothing. Wakes every waiter.
    pub fn raise(&self, level: StopLevel) {
        let mut present = self.0.level.lock().unwrap_or_else(PoisonError::into_inner);
        *present = (*present).max(level);
        let level = *present;
        drop(present);
        self.0.raised.notify_all();
        for (bell, from) in self.0.bells.iter().zip([StopLevel::Ask, StopLevel::Kill]) {
            if let Some(Some(bell)) = bell.get()
                && level >= from
            {
                // Fails only when the counter is full, and then it is readable already.
                let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
            }
        }
    }

    /// Waits until the level is at least `level` or the time is over; tells the level then.
    pub fn wait(&self, level: StopLevel, longest: Duration) -> StopLevel {
        let deadline = Instant::now().checked_add(longest);
        let mut present = self.0.level.lock().unwrap_or_else(PoisonError::into_inner);
        while *present < level {
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                break;
            }
            present = self
                .0
                .raised
                .wait_timeout(present, left.min(Duration::from_secs(3600)))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *present
    }

    /// A descriptor that is readable once the level is at least `level` (`Ask` or `Kill`), also if it
    /// was raised before there was the descriptor, which [`Self::raise`] could not ring then.
    pub(super) fn bell(&self, level: StopLevel) -> Option<BorrowedFd<'_>> {
        let bell = &self.0.bells[usize::from(level >= StopLevel::Kill)];
        let bell = bell
            .get_or_init(|| eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok())
            .as_ref()?;
        if self.level() >= level {
            // As in `raise`.
            let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
        }
        Some(bell.as_fd())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_that_is_made_after_the_level_was_raised_rings() {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let rings = |flag: &StopFlag, level| {
            let bell = flag.bell(level).unwrap();
            let at_once = Timespec::default();
            poll(
                &mut [PollFd::from_borrowed_fd(bell, PollFlags::IN)],
                Some(&at_once),
            )
            .unwrap()
                == 1
        };
        let flag = StopFlag::default();
        flag.raise(StopLevel::Ask);
        assert!(rings(&flag, StopLevel::Ask));
        assert!(!rings(&flag, StopLevel::Kill));
        flag.raise(StopLevel::Kill);
        assert!(rings(&flag, StopLevel::Kill));
    }

    #[test]
    fn a_wait_ends_when_the_level_is_reached_and_not_before() {
        let flag = StopFlag::default();
        flag.raise(StopLevel::NoNewSteps);
        let short = Duration::from_millis(20);
        assert_eq!(flag.wait(StopLevel::Ask, short), StopLevel::NoNewSteps);
        let other = flag.clone();
        let waiter = std::thread::spawn(move || other.wait(StopLevel::Ask, Duration::MAX));
        flag.raise(StopLevel::Kill);
        assert_eq!(waiter.join().unwrap(), StopLevel::Kill);
        flag.raise(StopLevel::Ask);
        assert_eq!(flag.level(), StopLevel::Kill);
    }
}
