//! `weblogic.verify-jms`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::browse;
use super::compare::{check_set, compare};
use super::connection::{Connection, of_connection, validate};
use super::export::two_hours;
use super::script::Script;
use super::session::Session;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;

/// Compares what the destinations of a paused JMS module hold with the messages of a set, by content.
/// Changes nothing.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyJms {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// Name of the JMS module.
    pub jms_module: String,
    /// Clusters and servers that hold its destinations; every server of them must run.
    pub targets: Vec<String>,
    /// Name of the artifact in the set.
    pub artifact: String,
    /// How long reading all messages may take.
    #[serde(default = "two_hours")]
    pub timeout: HumanDuration,
}

impl VerifyJms {
    fn script(&self) -> Script {
        let (connection, module) = (&self.connection, &self.jms_module);
        browse::script("verify-jms", connection, module, &self.targets, true)
    }
}

impl Action for VerifyJms {
    const NAME: &'static str = "weblogic.verify-jms";
    const SUMMARY: &'static str =
        "Compares the messages of a paused WebLogic JMS module with a backup set";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "messages",
        kind: OutputKind::Number,
        about: "messages that are there, all as in the set",
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
        let mut preview = vec![PreviewLine::Reads(format!(
            "backup set: {}/…",
            self.artifact
        ))];
        preview.extend(self.script().preview(&self.connection));
        preview.push(PreviewLine::Checks(
            "every destination holds the messages of the set, by content, and no others".to_owned(),
        ));
        preview
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        check_set(&self.connection, &self.artifact, context)
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.using()?;
        let session = Session::of_step(&self.connection, context)?;
        let limit = self.timeout.get();
        let compared = compare(&session, &self.script(), limit, set, &self.artifact)?;
        let mut differences = compared.differences().into_iter();
        if let Some(first) = differences.next() {
            let text = format!(
                "the messages are not those of the set {}: {first}",
                set.id()
            );
            let mut failure = Failure::verification(text);
            failure.0.causes = differences.collect();
            return Err(failure.hint("take a new backup, and use that"));
        }
        let messages = compared.messages();
        let mut outcome = Outcome {
            summary: format!("{messages} messages, all as in the set"),
            ..Outcome::default()
        };
        outcome
            .outputs
            .insert("messages".to_owned(), messages.into());
        Ok(outcome)
    }
}
