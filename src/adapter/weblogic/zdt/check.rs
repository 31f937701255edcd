//! `zdt.check`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::rules::{RULES, judge};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, Preview, PreviewLine, Severity, StepContext,
};
use crate::event::Outcome;
use crate::site::weblogic::Topology;

/// Judges a rollout by the restrictions of Oracle's document before anything else is done.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRestrictions {
    /// The domain and what is rolled out over it.
    pub topology: Topology,
}

impl Action for CheckRestrictions {
    const NAME: &'static str = "zdt.check";
    const SUMMARY: &'static str = "Judges a rollout by its restrictions";
    const EFFECT: Effect = Effect::Pure;

    fn preview(&self) -> Preview {
        RULES
            .iter()
            .map(|rule| PreviewLine::Checks(format!("{}: {}", rule.name, rule.about)))
            .collect()
    }

    fn check(&self, _: &CheckContext<'_>) -> Vec<Finding> {
        judge(&self.topology)
    }

    fn perform(&self, _: &StepContext<'_>) -> Result<Outcome, Failure> {
        let (refused, warned): (Vec<Finding>, Vec<Finding>) = judge(&self.topology)
            .into_iter()
            .partition(|finding| finding.severity == Severity::Refuse);
        let mut refused = refused.into_iter();
        if let Some(first) = refused.next() {
            let mut failure = Failure::refused(first.message);
            failure.0.hint = first.hint;
            failure.0.causes = refused.map(|finding| finding.message).collect();
            return Err(failure);
        }
        Ok(Outcome {
            warnings: warned.into_iter().map(|finding| finding.message).collect(),
            summary: format!("{} restrictions hold", RULES.len()),
            ..Outcome::default()
        })
    }
}
