//! `weblogic.survey`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use super::application::TargetState;
use super::connection::{Connection, check_files, of_connection, validate};
use super::domain::Domain;
use super::jms_state::{DestinationState, JMS};
use super::result::ResultLines;
use super::script::{Literal, Script};
use super::session::{Session, lines};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    Severity, StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;

const APPLICATION: &str = include_str!("scripts/application.py");
const SURVEY: &str = include_str!("scripts/survey.py");

/// Looks at a domain and changes nothing: versions, servers, the deployment, destinations with their
/// messages, and whether the operations that the other actions rely on are there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// Name of the deployment.
    #[serde(default)]
    pub deployment: Option<String>,
    /// Clusters and servers that it is deployed to. Default: `targets`.
    #[serde(default)]
    pub deployed_to: Option<Vec<String>>,
    /// Name of the JMS module.
    pub jms_module: String,
    /// Clusters and servers that hold its destinations; every server of them must run.
    pub targets: Vec<String>,
    /// The domain, if it is on this machine: a check of one that does not run says so and looks no
    /// further.
    #[serde(default)]
    pub domain: Option<Domain>,
}

#[derive(Debug, Deserialize)]
struct Jython {
    version: String,
}

#[derive(Debug, Deserialize)]
struct Server {
    name: String,
    state: Option<String>,
    version: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Operation {
    bean: String,
    name: String,
    /// 0 missing, 1 there; 2 there and 3 missing for what is only good to know.
    present: u8,
}

impl Survey {
    fn script(&self) -> Script {
        Script::new(
            "survey",
            &self.connection,
            &[
                ("DEPLOYMENT", self.deployment.as_deref().into()),
                (
                    "DEPLOYED_TO",
                    Literal::Texts(self.deployed_to.as_ref().unwrap_or(&self.targets)),
                ),
                ("JMS_MODULE", Literal::Text(&self.jms_module)),
                ("TARGETS", Literal::Texts(&self.targets)),
            ],
            &[APPLICATION, JMS, SURVEY],
        )
    }

    fn look(&self, session: &Session<'_>) -> Result<Vec<Finding>, Failure> {
        let result = session.run(&self.script(), std::time::Duration::from_secs(300))?;
        let mut findings = domain(&result)?;
        findings.extend(self.deployed(&result)?);
        findings.extend(destinations(&result)?);
        findings.extend(operations(&result)?);
        Ok(findings)
    }

    fn deployed(&self, result: &ResultLines) -> Result<Vec<Finding>, Failure> {
        let name = self.deployment.as_deref().unwrap_or_default();
        let states: Vec<TargetState> = lines(result, "state")?;
        Ok(states
            .into_iter()
            .map(|one| {
                let state = one.state.unwrap_or_default();
                Finding::info(format!("{name} on {}: {state}", one.target))
            })
            .collect())
    }
}

fn domain(result: &ResultLines) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    for Jython { version } in lines(result, "jython")? {
        findings.push(Finding::info(format!("WLST runs Jython {version}")));
    }
    for server in lines::<Server>(result, "server")? {
        findings.push(match (server.state, server.version) {
            (Some(state), Some(version)) => {
                Finding::info(format!("server {}: {state}, {version}", server.name))
            }
            _ => Finding::warning(format!(
                "server {} is configured and does not run",
                server.name
            ))
            .hint("messages on a server that does not run are neither seen nor saved"),
        });
    }
    Ok(findings)
}

fn destinations(result: &ResultLines) -> Result<Vec<Finding>, Failure> {
    let found: Vec<DestinationState> = lines(result, "destination")?;
    Ok(found
        .into_iter()
        .map(|one| {
            Finding::info(format!(
                "{} of {} on {}: {} messages, {} pending ({} delayed), {}, {}",
                one.name,
                one.jms_server,
                one.server,
                one.messages,
                one.pending,
                one.delayed,
                one.production,
                one.consumption
            ))
        })
        .collect())
}

fn operations(result: &ResultLines) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    let mut present = 0_u32;
    for operation in lines::<Operation>(result, "operation")? {
        let what = format!("{} {}", operation.bean, operation.name);
        match operation.present {
            0 => findings.push(
                Finding::refuse(format!("this WebLogic has no {what}"))
                    .hint("the version is not supported; report it with the output of this check"),
            ),
            2 => findings.push(Finding::info(format!("also there: {what}"))),
            3 => {}
            _ => present += 1,
        }
    }
    findings.push(Finding::info(format!(
        "{present} operations that the kit relies on are there"
    )));
    Ok(findings)
}

impl Action for Survey {
    const NAME: &'static str = "weblogic.survey";
    const SUMMARY: &'static str =
        "Looks at a WebLogic domain: versions, servers, messages, operations";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "findings",
        kind: OutputKind::Structure,
        about: "what was found, one sentence each",
    }];

    of_connection!(named);

    fn validate(&self) -> Vec<String> {
        validate(
            &self.connection,
            "jms_module",
            &self.jms_module,
            &self.targets,
        )
    }

    fn preview(&self) -> Preview {
        let mut preview = self.script().preview(&self.connection);
        preview.push(PreviewLine::Checks(format!(
            "the servers of {} run, and every operation that the kit relies on is there",
            self.targets.join(", ")
        )));
        preview
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let files = check_files(&self.connection, context);
        if !files.is_empty() {
            return files;
        }
        match self
            .domain
            .as_ref()
            .map(|domain| domain.admin_runs(context.host))
        {
            Some(Ok(false)) => {
                let text = "the domain does not run: it is started, without the application, and looked at then";
                return vec![Finding::info(text)];
            }
            Some(Err(failure)) => return vec![Finding::of(&failure)],
            Some(Ok(true)) | None => {}
        }
        Session::of_check(&self.connection, context)
            .and_then(|session| self.look(&session))
            .unwrap_or_else(|failure| vec![Finding::of(&failure)])
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let session = Session::of_step(&self.connection, context)?;
        let findings = self.look(&session)?;
        if let Some(refusal) = findings.iter().find(|one| one.severity == Severity::Refuse) {
            return Err(Failure::refused(refusal.message.clone())
                .hint(refusal.hint.clone().unwrap_or_default()));
        }
        let warnings = findings
            .iter()
            .filter(|one| one.severity == Severity::Warning)
            .map(|one| one.message.clone())
            .collect();
        let texts: Vec<_> = findings.into_iter().map(|one| one.message).collect();
        let summary = format!("{} findings", texts.len());
        let mut outputs = Map::new();
        outputs.insert("findings".to_owned(), texts.into());
        Ok(Outcome {
            outputs,
            warnings,
            summary,
            ..Outcome::default()
        })
    }
}
