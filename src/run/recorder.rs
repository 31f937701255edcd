//! Journal, state and sink, always in this order.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::event::{Event, EventKind, RunState};
use crate::journal::{Journal, JournalError};

/// A time as events give it.
pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Numbers events and hands them on: to the journal, to the state, to whoever reports.
pub(super) struct Recorder {
    journal: Journal,
    state: Arc<Mutex<RunState>>,
    sink: Sender<Event>,
    seq: u64,
}

impl Recorder {
    /// Goes on after the journal's last event.
    pub(super) fn new(journal: Journal, state: Arc<Mutex<RunState>>, sink: Sender<Event>) -> Self {
        Self {
            seq: journal.seq(),
            journal,
            state,
            sink,
        }
    }

    /// Records events that happened now, in one write. Nobody learns of an event that is not on
    /// disk.
    pub(super) fn record(&mut self, kinds: Vec<EventKind>) -> Result<(), JournalError> {
        if kinds.is_empty() {
            return Ok(());
        }
        let at = Timestamp::now();
        let events: Vec<Event> = kinds
            .into_iter()
            .map(|kind| {
                self.seq += u64::from(kind.is_journaled());
                Event {
                    seq: self.seq,
                    at,
                    kind,
                }
            })
            .collect();
        self.journal.append_all(&events)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for event in &events {
            state.apply(event);
        }
        drop(state);
        for event in events {
            // Whoever listened may be gone; the run goes on, its journal tells everything.
            _ = self.sink.send(event);
        }
        Ok(())
    }

    /// The state after the last recorded event, for a look: of a large plan it is large.
    pub(super) fn state(&self) -> MutexGuard<'_, RunState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
