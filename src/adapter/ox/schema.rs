//! `ox.disable-schema`, `ox.change-server` and `ox.enable-schema`.
//!
//! None of these can be read back by a tool; each may be repeated: it sets a state that does not depend on
//! the one before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server;
use super::tasks::{self, Tasks};
use super::tools::{Tools, name_problem};
use crate::adapter::{
    Action, Effect, Failure, OutputKind, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::host::Invocation;
use crate::site::SecretRef;

/// Disables a schema: its contexts are unavailable and their sessions end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableSchema {
    /// The node that does it.
    pub tools: Tools,
    /// The schema.
    pub schema: String,
    /// RMI addresses of the nodes on which sessions are ended; all must answer. Without any it is the
    /// one that does it.
    #[serde(default)]
    pub end_sessions_on: Vec<String>,
}

impl DisableSchema {
    fn call(&self) -> Invocation {
        let call = self
            .tools
            .admin("disableschema")
            .args(["-m", self.schema.as_str()]);
        if self.end_sessions_on.is_empty() {
            call
        } else {
            call.arg("-r").arg(self.end_sessions_on.join(","))
        }
    }
}

impl Action for DisableSchema {
    const NAME: &'static str = "ox.disable-schema";
    const SUMMARY: &'static str = "Disables an OX schema with all its contexts";
    const EFFECT: Effect = Effect::Idempotent;

    fn validate(&self) -> Vec<String> {
        let mut wrong = self.tools.validate();
        wrong.extend(name_problem("schema", &self.schema));
        wrong
    }

    fn preview(&self) -> Preview {
        vec![PreviewLine::Command(self.call().to_string())]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.tools.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![self.tools.program("disableschema")]
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        self.tools.run(context, self.call())?;
        Ok(Outcome {
            summary: format!("{} is disabled", self.schema),
            ..Outcome::default()
        })
    }
}

/// Points all contexts of a schema to a server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeServer {
    /// The node that does it.
    pub tools: Tools,
    /// The schema.
    pub schema: String,
    /// Name of the server. Its id is asked for.
    pub server: String,
}

impl ChangeServer {
    fn call(&self, id: &str) -> Invocation {
        self.tools
            .admin("changeserver")
            .args(["-s", id, "-m", self.schema.as_str()])
    }
}

impl Action for ChangeServer {
    const NAME: &'static str = "ox.change-server";
    const SUMMARY: &'static str = "Points the contexts of an OX schema to a server";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "id",
        kind: OutputKind::Text,
        about: "the server's id",
    }];

    fn validate(&self) -> Vec<String> {
        let mut wrong = self.tools.validate();
        wrong.extend(name_problem("schema", &self.schema));
        wrong.extend(name_problem("server", &self.server));
        wrong
    }

    fn preview(&self) -> Preview {
        let id = format!("<id of {}>", self.server);
        vec![
            PreviewLine::Command(server::listing(&self.tools, &self.server).to_string()),
            PreviewLine::Command(self.call(&id).to_string()),
        ]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.tools.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![
            self.tools.program("listserver"),
            self.tools.program("changeserver"),
        ]
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let Some(id) = server::find(&self.tools, &self.server, context)? else {
            let message = format!("no server is called `{}`", self.server);
            return Err(Failure::refused(message)
                .hint("register it first; `listserver` shows those that there are"));
        };
        self.tools.run(context, self.call(&id.to_string()))?;
        let mut outcome = Outcome {
            summary: format!("{} points to {} (id {id})", self.schema, self.server),
            ..Outcome::default()
        };
        outcome
            .outputs
            .insert("id".to_owned(), id.to_string().into());
        Ok(outcome)
    }
}

/// Enables a schema again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnableSchema {
    /// The node that does it.
    pub tools: Tools,
    /// The schema.
    pub schema: String,
    /// A node of the new version, which must say first that every update task of the schema has
    /// succeeded. Not given for a schema that is as it was.
    #[serde(default)]
    pub updated_on: Option<Tools>,
    /// Tasks that may have failed.
    #[serde(default)]
    pub ignore_tasks: Vec<String>,
}

impl EnableSchema {
    fn call(&self) -> Invocation {
        self.tools
            .admin("enableschema")
            .args(["-m", self.schema.as_str()])
    }
}

impl Action for EnableSchema {
    const NAME: &'static str = "ox.enable-schema";
    const SUMMARY: &'static str = "Enables an OX schema that was disabled";
    const EFFECT: Effect = Effect::Idempotent;

    fn validate(&self) -> Vec<String> {
        let mut wrong = self.tools.validate();
        wrong.extend(self.updated_on.iter().flat_map(Tools::validate));
        wrong.extend(name_problem("schema", &self.schema));
        wrong
    }

    fn preview(&self) -> Preview {
        let mut preview = Preview::new();
        if let Some(tools) = &self.updated_on {
            preview.extend(tasks::preview(tools, &self.schema));
        }
        preview.push(PreviewLine::Command(self.call().to_string()));
        preview
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        let updated = self.updated_on.iter();
        let tools = std::iter::once(&self.tools).chain(updated);
        tools.filter_map(|tools| tools.password.as_ref()).collect()
    }

    fn programs(&self) -> Vec<String> {
        let mut programs = vec![self.tools.program("enableschema")];
        programs.extend(
            self.updated_on
                .iter()
                .map(|tools| tools.program("listUpdateTasks")),
        );
        programs
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        if let Some(tools) = &self.updated_on {
            Tasks::read(tools, &self.schema, &self.ignore_tasks, context)?
                .demand_none(&self.schema)?;
        }
        self.tools.run(context, self.call())?;
        Ok(Outcome {
            summary: format!("{} is enabled", self.schema),
            ..Outcome::default()
        })
    }
}
