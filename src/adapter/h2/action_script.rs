//! `h2.script`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::in_use::refuse_open;
use super::tool::H2Connection;
use crate::adapter::database::{
    RunScript, Scripted, Scripts, hash_file, hash_of, refuse_changed, statements_stay, usable,
};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, Probe,
    StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;

/// Runs migration scripts in an embedded H2 database, in order. A script that was cut off is begun
/// again only if the file is as it was.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct H2Script {
    /// The database and the account.
    pub connection: H2Connection,
    /// The scripts, in the order in which they are run.
    pub scripts: Vec<PathBuf>,
}

struct Place<'a> {
    action: &'a H2Script,
    context: &'a StepContext<'a>,
}

impl Scripted for Place<'_> {
    fn wait_until_quiet(&self) -> Result<(), Failure> {
        refuse_open(self.context.host, &self.action.connection.file)
    }

    fn digest(&self) -> Result<String, Failure> {
        hash_file(self.context.host, &self.action.connection.file)
    }

    fn run(&self, script: &RunScript) -> Result<Vec<String>, Failure> {
        self.action
            .connection
            .run(self.context, &script.path)
            .map_err(|failure| failure.hint(statements_stay()))?;
        refuse_changed(&hash_file(self.context.host, &script.path)?, script)?;
        Ok(Vec::new())
    }
}

impl H2Script {
    fn name(&self) -> String {
        self.connection.file.display().to_string()
    }

    fn all<'a>(&'a self, name: &'a str) -> Scripts<'a> {
        Scripts {
            paths: &self.scripts,
            schema: name,
            hash: hash_of,
        }
    }
}

impl Action for H2Script {
    const NAME: &'static str = "h2.script";
    const SUMMARY: &'static str = "Runs migration scripts in an embedded H2 database, in order";
    const EFFECT: Effect = Effect::Once;
    const OUTPUTS: &'static [OutputSpec] = Scripts::OUTPUTS;

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        if self.scripts.is_empty() {
            problems.push("scripts: is empty".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        let mut preview = vec![PreviewLine::Checks(format!(
            "no process has {} open",
            self.connection.file.display()
        ))];
        for script in &self.scripts {
            preview.push(PreviewLine::Reads(script.display().to_string()));
            let command = self.connection.invocation(script, None);
            preview.push(PreviewLine::Command(command.to_string()));
        }
        preview.push(PreviewLine::Note(format!(
            "the pipe tells Java to run org.h2.tools.RunScript of {} on the file",
            self.connection.jar.display()
        )));
        preview
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.connection.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![self.connection.java().to_owned()]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let mut findings = self.connection.check(context);
        let scripts = self.scripts.iter();
        let unusable = scripts.filter_map(|path| usable(context.host, path).err());
        findings.extend(unusable.map(|failure| Finding::of(&failure)));
        findings
    }

    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        let place = || {
            Ok(Place {
                action: self,
                context,
            })
        };
        self.all(&self.name()).probe(context, place)
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let place = Place {
            action: self,
            context,
        };
        self.all(&self.name()).perform(context, &place)
    }
}
