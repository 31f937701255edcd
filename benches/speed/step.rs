//! One step performed by itself, with what the executor would put around it.

use std::fs;
use std::path::Path;

use upgrade_kit::adapter::{Failure, StepContext, registry};
use upgrade_kit::backup::{PartialSet, SealedSet};
use upgrade_kit::event::{Outcome, RunState};
use upgrade_kit::host::{Control, LocalHost, Masker};

/// The sets that a step works on.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sets<'a> {
    pub(crate) writing: Option<&'a PartialSet>,
    pub(crate) using: Option<&'a SealedSet>,
}

/// Performs an action with these options; the scratch directory lies in `directory`.
pub(crate) fn perform(
    action: &str,
    options: &serde_json::Value,
    directory: &Path,
    sets: Sets<'_>,
) -> Outcome {
    let entry = registry::find(action).expect("the action is registered");
    let options = options.as_object().expect("options are a map").clone();
    let action = match entry.decode(options) {
        Ok(action) => action,
        Err(error) => panic!("{error} at {}", error.path.join(".")),
    };
    let scratch = directory.join("scratch");
    fs::create_dir_all(&scratch).expect("the directory can be made");
    let control = Control::unattended(Masker::default());
    let context = StepContext {
        step: "bench",
        host: &LocalHost,
        control: &control,
        progress: &|_| {},
        say: &|_| {},
        secret: &|_| Err(Failure::refused("no step here has a secret")),
        scratch: &scratch,
        run_directory: directory,
        writing: sets.writing,
        using: sets.using,
        state: &RunState::new,
    };
    match action.perform(&context) {
        Ok(outcome) => outcome,
        Err(failure) => panic!("{failure:?}"),
    }
}
