//! `zdt.survey`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::adapter::weblogic::connection::{Connection, check_files, of_connection};
use crate::adapter::weblogic::script::Script;
use crate::adapter::weblogic::session::{Session, lines};
use crate::adapter::weblogic::start_servers::SERVERS;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;
use crate::site::weblogic::Topology;

const SURVEY: &str = include_str!("../scripts/rollout_survey.py");

/// Compares the domain with what the site says of it, since the restrictions are judged by the latter:
/// servers, their nodes and clusters; that they run; that no other workflow is at work.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurveyDomain {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// What the site says.
    pub topology: Topology,
    /// Whether every server must run. On the way back from a rollout that failed, some may not.
    #[serde(default = "yes")]
    pub running: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
struct Domain {
    name: String,
    version: String,
    admin: String,
}

#[derive(Debug, Deserialize)]
struct Server {
    name: String,
    node: Option<String>,
    cluster: Option<String>,
    state: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Workflow {
    id: String,
    status: String,
}

impl SurveyDomain {
    fn script(&self) -> Script {
        Script::new("rollout-survey", &self.connection, &[], &[SERVERS, SURVEY])
    }

    fn wrong(&self, session: &Session<'_>) -> Result<Vec<String>, Failure> {
        let result = session.run(&self.script(), std::time::Duration::from_secs(300))?;
        let mut wrong = Vec::new();
        let topology = &self.topology;
        for domain in lines::<Domain>(&result, "domain")? {
            for (what, real, given) in [
                ("name", &domain.name, &topology.domain),
                ("version", &domain.version, &topology.version),
                ("Admin Server", &domain.admin, &topology.admin_server),
            ] {
                if real != given {
                    wrong.push(format!(
                        "the domain's {what} is {real}, the site says {given}"
                    ));
                }
            }
        }
        let servers: Vec<Server> = lines(&result, "server")?;
        for server in &servers {
            wrong.extend(self.differs(server));
        }
        let gone = topology
            .servers
            .iter()
            .filter(|one| servers.iter().all(|real| real.name != one.name));
        wrong.extend(gone.map(|one| format!("the domain has no server {}", one.name)));
        for workflow in lines::<Workflow>(&result, "workflow")? {
            let Workflow { id, status } = workflow;
            wrong.push(format!(
                "the workflow {id} is at work in the domain ({status})"
            ));
        }
        Ok(wrong)
    }

    fn differs(&self, real: &Server) -> Vec<String> {
        let Some(given) = self.topology.server(&real.name) else {
            return vec![format!("the site does not name the server {}", real.name)];
        };
        let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        let mut wrong = Vec::new();
        if real.node.as_ref() != Some(&given.node) {
            let node = word(&real.node);
            wrong.push(format!(
                "the machine of {} is {node}, the site says {}",
                real.name, given.node
            ));
        }
        if real.cluster != given.cluster {
            wrong.push(format!(
                "the cluster of {} is {}, the site says {}",
                real.name,
                word(&real.cluster),
                word(&given.cluster)
            ));
        }
        if self.running && real.state.as_deref() != Some("RUNNING") {
            let state = real.state.as_deref().unwrap_or("not running");
            wrong.push(format!("the server {} is {state}", real.name));
        }
        wrong
    }
}

const HINT: &str =
    "bring the domain and the site file together, start every server, wait for other workflows";

impl Action for SurveyDomain {
    const NAME: &'static str = "zdt.survey";
    const SUMMARY: &'static str = "Compares a WebLogic domain with the site";
    const EFFECT: Effect = Effect::Pure;

    of_connection!(named);

    fn validate(&self) -> Vec<String> {
        self.connection.validate()
    }

    fn preview(&self) -> Preview {
        let mut preview = self.script().preview(&self.connection);
        let text = "servers, nodes and clusters are those of the site, every server runs, no workflow does";
        preview.push(PreviewLine::Checks(text.to_owned()));
        preview
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let files = check_files(&self.connection, context);
        if !files.is_empty() {
            return files;
        }
        let wrong =
            Session::of_check(&self.connection, context).and_then(|session| self.wrong(&session));
        match wrong {
            Ok(wrong) => wrong
                .into_iter()
                .map(|text| Finding::refuse(text).hint(HINT))
                .collect(),
            Err(failure) => vec![Finding::of(&failure)],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let session = Session::of_step(&self.connection, context)?;
        let mut wrong = self.wrong(&session)?.into_iter();
        if let Some(first) = wrong.next() {
            let mut failure = Failure::refused(first).hint(HINT);
            failure.0.causes = wrong.collect();
            return Err(failure);
        }
        Ok(Outcome {
            summary: format!(
                "{} servers run, as the site says",
                self.topology.servers.len()
            ),
            ..Outcome::default()
        })
    }
}
