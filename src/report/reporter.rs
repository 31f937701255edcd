//! What shows a run while it runs.

use std::io;

use crate::event::Event;

/// Shows a run. Events come in their order; an error means that nobody can see them any more (a closed
/// pipe), which never stops a run.
pub trait Reporter {
    /// Takes in an event of an earlier stretch of the run without showing it, so that a resumed run is
    /// shown with everything that is known.
    fn past(&mut self, event: &Event);

    /// Shows an event.
    fn event(&mut self, event: &Event) -> io::Result<()>;
}
