//! What the executor tells a host while a step works, and what the host tells back.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ProcessIdentity;
use super::secret::Masker;
use crate::event::StopLevel;

/// Told to the executor when a tool was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolStart {
    /// The process.
    pub process: ProcessIdentity,
    /// The command, without secrets.
    pub command: String,
}

/// A stop request that threads can wait on.
#[derive(Debug, Clone)]
pub struct StopFlag(Arc<(Mutex<StopLevel>, Condvar)>);

impl Default for StopFlag {
    fn default() -> Self {
        Self(Arc::new((Mutex::new(StopLevel::None), Condvar::new())))
    }
}

impl StopFlag {
    /// The present level.
    pub fn level(&self) -> StopLevel {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Raises the level; a lower one changes nothing. Wakes every waiter.
    pub fn raise(&self, level: StopLevel) {
        let mut present = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        *present = (*present).max(level);
        self.0.1.notify_all();
    }

    /// Waits until the level is at least `level` or the time is over; tells the level then.
    pub fn wait(&self, level: StopLevel, longest: Duration) -> StopLevel {
        let deadline = Instant::now() + longest;
        let mut present = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        while *present < level {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            present = self
                .0
                .1
                .wait_timeout(present, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *present
    }
}

/// The link between a working step and the executor.
pub struct Control {
    /// Raised by signals; watched by every wait.
    pub stop: StopFlag,
    /// Id of the run, put into the environment of every tool that is not detached, so that what a
    /// killed run left behind can be found (`UPGRADE_KIT_RUN`).
    pub run: String,
    /// Called once for every tool, as soon as its process exists.
    pub on_tool: Box<dyn Fn(ToolStart) + Send + Sync>,
    /// The step's log: outputs of its tools, masked. `None` keeps no log.
    pub log: Option<Arc<Mutex<dyn Write + Send>>>,
    /// Knows every secret that was resolved in this process.
    pub masker: Masker,
}

impl Control {
    /// For reads outside of a run (`check`): nothing stops, nothing is logged.
    pub fn unattended(masker: Masker) -> Self {
        Self {
            stop: StopFlag::default(),
            run: String::new(),
            on_tool: Box::new(|_| {}),
            log: None,
            masker,
        }
    }

    /// Sleeps unless the run is asked to end its tools; `false` if it was.
    pub fn pause(&self, time: Duration) -> bool {
        self.stop.wait(StopLevel::Ask, time) < StopLevel::Ask
    }
}
