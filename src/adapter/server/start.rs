//! `server.start`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Deserialize;

use super::state::State;
use super::target::{Kind, Script, Target, check_script, instance, pid_file, script};
use super::wildfly::{self, Deployment};
use crate::adapter::{
    Action, Effect, Failure, HumanDuration, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext, Transient,
};
use crate::event::{FailureKind, Outcome};
use crate::host::{Host, Invocation, ProcessIdentity, Streams};

/// A start script has done its part after this long: it starts the server in the background.
const SCRIPT: Duration = Duration::from_secs(120);

/// After the script has ended, a process of the server must be seen within this long.
const APPEARS: Duration = Duration::from_secs(15);

/// What runs now must run for this long before it counts: a server that cannot have its port or
/// reads a broken configuration ends within a moment.
const SETTLES: Duration = Duration::from_secs(2);

/// How often a wait says what it waits for.
const SAY_EVERY: Duration = Duration::from_secs(15);

/// So many lines of the log tell why a start failed.
const LOG_LINES: usize = 15;

/// Starts an application server and waits until it runs and its first port is open; a WildFly
/// also until it has deployed its application. A server that runs already is left alone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Kind of server.
    pub kind: Kind,
    /// Its home directory (`CATALINA_HOME`, `JBOSS_HOME`).
    pub home: PathBuf,
    /// Its instance directory, if it is another one: `CATALINA_BASE`, which is else the home, or
    /// `JBOSS_BASE_DIR`, which is else `standalone` in the home.
    #[serde(default)]
    pub base: Option<PathBuf>,
    /// Program and arguments that start it in the background. Default `HOME/bin/startup.sh`, for Carbon
    /// `HOME/bin/wso2server.sh start`, for WildFly
    /// `HOME/bin/standalone.sh --server-config=standalone-full.xml`. A `standalone.sh` stays in the
    /// foreground by itself: it is started in the background, and what it prints is appended to
    /// `console.log` beside the log.
    #[serde(default)]
    pub start: Option<Vec<String>>,
    /// Additional environment of the server.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// File that holds its process id. For Carbon `HOME/wso2carbon.pid` unless given.
    #[serde(default)]
    pub pid_file: Option<PathBuf>,
    /// Every port that it listens on; the first one shows that it is up.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// The archive of its application. A WildFly counts as up when its deployment scanner says so, by a
    /// file `ARCHIVE.deployed`; Tomcat has nothing of the kind.
    #[serde(default)]
    pub application: Option<PathBuf>,
    /// WildFly only: starts the server without the application, which is kept from being deployed by a file
    /// `ARCHIVE.skipdeploy`. A later start without this option takes it away and waits for the deployment.
    #[serde(default)]
    pub hold_application: bool,
    /// Its log, whose end is shown if it does not start.
    #[serde(default)]
    pub log: Option<PathBuf>,
    /// How long it may take until the first port is open.
    #[serde(default = "ten_minutes")]
    pub timeout: HumanDuration,
}

fn ten_minutes() -> HumanDuration {
    HumanDuration::seconds(600)
}

impl Start {
    fn target(&self) -> Target<'_> {
        Target {
            kind: self.kind,
            home: &self.home,
            base: instance(self.kind, &self.home, self.base.as_deref()),
            pid_file: pid_file(self.kind, &self.home, self.pid_file.as_ref()),
            ports: &self.ports,
            locks: &[],
        }
    }

    fn invocation(&self) -> Invocation {
        let base = instance(self.kind, &self.home, self.base.as_deref());
        let words = self.words();
        let in_foreground = self.kind == Kind::Wildfly && wildfly::stays_in_foreground(&words);
        let words = if in_foreground {
            wildfly::in_background(words, &wildfly::console(self.log.as_deref(), &base))
        } else {
            words
        };
        let script = Script {
            kind: self.kind,
            home: &self.home,
            base: &base,
            words,
            environment: &self.environment,
            limit: SCRIPT.min(self.timeout.get()),
        };
        let mut invocation = script.invocation();
        invocation.detached = true;
        invocation
    }

    fn words(&self) -> Vec<String> {
        let usual = || match self.kind {
            Kind::Tomcat => script(&self.home, "startup.sh", &[]),
            Kind::Carbon => script(&self.home, "wso2server.sh", &["start"]),
            Kind::Wildfly => script(
                &self.home,
                "standalone.sh",
                &["--server-config=standalone-full.xml"],
            ),
        };
        self.start.clone().unwrap_or_else(usual)
    }

    /// The application, if its server tells what becomes of it.
    fn archive(&self) -> Option<Deployment<'_>> {
        let application = self.application.as_deref()?;
        (self.kind == Kind::Wildfly).then(|| Deployment::of(application))
    }

    /// The application whose deployment is waited for.
    fn deployment(&self) -> Option<Deployment<'_>> {
        self.archive().filter(|_| !self.hold_application)
    }

    /// Whether the first port is open, or there is none to wait for.
    fn is_up(&self, state: &State, host: &dyn Host) -> Result<bool, Failure> {
        let is_up = match self.ports.first() {
            Some(port) => state.ports.contains(port),
            None => !state.processes.is_empty(),
        };
        match self.deployment() {
            // The web server opens its port long before the application is there, if it ever is.
            Some(deployment) if !state.processes.is_empty() => {
                let deployed = deployment.is_done(host, self.log.as_deref())?;
                Ok(is_up && deployed)
            }
            _ => Ok(is_up),
        }
    }

    fn start(&self, context: &StepContext<'_>) -> Result<State, Failure> {
        let before = State::of(&self.target(), context.host)?;
        if !before.ports.is_empty() {
            return Err(before.taken_by_others(&self.target(), context.host));
        }
        if let Some(deployment) = self.deployment() {
            deployment.forget(context.host)?;
        }
        self.launch(context)?;
        match self.wait(context)? {
            Some(state) => Ok(state),
            None => Err(self.died(context)),
        }
    }

    fn launch(&self, context: &StepContext<'_>) -> Result<(), Failure> {
        let invocation = self.invocation();
        let exit = context
            .host
            .run(&invocation, Streams::captured(), context.control)?;
        if exit.stopped {
            return Err(Failure::stopped());
        }
        if exit.success() {
            return Ok(());
        }
        let mut failure = Failure::tool("the start command failed", &invocation, &exit);
        if failure.0.stderr.is_empty() {
            failure.0.stderr = exit.stdout.last_lines(8);
        }
        Err(failure.hint("remove the cause that the start command names, then resume"))
    }

    /// Waits until the server is up and stays up; `None` if it was there and has ended.
    fn wait(&self, context: &StepContext<'_>) -> Result<Option<State>, Failure> {
        let start = Instant::now();
        let mut said = start;
        let mut seen = false;
        // A list of processes is no snapshot: one that is just handing over to its child is missed, so
        // it takes two looks to believe that none is left.
        let mut missed = false;
        let mut up: Option<(Instant, Vec<ProcessIdentity>)> = None;
        loop {
            let state = State::of(&self.target(), context.host)?;
            let present: Vec<_> = state.processes.iter().map(|one| one.identity).collect();
            let none = seen && present.is_empty();
            if none && missed {
                return Ok(None);
            }
            missed = none;
            let is_up = self.is_up(&state, context.host)?;
            if !seen && !is_up && start.elapsed() >= APPEARS {
                return Err(self.never_appeared(context));
            }
            seen |= !present.is_empty();
            match &up {
                Some((since, before)) if is_up && *before == present => {
                    if since.elapsed() >= SETTLES {
                        return Ok(Some(state));
                    }
                }
                _ => up = is_up.then(|| (Instant::now(), present)),
            }
            if start.elapsed() >= self.timeout.get() {
                return Err(self.not_up(context, &state));
            }
            if said.elapsed() >= SAY_EVERY {
                said = Instant::now();
                let waited = HumanDuration::seconds(start.elapsed().as_secs());
                let there = state.describe();
                (context.say)(format!("not up yet after {waited}: {there}"));
            }
            if !context.control.pause(Duration::from_millis(250)) {
                return Err(Failure::stopped());
            }
        }
    }

    fn died(&self, context: &StepContext<'_>) -> Failure {
        self.with_log(
            Failure::verification("the server ended right after it was started"),
            context,
        )
    }

    fn never_appeared(&self, context: &StepContext<'_>) -> Failure {
        let message = format!(
            "the start command succeeded, but no process of the server in {} is there",
            self.target().base.display()
        );
        let failure = Failure::verification(message).command(&self.invocation());
        self.with_log(failure, context)
    }

    fn not_up(&self, context: &StepContext<'_>, state: &State) -> Failure {
        let missing = match (self.ports.first(), self.deployment()) {
            (Some(port), _) if !state.ports.contains(port) => format!("opened port {port}"),
            (_, Some(deployment)) => deployment.outstanding(context.host),
            (port, None) => format!("opened port {}", port.copied().unwrap_or_default()),
        };
        let message = format!(
            "the server has not {missing} within {}: {}",
            self.timeout,
            state.describe()
        );
        self.with_log(Failure::new(FailureKind::Timeout, message), context)
    }

    /// The end of the log tells the operator more than any sentence of ours.
    fn with_log(&self, mut failure: Failure, context: &StepContext<'_>) -> Failure {
        let base = instance(self.kind, &self.home, self.base.as_deref());
        let console = (self.kind == Kind::Wildfly)
            .then(|| wildfly::console(self.log.as_deref(), &base))
            .filter(|_| wildfly::stays_in_foreground(&self.words()));
        // What a server prints holds what its log holds, and why it never came to write one.
        let Some(log) = console.as_ref().or(self.log.as_ref()) else {
            return failure.hint("look at the server's log, then resume");
        };
        let show = Invocation::new("tail")
            .args(["-n", "50", "--"])
            .arg(log.as_os_str());
        if let Ok(exit) = context
            .host
            .run(&show, Streams::captured(), context.control)
        {
            let lines = exit.stdout.last_lines(LOG_LINES);
            failure.0.stderr = lines.iter().map(|line| wildfly::plain(line)).collect();
        }
        failure.hint(format!(
            "look at {}, remove the cause, then resume",
            log.display()
        ))
    }
}

impl Action for Start {
    const NAME: &'static str = "server.start";
    const SUMMARY: &'static str = "Starts an application server and waits until it is up";
    const EFFECT: Effect = Effect::Idempotent;
    const TRANSIENT: Option<Transient> = Some(Transient::Up);
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "pid",
            kind: OutputKind::Number,
            about: "its process id; 0 if it is not known",
        },
        OutputSpec {
            name: "was_running",
            kind: OutputKind::Boolean,
            about: "whether it ran already",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems: Vec<String> = check_script("start", self.start.as_ref())
            .into_iter()
            .collect();
        if self.hold_application && self.archive().is_none() {
            problems.push("hold_application: needs a WildFly and its `application`".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        let up = match self.ports.first() {
            Some(port) => format!("port {port} is open within {}", self.timeout),
            None => "its process runs".to_owned(),
        };
        let mut preview = Vec::new();
        let deployment = self.deployment();
        preview.extend(self.archive().map(|archive| {
            let held = archive.held().display().to_string();
            if self.hold_application {
                return PreviewLine::Writes(held);
            }
            PreviewLine::Removes(format!("{held}, if an earlier step wrote it"))
        }));
        for marker in deployment.iter().flat_map(Deployment::verdicts) {
            let what = format!("{} of an earlier start, if it is there", marker.display());
            preview.push(PreviewLine::Removes(what));
        }
        preview.push(PreviewLine::Command(self.invocation().to_string()));
        preview.extend(deployment.map(|deployment| {
            PreviewLine::Checks(format!("{} is there", deployment.deployed().display()))
        }));
        let settles = SETTLES.as_secs();
        preview.push(PreviewLine::Checks(format!(
            "{up} and stays so for {settles} s"
        )));
        preview
    }

    fn programs(&self) -> Vec<String> {
        self.words().into_iter().take(1).collect()
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let start = Instant::now();
        let before = State::of(&self.target(), context.host)?;
        let mut running = None;
        let runs = !before.processes.is_empty();
        match self.archive() {
            Some(archive) if self.hold_application => archive.hold(context.host, runs)?,
            Some(archive) => archive.release(context.host)?,
            None => {}
        }
        if runs {
            (context.say)(format!("it runs already: {}", before.describe()));
            running = self.wait(context)?;
            if running.is_none() {
                // Left by an attempt that was cut off, and ended together with its start script.
                (context.say)("it has ended and is started again".to_owned());
            }
        }
        let was_running = running.is_some();
        let state = match running {
            Some(state) => state,
            None => self.start(context)?,
        };
        let pid = state.processes.first().map_or(0, |one| one.identity.pid);
        let took = start.elapsed().as_secs_f64();
        let mut outcome = Outcome {
            summary: if was_running {
                "ran already".to_owned()
            } else {
                format!("up after {took:.1} s: {}", state.describe())
            },
            ..Outcome::default()
        };
        outcome.outputs.insert("pid".to_owned(), pid.into());
        outcome
            .outputs
            .insert("was_running".to_owned(), was_running.into());
        Ok(outcome)
    }
}
