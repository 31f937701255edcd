//! `weblogic.start-servers`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use super::application::ten_minutes;
use super::connection::{Connection, of_connection};
use super::domain::Domain;
use super::script::{Literal, Script};
use super::session::{Session, lines};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, StepContext, Transient,
};
use crate::event::Outcome;
use crate::host::{Invocation, Streams};
use crate::site::SecretRef;

pub(super) const SERVERS: &str = include_str!("scripts/servers.py");
const START: &str = include_str!("scripts/start_servers.py");

/// Leaves a script that stays in the foreground at work, with its output in a file.
const IN_BACKGROUND: &str = "mkdir -p \"$(dirname \"$1\")\" && log=$1 && shift && nohup \"$@\" </dev/null >>\"$log\" 2>&1 &";

/// Starts the servers of a domain, the Admin Server first, and waits until every one says that it
/// runs. One that runs already is left alone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartServers {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// The domain.
    pub domain: Domain,
    /// Additional environment of the domain's scripts.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// How long each of the Admin Server and the other servers may take.
    #[serde(default = "ten_minutes")]
    pub timeout: HumanDuration,
}

#[derive(Debug, Deserialize)]
struct State {
    name: String,
    state: Option<String>,
}

impl StartServers {
    fn script(&self, name: &str, servers: &[String], by_admin: bool) -> Script {
        let manager = self.domain.node_manager.as_ref().filter(|_| !by_admin);
        let home = self.domain.home.to_string_lossy();
        let port = manager.map_or(Literal::None, |one| Literal::Number(one.port.into()));
        Script::new(
            name,
            &self.connection,
            &[
                ("SERVERS", Literal::Texts(servers)),
                ("DOMAIN_NAME", Literal::Text(&self.domain.name)),
                ("DOMAIN_HOME", Literal::Text(&home)),
                (
                    "NODE_MANAGER_HOST",
                    manager.map(|one| one.host.as_str()).into(),
                ),
                ("NODE_MANAGER_PORT", port),
                (
                    "NODE_MANAGER_TYPE",
                    manager.map(|one| one.kind.as_str()).into(),
                ),
                (
                    "BY_ADMIN",
                    Literal::Number(u64::from(by_admin && self.domain.node_manager.is_some())),
                ),
                ("TIMEOUT", Literal::Number(self.timeout.get().as_secs())),
            ],
            &[SERVERS, START],
        )
    }

    fn admin(&self) -> Script {
        let servers = std::slice::from_ref(&self.domain.admin_server);
        self.script("start-admin", servers, false)
    }

    fn managed(&self) -> Option<Script> {
        let servers = &self.domain.managed_servers;
        (!servers.is_empty()).then(|| self.script("start-managed", servers, true))
    }

    /// Where the output of a server goes, as Node Manager has it.
    fn output(&self, server: &str) -> PathBuf {
        let servers = self.domain.home.join("servers").join(server);
        servers.join("logs").join(format!("{server}.out"))
    }

    /// The domain's own script for a server; nothing with a Node Manager.
    fn launch(&self, server: &str) -> Option<Invocation> {
        if self.domain.node_manager.is_some() {
            return None;
        }
        let bin = self.domain.home.join("bin");
        let mut invocation = Invocation::new("/bin/sh")
            .args(["-c", IN_BACKGROUND, "sh"])
            .arg(self.output(server));
        invocation = if server == self.domain.admin_server {
            invocation.arg(bin.join("startWebLogic.sh"))
        } else {
            invocation
                .arg(bin.join("startManagedWebLogic.sh"))
                .arg(server)
                .arg(&self.connection.url)
        };
        for (name, value) in &self.environment {
            invocation.environment.push((name.clone(), value.clone()));
        }
        invocation.directory = Some(self.domain.home.clone());
        invocation.detached = true;
        invocation.timeout = Some(std::time::Duration::from_secs(60));
        Some(invocation)
    }

    /// Launches servers that have no process yet.
    fn launch_all(&self, servers: &[String], context: &StepContext<'_>) -> Result<bool, Failure> {
        let running = self.domain.processes(context.host)?;
        let mut launched = false;
        for server in servers {
            if running.iter().any(|one| one.server == *server) {
                continue;
            }
            let Some(invocation) = self.launch(server) else {
                continue;
            };
            let exit = context
                .host
                .run(&invocation, Streams::captured(), context.control)?;
            if !exit.success() {
                let what = format!("the start script of {server} could not be begun");
                return Err(Failure::tool(what, &invocation, &exit));
            }
            launched = true;
        }
        Ok(launched)
    }

    fn states(&self, session: &Session<'_>, script: &Script) -> Result<Vec<State>, Failure> {
        let states = lines(&session.run(script, self.timeout.get() * 2)?, "server")?;
        Ok(states)
    }
}

impl Action for StartServers {
    const NAME: &'static str = "weblogic.start-servers";
    const SUMMARY: &'static str =
        "Starts the servers of a WebLogic domain and waits until they run";
    const EFFECT: Effect = Effect::Idempotent;
    const TRANSIENT: Option<Transient> = Some(Transient::Up);
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "servers",
        kind: OutputKind::Number,
        about: "servers that run",
    }];

    of_connection!();

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        problems.extend(self.domain.validate());
        problems
    }

    fn preview(&self) -> Preview {
        let mut preview = Vec::new();
        let launch = |server: &String| self.launch(server);
        let command = |one: Invocation| PreviewLine::Command(one.to_string());
        preview.extend(launch(&self.domain.admin_server).map(command));
        preview.extend(self.admin().preview(&self.connection));
        preview.extend(
            self.domain
                .managed_servers
                .iter()
                .filter_map(launch)
                .map(command),
        );
        if let Some(managed) = self.managed() {
            preview.extend(managed.preview(&self.connection));
        }
        preview.push(PreviewLine::Checks(format!(
            "each says RUNNING (waits up to {}); what runs already is left alone",
            self.timeout
        )));
        preview
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let session = Session::of_step(&self.connection, context)?;
        let admin = std::slice::from_ref(&self.domain.admin_server);
        let mut launched = self.launch_all(admin, context)?;
        let mut states = self.states(&session, &self.admin())?;
        if let Some(managed) = self.managed() {
            launched |= self.launch_all(&self.domain.managed_servers, context)?;
            states.extend(self.states(&session, &managed)?);
        }
        let wrong = |one: &&State| one.state.as_deref() != Some("RUNNING");
        if let Some(one) = states.iter().find(wrong) {
            let state = one.state.as_deref().unwrap_or("gone");
            return Err(
                Failure::verification(format!("the server {} is {state}", one.name))
                    .hint("look at its log and its output, then resume the run"),
            );
        }
        let count = states.len();
        let mut outputs = Map::new();
        outputs.insert("servers".to_owned(), count.into());
        Ok(Outcome {
            outputs,
            summary: match (count, launched) {
                (1, _) => format!("{} runs", self.domain.admin_server),
                (count, _) => format!("{count} servers run"),
            },
            ..Outcome::default()
        })
    }
}
