//! `server.stop`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Deserialize;

use super::identify::recorded;
use super::state::State;
use super::target::{Kind, Script, Target, check_script, instance, pid_file, script};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, StepContext, Transient,
};
use crate::event::{FailureKind, Outcome};
use crate::host::Invocation;

const SIGTERM: i32 = 15;
const SIGKILL: i32 = 9;

/// A port or lock that no process of ours explains is waited for this long, no longer: whoever has
/// it was not asked to stop.
const UNEXPLAINED: Duration = Duration::from_secs(5);

/// A killed process is gone after this long, unless it hangs in the kernel.
const KILLED: Duration = Duration::from_secs(10);

/// How often a wait says what it waits for.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Stops an application server and waits until it is truly gone: none of its processes left, its
/// ports closed, its store locks free. A server that does not run counts as stopped.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// Kind of server.
    pub kind: Kind,
    /// Its home directory (`CATALINA_HOME`, `JBOSS_HOME`).
    pub home: PathBuf,
    /// Its instance directory, if it is another one: `CATALINA_BASE`, which is else the home, or
    /// `JBOSS_BASE_DIR`, which is else `standalone` in the home.
    #[serde(default)]
    pub base: Option<PathBuf>,
    /// Program and arguments that stop it. Default `HOME/bin/shutdown.sh`, for Carbon
    /// `HOME/bin/wso2server.sh stop`, for WildFly
    /// `HOME/bin/jboss-cli.sh --connect --command=:shutdown`.
    #[serde(default)]
    pub stop: Option<Vec<String>>,
    /// Additional environment of the stop command.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// File that holds its process id. For Carbon `HOME/wso2carbon.pid` unless given.
    #[serde(default)]
    pub pid_file: Option<PathBuf>,
    /// Every port that it and its embedded broker listen on.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Locks of the broker's stores, which a running broker holds.
    #[serde(default)]
    pub locks: Vec<PathBuf>,
    /// How long it may take to stop before its process is asked by SIGTERM.
    #[serde(default = "two_minutes")]
    pub grace: HumanDuration,
    /// How long it may take in all. Default a minute more than `grace`.
    #[serde(default)]
    pub timeout: Option<HumanDuration>,
    /// Whether it is killed after that. A killed broker recovers its store from its journal at the
    /// next start; work in progress is lost.
    #[serde(default)]
    pub kill: bool,
}

fn two_minutes() -> HumanDuration {
    HumanDuration::seconds(120)
}

impl Stop {
    fn target(&self) -> Target<'_> {
        Target {
            kind: self.kind,
            home: &self.home,
            base: instance(self.kind, &self.home, self.base.as_deref()),
            pid_file: pid_file(self.kind, &self.home, self.pid_file.as_ref()),
            ports: &self.ports,
            locks: &self.locks,
        }
    }

    fn invocation(&self) -> Invocation {
        let usual = || match self.kind {
            Kind::Tomcat => script(&self.home, "shutdown.sh", &[]),
            Kind::Carbon => script(&self.home, "wso2server.sh", &["stop"]),
            Kind::Wildfly => script(
                &self.home,
                "jboss-cli.sh",
                &["--connect", "--command=:shutdown"],
            ),
        };
        let script = Script {
            kind: self.kind,
            home: &self.home,
            base: &instance(self.kind, &self.home, self.base.as_deref()),
            words: self.stop.clone().unwrap_or_else(usual),
            environment: &self.environment,
            limit: self.grace.get(),
        };
        script.invocation()
    }

    fn timeout(&self) -> Duration {
        match self.timeout {
            Some(timeout) => timeout.get(),
            None => self.grace.get().saturating_add(Duration::from_secs(60)),
        }
    }

    /// Waits until the server is gone, the time is over, or what is left is not the server's.
    fn wait(&self, context: &StepContext<'_>, longest: Duration) -> Result<State, Failure> {
        let start = Instant::now();
        let mut said = start;
        let mut unexplained = None;
        let mut pause = Duration::from_millis(50);
        loop {
            let state = State::of(&self.target(), context.host)?;
            if state.is_stopped() || start.elapsed() >= longest {
                return Ok(state);
            }
            if !state.processes.is_empty() {
                unexplained = None;
            } else if unexplained.get_or_insert_with(Instant::now).elapsed() >= UNEXPLAINED {
                return Ok(state);
            }
            if said.elapsed() >= SAY_EVERY {
                said = Instant::now();
                let waited = HumanDuration::seconds(start.elapsed().as_secs());
                (context.say)(format!("still there after {waited}: {}", state.describe()));
            }
            let left = longest.saturating_sub(start.elapsed());
            if !context.control.pause(pause.min(left)) {
                return Err(Failure::stopped());
            }
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    fn signal(
        context: &StepContext<'_>,
        state: &State,
        signal: i32,
        does: &str,
    ) -> Result<(), Failure> {
        for process in &state.processes {
            (context.say)(format!("{does} {process}"));
            context.host.signal(process.identity, signal)?;
        }
        Ok(())
    }

    fn still_there(&self, state: &State) -> Failure {
        let waited = HumanDuration::from(self.timeout());
        let pids: Vec<String> = state
            .processes
            .iter()
            .map(|process| process.identity.pid.to_string())
            .collect();
        Failure::new(
            FailureKind::Timeout,
            format!(
                "the server has not stopped within {waited}: {}",
                state.describe()
            ),
        )
        .hint(format!(
            "look at its log; if it hangs, `kill -9 {}` or set `kill: true`, then resume",
            pids.join(" ")
        ))
    }

    /// Whether Carbon's own stop command would send its signal to a stranger.
    fn stale_pid_file(&self, state: &State, context: &StepContext<'_>) -> Result<bool, Failure> {
        if self.kind != Kind::Carbon || self.stop.is_some() {
            return Ok(false);
        }
        let recorded = recorded(&self.target(), context.host)?;
        let mut pids = state.processes.iter().map(|one| one.identity.pid);
        Ok(!pids.any(|pid| Some(pid) == recorded))
    }

    /// The stop command, whose exit code is told and not believed.
    fn ask(&self, context: &StepContext<'_>) -> Result<(), Failure> {
        let invocation = self.invocation();
        let streams = crate::host::Streams::captured();
        let exit = context.host.run(&invocation, streams, context.control)?;
        if exit.stopped {
            return Err(Failure::stopped());
        }
        if !exit.success() {
            let said = exit.stderr.last_lines(1).pop();
            let said = said.or_else(|| exit.stdout.last_lines(1).pop());
            let said = said.map_or(String::new(), |line| format!(": {line}"));
            (context.say)(format!("the stop command ended with {}{said}", exit.status));
        }
        Ok(())
    }
}

impl Action for Stop {
    const NAME: &'static str = "server.stop";
    const SUMMARY: &'static str = "Stops an application server and waits until it is truly gone";
    const EFFECT: Effect = Effect::Idempotent;
    const TRANSIENT: Option<Transient> = Some(Transient::Down);
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "was_running",
        kind: OutputKind::Boolean,
        about: "whether there was anything to stop",
    }];

    fn validate(&self) -> Vec<String> {
        let mut wrong: Vec<String> = check_script("stop", self.stop.as_ref())
            .into_iter()
            .collect();
        if self.timeout.is_some_and(|timeout| timeout < self.grace) {
            wrong.push("timeout: it is shorter than `grace`".to_owned());
        }
        wrong
    }

    fn preview(&self) -> Preview {
        let mut preview = vec![PreviewLine::Command(self.invocation().to_string())];
        preview.extend(gone(&self.target()));
        let then = if self.kill { ", then killed" } else { "" };
        preview.push(PreviewLine::Note(format!(
            "after {} its process is asked by SIGTERM, {} in all{then}",
            self.grace,
            HumanDuration::from(self.timeout())
        )));
        preview
    }

    fn programs(&self) -> Vec<String> {
        vec![self.invocation().program]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        match State::of(&self.target(), context.host) {
            Err(failure) => vec![Finding::refuse(failure.to_string())],
            Ok(state) if state.is_stopped() => vec![Finding::info("the server does not run")],
            Ok(state) if state.processes.is_empty() => {
                let failure = state.taken_by_others(&self.target(), context.host);
                let finding = Finding::warning(failure.to_string());
                match failure.0.hint {
                    Some(hint) => vec![finding.hint(hint)],
                    None => vec![finding],
                }
            }
            Ok(state) => vec![Finding::info(state.describe())],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let start = Instant::now();
        let mut state = State::of(&self.target(), context.host)?;
        if state.is_stopped() {
            return Ok(outcome(false, "was not running".to_owned()));
        }
        let mut warnings = Vec::new();
        if self.stale_pid_file(&state, context)? {
            let said = "the pid file does not name the server: its processes are asked directly";
            (context.say)(said.to_owned());
            warnings.push(said.to_owned());
            Self::signal(context, &state, SIGTERM, "asking by SIGTERM:")?;
        } else {
            self.ask(context)?;
        }
        state = self.wait(context, self.grace.get().saturating_sub(start.elapsed()))?;
        if !state.processes.is_empty() {
            warnings.push(format!(
                "it did not stop by itself within {} and was asked by SIGTERM",
                self.grace
            ));
            Self::signal(context, &state, SIGTERM, "asking by SIGTERM:")?;
            state = self.wait(context, self.timeout().saturating_sub(start.elapsed()))?;
        }
        if !state.processes.is_empty() && self.kill {
            warnings.push("it did not react to SIGTERM and was killed".to_owned());
            Self::signal(context, &state, SIGKILL, "killing")?;
            state = self.wait(context, KILLED)?;
        }
        if !state.processes.is_empty() {
            return Err(self.still_there(&state));
        }
        if !state.is_stopped() {
            return Err(state.taken_by_others(&self.target(), context.host));
        }
        let took = start.elapsed().as_secs_f64();
        let mut outcome = outcome(true, format!("stopped after {took:.1} s"));
        outcome.warnings = warnings;
        Ok(outcome)
    }
}

/// What is checked before a server counts as gone.
pub(super) fn gone(target: &Target<'_>) -> Preview {
    let mut preview = vec![PreviewLine::Checks(format!(
        "no process of the server in {} is left",
        target.base.display()
    ))];
    if !target.ports.is_empty() {
        let ports: Vec<String> = target.ports.iter().map(u16::to_string).collect();
        preview.push(PreviewLine::Checks(format!(
            "these ports are closed: {}",
            ports.join(", ")
        )));
    }
    for lock in target.locks {
        preview.push(PreviewLine::Checks(format!(
            "{} is not locked",
            lock.display()
        )));
    }
    preview
}

fn outcome(was_running: bool, summary: String) -> Outcome {
    let mut outcome = Outcome {
        summary,
        ..Outcome::default()
    };
    outcome
        .outputs
        .insert("was_running".to_owned(), was_running.into());
    outcome
}
