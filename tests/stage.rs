//! A stage for single actions: everything around a step, without a run.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;
use upgrade_kit::adapter::{AnyAction, Failure, Probe, StepContext, registry};
use upgrade_kit::event::{Outcome, RunState};
use upgrade_kit::host::{Control, Host, LocalHost, Masker};
use upgrade_kit::site::{SecretRef, resolve_secret};

pub(crate) struct Stage {
    pub(crate) host: Box<dyn Host>,
    pub(crate) control: Control,
    pub(crate) log: Arc<Mutex<Vec<u8>>>,
    said: Mutex<Vec<String>>,
    scratch: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut control = Control::unattended(Masker::default());
        control.log = Some(log.clone());
        Self {
            host: Box::new(LocalHost),
            control,
            log,
            said: Mutex::new(Vec::new()),
            scratch: tempfile::tempdir().unwrap(),
        }
    }

    /// What the steps said so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }

    pub(crate) fn perform(&self, action: &str, options: &Value) -> Result<Outcome, Failure> {
        let action = decode(action, options);
        assert_eq!(action.validate(), Vec::<String>::new());
        self.with_context(|context| action.perform(context))
    }

    pub(crate) fn probe(&self, action: &str, options: &Value) -> Result<Probe, Failure> {
        let action = decode(action, options);
        self.with_context(|context| action.probe(context))
    }

    fn with_context<T>(&self, act: impl FnOnce(&StepContext<'_>) -> T) -> T {
        let secret = |reference: &SecretRef| {
            let secret = resolve_secret(reference, self.host.as_ref(), &self.control)?;
            self.control.masker.add(&secret);
            Ok(secret)
        };
        act(&StepContext {
            step: "step",
            host: self.host.as_ref(),
            control: &self.control,
            progress: &|_| {},
            say: &|line| self.said.lock().unwrap().push(line),
            secret: &secret,
            scratch: self.scratch.path(),
            run_directory: self.scratch.path(),
            writing: None,
            using: None,
            state: &RunState::new,
        })
    }
}

pub(crate) fn decode(action: &str, options: &Value) -> Box<dyn AnyAction> {
    let entry = registry::find(action).unwrap();
    let Value::Object(options) = options.clone() else {
        panic!("options are a map");
    };
    match entry.decode(options) {
        Ok(action) => action,
        Err(error) => panic!("{}: {error}", error.path.join(".")),
    }
}

/// Everything that an operator is told of a failure.
pub(crate) fn told(failure: &Failure) -> String {
    let report = &failure.0;
    let mut text = format!("{:?}: {}\n", report.kind, report.message);
    let mut line = |what: &str, said: &str| text.push_str(&format!("  {what}: {said}\n"));
    report
        .causes
        .iter()
        .for_each(|cause| line("because", cause));
    report.stderr.iter().for_each(|said| line("said", said));
    report
        .command
        .iter()
        .for_each(|command| line("command", command));
    report.exit.iter().for_each(|exit| line("ended", exit));
    line("hint", report.hint.as_deref().unwrap_or_default());
    text
}
