//! A step with everything that it works on, laid out anew for every cell.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::planted::instead_of;

/// Everything that the step may change, as text that is the same for the same state.
pub(super) type State = Arc<dyn Fn() -> String + Send + Sync>;

/// A step that does not misbehave: its action and its options.
pub(super) type Sound = (&'static str, Value);

/// What the step has to do with backup sets.
pub(super) enum Set {
    /// Nothing.
    None,
    /// It writes into one, after these.
    Written(Vec<Sound>),
    /// It uses the one that these wrote. Then something happens to what they saved.
    Used(Vec<Sound>, Box<dyn FnOnce()>),
}

/// A step with everything that it works on.
pub(super) struct Scene {
    pub(super) options: Value,
    pub(super) set: Set,
    pub(super) state: State,
    /// The answer to every secret that is asked for.
    pub(super) password: String,
    /// Names and paths that are of this scene alone; they are left out of its state.
    pub(super) own: Vec<String>,
}

impl Scene {
    /// A step without sets and secrets.
    pub(super) fn new(
        options: Value,
        place: &Path,
        state: impl Fn() -> String + Send + Sync + 'static,
    ) -> Self {
        Self {
            options,
            set: Set::None,
            state: Arc::new(state),
            password: instead_of("Geheim#9x@y", ""),
            own: vec![place.display().to_string()],
        }
    }

    pub(super) fn with_set(mut self, set: Set) -> Self {
        self.set = set;
        self
    }
}

/// An action of the matrix.
pub(super) struct Row {
    pub(super) action: &'static str,
    /// `None` where what it needs is not installed.
    pub(super) scene: fn() -> Option<Scene>,
    /// How many cells are tried without `UPGRADE_KIT_POINTS=all`: few where tools take seconds.
    pub(super) cells: usize,
}

/// A row of which every fault is tried at one of its calls.
pub(super) const fn row(action: &'static str, scene: fn() -> Option<Scene>) -> Row {
    some(usize::MAX, action, scene)
}

/// A row of which some faults are tried.
pub(super) const fn some(cells: usize, action: &'static str, scene: fn() -> Option<Scene>) -> Row {
    Row {
        action,
        scene,
        cells,
    }
}
