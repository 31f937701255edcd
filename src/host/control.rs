//! What the executor tells a host while a step works, and what the host tells back.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::ProcessIdentity;
use super::masker::Masker;
use super::stop_flag::StopFlag;
use crate::event::StopLevel;

/// Told to the executor when a tool was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolStart {
    /// The process.
    pub process: ProcessIdentity,
    /// The command, without secrets.
    pub command: String,
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
