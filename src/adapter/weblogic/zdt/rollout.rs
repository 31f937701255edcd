//! `zdt.rollout`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use super::progress::while_watching;
use super::rules_homes::is_plain;
use crate::adapter::weblogic::connection::{Connection, of_connection};
use crate::adapter::weblogic::script::{Literal, Script};
use crate::adapter::weblogic::session::{Session, lines};
use crate::adapter::weblogic::start_servers::SERVERS;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, Probe, StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;
use crate::site::weblogic::{Home, OnRolloutFailure};

const ROLLOUT: &str = include_str!("../scripts/rollout.py");
const JOURNAL: &str = "rollout.journal";
const PROGRESS: &str = "rollout.progress";

/// A journal has a few lines for each attempt.
const JOURNAL_LIMIT: u64 = 1024 * 1024;

/// How long the Admin Server may be away while the rollout restarts it.
const RECONNECT: u64 = 1800;

/// Milliseconds between two looks at a workflow.
const POLL: u64 = 2000;

/// Rolls an Oracle home, a Java home or applications out over the targets, or restarts them one after
/// the other, and waits for the end. A rollout that is at work already is taken up again, not begun
/// a second time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// The domain, or clusters, or servers.
    pub targets: Vec<String>,
    /// The Oracle home that is rolled out, or back.
    #[serde(default)]
    pub home: Option<Home>,
    /// The Java home that is rolled out; the same path on every node.
    #[serde(default)]
    pub java_home: Option<PathBuf>,
    /// The applications file, where the Admin Server reads it.
    #[serde(default)]
    pub applications: Option<PathBuf>,
    /// The migrations file, where the Admin Server reads it.
    #[serde(default)]
    pub migrations: Option<PathBuf>,
    /// How it is done.
    pub options: RolloutOptions,
    /// Whether WebLogic only looks whether it could be done.
    #[serde(default)]
    pub dry_run: bool,
    /// Whether this takes an earlier rollout back: if the last workflow of the domain did not succeed, it
    /// is reverted, and nothing is rolled out.
    #[serde(default)]
    pub takes_back: bool,
    /// What a failed rollout means.
    #[serde(default)]
    pub on_failure: OnRolloutFailure,
    /// The servers that must run afterwards.
    #[serde(default)]
    pub servers: Vec<String>,
    /// How long it may take.
    #[serde(default = "six_hours")]
    pub timeout: HumanDuration,
}

/// Options that WebLogic has defaults for, which change between its releases: all are always given.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutOptions {
    /// Whether sessions of the present version work in the new one.
    pub session_compatible: bool,
    /// How long a server may take to stop. Without it, as long as it takes.
    #[serde(default)]
    pub shutdown_timeout: Option<HumanDuration>,
    /// Pause between two nodes.
    #[serde(default = "one_minute")]
    pub delay_between_nodes: HumanDuration,
}

fn six_hours() -> HumanDuration {
    HumanDuration::seconds(6 * 3600)
}

fn one_minute() -> HumanDuration {
    HumanDuration::seconds(60)
}

/// What the script says of the workflow at its end.
#[derive(Debug, Deserialize)]
struct Workflow {
    id: String,
    status: String,
    commands: u64,
}

impl Rollout {
    /// The command of WLST.
    fn kind(&self) -> &'static str {
        match (&self.home, &self.java_home, &self.applications) {
            (Some(_), None, None) => "rolloutOracleHome",
            (None, Some(_), None) => "rolloutJavaHome",
            (None, None, Some(_)) => "rolloutApplications",
            (None, None, None) => "rollingRestart",
            _ => "rolloutUpdate",
        }
    }

    /// `key=value` by commas: WebLogic takes nothing else, and no blank.
    fn options_text(&self) -> String {
        let seconds = |time: HumanDuration| time.get().as_secs();
        let mut text = format!(
            "isDryRun={},isAutoRevertOnFailure={},isSessionCompatible={},shutdownTimeout={},\
             DelayBetweenNodes={}",
            self.dry_run,
            self.on_failure == OnRolloutFailure::Revert && !self.dry_run,
            self.options.session_compatible,
            self.options.shutdown_timeout.map_or(0, seconds),
            seconds(self.options.delay_between_nodes),
        );
        if let Some(path) = &self.migrations {
            text.push_str(",migrationProperties=");
            text.push_str(&path.to_string_lossy());
        }
        text
    }

    fn script(&self) -> Script {
        let path = |path: Option<&PathBuf>| path.map(|path| path.to_string_lossy().into_owned());
        let home = path(self.home.as_ref().map(|home| &home.rolled_out));
        let backup = path(self.home.as_ref().map(|home| &home.backup));
        let rollback = self
            .home
            .as_ref()
            .map(|home| if home.rollback { "true" } else { "false" });
        let on_failure = match self.on_failure {
            OnRolloutFailure::Resume if !self.dry_run => "resume",
            OnRolloutFailure::Revert if !self.dry_run => "revert",
            _ => "stop",
        };
        let name = if self.dry_run {
            "rollout-dry-run"
        } else {
            "rollout"
        };
        Script::new(
            name,
            &self.connection,
            &[
                ("KIND", Literal::Text(self.kind())),
                ("TARGET", Literal::Text(&self.targets.join(","))),
                ("HOME", home.as_deref().into()),
                ("BACKUP", backup.as_deref().into()),
                ("ROLLBACK", rollback.into()),
                ("JAVA_HOME", path(self.java_home.as_ref()).as_deref().into()),
                (
                    "APPLICATIONS",
                    path(self.applications.as_ref()).as_deref().into(),
                ),
                ("OPTIONS", Literal::Text(&self.options_text())),
                ("DRY_RUN", Literal::Number(u64::from(self.dry_run))),
                ("TAKES_BACK", Literal::Number(u64::from(self.takes_back))),
                ("ON_FAILURE", Literal::Text(on_failure)),
                ("SERVERS", Literal::Texts(&self.servers)),
                ("JOURNAL", Literal::Text(JOURNAL)),
                ("PROGRESS", Literal::Text(PROGRESS)),
                ("TIMEOUT", Literal::Number(self.timeout.get().as_secs())),
                ("RECONNECT", Literal::Number(RECONNECT)),
                ("POLL", Literal::Number(POLL)),
            ],
            &[SERVERS, ROLLOUT],
        )
    }

    fn paths(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        let home = self.home.iter();
        home.flat_map(|home| {
            [
                ("home.rolled_out", &home.rolled_out),
                ("home.backup", &home.backup),
            ]
        })
        .chain(self.java_home.iter().map(|path| ("java_home", path)))
        .chain(self.applications.iter().map(|path| ("applications", path)))
        .chain(self.migrations.iter().map(|path| ("migrations", path)))
    }
}

impl Action for Rollout {
    const NAME: &'static str = "zdt.rollout";
    const SUMMARY: &'static str = "Rolls a home or applications out over a WebLogic domain";
    const EFFECT: Effect = Effect::External;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "workflow",
        kind: OutputKind::Text,
        about: "id of the workflow in the domain",
    }];

    of_connection!();

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        if self.targets.is_empty() {
            problems.push("targets: is empty".to_owned());
        }
        for target in &self.targets {
            if target.is_empty() || target.contains([',', ' ', '\t', '\n']) {
                problems.push(format!("targets: `{target}` is no name of a target"));
            }
        }
        for (option, path) in self.paths() {
            if !is_plain(&path.to_string_lossy()) {
                problems.push(format!(
                    "{option}: a rollout takes no `{}`: only letters, digits and `_-./:\\`",
                    path.display()
                ));
            }
        }
        let rollback = self.home.as_ref().is_some_and(|home| home.rollback);
        if rollback && self.applications.is_some() {
            problems.push(
                "applications: WebLogic rolls a home back only without applications".to_owned(),
            );
        }
        if !self.options.session_compatible && self.options.shutdown_timeout.is_none() {
            problems.push(
                "options.shutdown_timeout: is needed where sessions are not compatible".to_owned(),
            );
        }
        problems
    }

    fn preview(&self) -> Preview {
        let mut preview = self.script().preview(&self.connection);
        let what = if self.dry_run {
            "the dry run"
        } else {
            "the rollout"
        };
        preview.push(PreviewLine::Checks(format!(
            "{what} ends with SUCCESS (waits up to {}), and {} run",
            self.timeout,
            if self.servers.is_empty() {
                "its servers".to_owned()
            } else {
                self.servers.join(", ")
            }
        )));
        preview
    }

    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        let path = context.scratch.join(JOURNAL);
        if context.host.stat(&path)?.is_none() {
            return Ok(Probe::Absent);
        }
        let content = context.host.read(&path, JOURNAL_LIMIT)?;
        let text = String::from_utf8_lossy(&content).into_owned();
        let workflow = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("workflow\t"));
        Ok(Probe::Partial(match workflow {
            Some(id) => format!("the workflow {id} was begun: it is taken up again"),
            None => "a rollout was asked for: the domain is looked through for it".to_owned(),
        }))
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let session = Session::of_step(&self.connection, context)?;
        let progress = context.scratch.join(PROGRESS);
        let result = while_watching(context, &progress, || {
            session.run(
                &self.script(),
                self.timeout.get() + std::time::Duration::from_secs(RECONNECT),
            )
        })?;
        let found: Vec<Workflow> = lines(&result, "workflow")?;
        let Some(workflow) = found.into_iter().next() else {
            return Err(Failure::verification("the script names no workflow"));
        };
        let mut outputs = Map::new();
        outputs.insert("workflow".to_owned(), workflow.id.clone().into());
        Ok(Outcome {
            outputs,
            summary: format!(
                "{} ended with {}, {} commands",
                workflow.id, workflow.status, workflow.commands
            ),
            ..Outcome::default()
        })
    }
}
