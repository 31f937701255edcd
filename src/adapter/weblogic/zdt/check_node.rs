//! `zdt.check-node`.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::home::patch_ids;
use super::node;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, Preview, PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::host::{Control, Host, Invocation, shell_word};
use crate::site::weblogic::Node;

/// OPatch takes a while to start.
const LIMIT: Duration = Duration::from_secs(600);

/// Looks at a node: its Oracle home is installed there, directories that must be are, Node Manager runs,
/// and the home has the patches that it should have.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckNode {
    /// The node.
    pub node: Node,
    /// Directories that must be there.
    #[serde(default)]
    pub directories: Vec<PathBuf>,
    /// Whether Node Manager must run.
    #[serde(default)]
    pub node_manager: bool,
    /// Ids of patches that the Oracle home must have.
    #[serde(default)]
    pub patches: Vec<String>,
    /// Ids of patches that it must not have.
    #[serde(default)]
    pub patches_gone: Vec<String>,
}

impl CheckNode {
    fn places(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.node.oracle_home).chain(&self.directories)
    }

    /// One line for each thing that is missing.
    fn look(&self) -> Invocation {
        let mut text = String::new();
        for place in self.places() {
            let word = shell_word(&place.to_string_lossy());
            _ = write!(text, "test -d {word} || echo missing {word}; ");
        }
        if self.node_manager {
            text.push_str(
                "ps -eo args | grep -q '[w]eblogic.NodeManager' || echo missing-node-manager; ",
            );
        }
        text.push_str("echo looked");
        node::command(&self.node, &text, LIMIT)
    }

    fn list(&self) -> Option<Invocation> {
        if self.patches.is_empty() && self.patches_gone.is_empty() {
            return None;
        }
        let home = &self.node.oracle_home;
        let opatch = shell_word(&home.join("OPatch/opatch").to_string_lossy());
        let home = shell_word(&home.to_string_lossy());
        let text = format!("{opatch} lspatches -oh {home}");
        Some(node::command(&self.node, &text, LIMIT))
    }

    fn wrong(&self, host: &dyn Host, control: &Control) -> Result<Vec<String>, Failure> {
        let name = &self.node.name;
        let text = node::look(&self.node, host, control, &self.look())?;
        let mut wrong = Vec::new();
        for line in text.lines() {
            if let Some(place) = line.strip_prefix("missing ") {
                wrong.push(format!("there is no {place} on {name}"));
            } else if line == "missing-node-manager" {
                wrong.push(format!("no Node Manager runs on {name}"));
            }
        }
        if let Some(list) = self.list() {
            let what = format!("listing the patches of {name}");
            let exit = node::run(&self.node, host, control, &list, &what)?;
            let present = patch_ids(&exit.stdout.text());
            let lacks = self.patches.iter().filter(|id| !present.contains(id));
            wrong.extend(lacks.map(|id| format!("the Oracle home of {name} lacks the patch {id}")));
            let has = self.patches_gone.iter().filter(|id| present.contains(id));
            wrong.extend(
                has.map(|id| format!("the Oracle home of {name} still has the patch {id}")),
            );
        }
        Ok(wrong)
    }

    fn hint(&self) -> &'static str {
        if self.patches.is_empty() && self.patches_gone.is_empty() {
            "install what is missing on the node, start its Node Manager, then go on"
        } else {
            "look at the rollout in the log of the Admin Server"
        }
    }
}

impl Action for CheckNode {
    const NAME: &'static str = "zdt.check-node";
    const SUMMARY: &'static str = "Looks at a node: homes, Node Manager, patches";
    const EFFECT: Effect = Effect::Pure;

    fn validate(&self) -> Vec<String> {
        node::validate(&self.node)
    }

    fn preview(&self) -> Preview {
        let commands = std::iter::once(self.look()).chain(self.list());
        commands
            .map(|command| PreviewLine::Command(command.to_string()))
            .collect()
    }

    fn programs(&self) -> Vec<String> {
        node::programs(&self.node)
    }

    /// What a rollout will have brought cannot be looked for beforehand.
    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        if self.list().is_some() || !self.directories.is_empty() {
            return Vec::new();
        }
        match self.wrong(context.host, context.control) {
            Ok(wrong) => wrong
                .into_iter()
                .map(|text| Finding::refuse(text).hint(self.hint()))
                .collect(),
            Err(failure) => vec![node::finding(&failure)],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let mut wrong = self.wrong(context.host, context.control)?.into_iter();
        if let Some(first) = wrong.next() {
            let mut failure = Failure::verification(first).hint(self.hint());
            failure.0.causes = wrong.collect();
            return Err(failure);
        }
        Ok(Outcome {
            summary: format!("{} is as it should be", self.node.name),
            ..Outcome::default()
        })
    }
}
