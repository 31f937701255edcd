//! The surroundings of a step on a database: sets, scratch, log, secrets.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use upgrade_kit::adapter::{Action, CheckContext, Failure, Finding, PreviewLine, StepContext};
use upgrade_kit::backup::{PartialSet, SealFacts, SealedSet, seal};
use upgrade_kit::event::{ArtifactRecord, Outcome, RunState};
use upgrade_kit::host::{Control, Host, LocalHost, Masker, Secret, ToolStart};
use upgrade_kit::site::SecretRef;

/// Everything around a step.
pub(super) struct Stage {
    pub(super) directory: tempfile::TempDir,
    pub(super) control: Control,
    pub(super) log: Arc<Mutex<Vec<u8>>>,
    pub(super) tools: Arc<Mutex<Vec<ToolStart>>>,
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) progress: AtomicU64,
    host: Box<dyn Host>,
}

impl Stage {
    pub(super) fn new(password: &str) -> Self {
        Self::on(Box::new(LocalHost), password)
    }

    pub(super) fn on(host: Box<dyn Host>, password: &str) -> Self {
        let log: Arc<Mutex<Vec<u8>>> = Arc::default();
        let tools: Arc<Mutex<Vec<ToolStart>>> = Arc::default();
        let started = Arc::clone(&tools);
        let mut control = Control::unattended(Masker::default());
        control.run = "a-run".to_owned();
        control.log = Some(log.clone());
        control.on_tool = Box::new(move |tool| started.lock().unwrap().push(tool));
        Self {
            directory: tempfile::tempdir().unwrap(),
            control,
            log,
            tools,
            secrets: BTreeMap::from([("DB_PASSWORD".to_owned(), password.to_owned())]),
            progress: AtomicU64::new(0),
            host,
        }
    }

    pub(super) fn backups(&self) -> PathBuf {
        self.directory.path().join("backups")
    }

    pub(super) fn scratch(&self) -> PathBuf {
        let scratch = self.directory.path().join("scratch");
        std::fs::create_dir_all(&scratch).unwrap();
        scratch
    }

    fn secret(&self, reference: &SecretRef) -> Secret {
        let name = reference.env.as_ref().unwrap();
        let secret = Secret::new(self.secrets[name].clone());
        self.control.masker.add(&secret);
        secret
    }

    /// Calls `act` as a step with these sets.
    pub(super) fn step<R>(
        &self,
        writing: Option<&PartialSet>,
        using: Option<&SealedSet>,
        act: impl FnOnce(&StepContext<'_>) -> R,
    ) -> R {
        let scratch = self.scratch();
        act(&StepContext {
            step: "a-step",
            host: &*self.host,
            control: &self.control,
            progress: &|progress| self.progress.store(progress.done, Ordering::Relaxed),
            say: &|_| {},
            secret: &|reference| Ok(self.secret(reference)),
            scratch: &scratch,
            run_directory: self.directory.path(),
            writing,
            using,
            state: &RunState::new,
        })
    }

    /// What the action's check finds.
    pub(super) fn check(&self, action: &impl Action, using: Option<&SealedSet>) -> Vec<Finding> {
        action.check(&CheckContext {
            step: "a-step",
            host: &*self.host,
            control: &self.control,
            secret: &|reference| Ok(self.secret(reference)),
            backups: &self.backups(),
            using,
        })
    }

    /// Dumps into a set of that id, which stays unsealed.
    pub(super) fn dump_into(
        &self,
        id: &str,
        dump: &impl Action,
    ) -> Result<(PartialSet, Outcome), Failure> {
        let set = PartialSet::create(&self.backups(), id).unwrap();
        let outcome = self.step(Some(&set), None, |context| dump.perform(context))?;
        Ok((set, outcome))
    }

    /// Dumps and seals.
    pub(super) fn sealed(&self, id: &str, dumps: &[impl Action]) -> SealedSet {
        let set = PartialSet::create(&self.backups(), id).unwrap();
        let mut artifacts = Vec::new();
        for dump in dumps {
            let outcome = self
                .step(Some(&set), None, |context| dump.perform(context))
                .unwrap();
            artifacts.extend(outcome.artifacts);
        }
        self.seal(&set, artifacts)
    }

    pub(super) fn seal(&self, set: &PartialSet, artifacts: Vec<ArtifactRecord>) -> SealedSet {
        let facts = SealFacts {
            site: self.directory.path().display().to_string(),
            product: "domibus".to_owned(),
            versions: BTreeMap::new(),
            phase: "backup".to_owned(),
            scenario: "same-server".to_owned(),
            run: "run".to_owned(),
            plan: "0".repeat(64),
            window_opened: None,
            window_closed: None,
            tools: BTreeMap::new(),
            artifacts,
            site_yaml: Vec::new(),
            plan_json: b"{}".to_vec(),
        };
        seal(set, &facts).unwrap().set
    }

    /// Restores from the set.
    pub(super) fn restore(
        &self,
        set: &SealedSet,
        restore: &impl Action,
    ) -> Result<Outcome, Failure> {
        self.step(None, Some(set), |context| restore.perform(context))
    }

    /// The step's log so far.
    pub(super) fn log(&self) -> String {
        String::from_utf8_lossy(&self.log.lock().unwrap()).into_owned()
    }
}

/// The commands that ran since the last call, each once, in the order of their first start.
pub(super) fn ran(stage: &Stage) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for tool in stage.tools.lock().unwrap().drain(..) {
        if !commands.contains(&tool.command) {
            commands.push(tool.command);
        }
    }
    commands
}

/// The commands that a preview shows.
pub(super) fn shown(action: &impl Action) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for line in action.preview() {
        if let PreviewLine::Command(command) = line
            && !commands.contains(&command)
        {
            commands.push(command);
        }
    }
    commands
}

/// A failure's message, causes and hint.
pub(super) fn text(failure: &Failure) -> String {
    format!(
        "{} | {} | {}",
        failure,
        failure.0.causes.join(" | "),
        failure.0.hint.clone().unwrap_or_default()
    )
}
