//! `zdt.rollout`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::rules_homes::is_plain;
use super::workflow;
use crate::adapter::weblogic::connection::{Connection, of_connection};
use crate::adapter::weblogic::script::{Literal, Script};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, Probe, StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;
use crate::site::weblogic::{Home, OnRolloutFailure};

const ROLLOUT: &str = include_str!("../scripts/rollout.py");

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
    /// Whether it is done at all: usually an output of an earlier step. WebLogic refuses to roll back what
    /// was never rolled out.
    #[serde(default = "always")]
    pub only_if: bool,
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

fn always() -> bool {
    true
}

pub(super) fn six_hours() -> HumanDuration {
    HumanDuration::seconds(6 * 3600)
}

fn one_minute() -> HumanDuration {
    HumanDuration::seconds(60)
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
        workflow::script(
            name,
            &self.connection,
            &self.servers,
            self.timeout,
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
                ("ON_FAILURE", Literal::Text(on_failure)),
            ],
            ROLLOUT,
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
        let mut preview = Preview::new();
        if !self.only_if {
            let text = "it is left out unless a step before finds that there is something to do";
            preview.push(PreviewLine::Note(text.to_owned()));
        }
        preview.extend(self.script().preview(&self.connection));
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
        let Some(text) = workflow::journal(context)? else {
            return Ok(Probe::Absent);
        };
        let id = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("workflow\t"));
        Ok(Probe::Partial(match id {
            Some(id) => format!("the workflow {id} was begun: it is taken up again"),
            None => "a rollout was asked for: the domain is looked through for it".to_owned(),
        }))
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        if !self.only_if {
            return Ok(workflow::left_alone(
                "nothing is rolled out: there is nothing to do",
            ));
        }
        let result = workflow::run(&self.script(), &self.connection, self.timeout, context)?;
        workflow::outcome(&result)?
            .ok_or_else(|| Failure::verification("the script names no workflow"))
    }
}
