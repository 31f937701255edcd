//! `zdt.take-back`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::rollout::six_hours;
use super::workflow;
use crate::adapter::weblogic::connection::{Connection, of_connection};
use crate::adapter::weblogic::script::{Literal, Script};
use crate::adapter::weblogic::session::lines;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, Probe, StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;

const TAKE_BACK: &str = include_str!("../scripts/take_back.py");

/// Tells the script that nodes differ: the script itself is the one that the plan shows.
const MIXED: &str = "take-back.mixed";

/// Takes a rollout that stopped in the middle back by its own workflow, not by another rollout: the last
/// workflow of the domain, if it did not succeed and nodes differ or servers do not run.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeBack {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// Whether something is on some nodes and not on others, or nobody can tell.
    pub mixed: bool,
    /// The servers that must run afterwards.
    #[serde(default)]
    pub servers: Vec<String>,
    /// How long it may take.
    #[serde(default = "six_hours")]
    pub timeout: HumanDuration,
}

#[derive(Debug, Deserialize)]
struct Nothing {
    why: String,
}

impl TakeBack {
    fn script(&self) -> Script {
        workflow::script(
            "take-back",
            &self.connection,
            &self.servers,
            self.timeout,
            &[("MIXED", Literal::Text(MIXED))],
            TAKE_BACK,
        )
    }
}

impl Action for TakeBack {
    const NAME: &'static str = "zdt.take-back";
    const SUMMARY: &'static str =
        "Reverts a rollout of a WebLogic domain that stopped in the middle";
    const EFFECT: Effect = Effect::External;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "workflow",
            kind: OutputKind::Text,
            about: "id of the workflow that was reverted, or `none`",
        },
        OutputSpec {
            name: "taken_back",
            kind: OutputKind::Boolean,
            about: "whether one was reverted",
        },
    ];

    of_connection!();

    fn validate(&self) -> Vec<String> {
        self.connection.validate()
    }

    fn preview(&self) -> Preview {
        let mut preview = vec![PreviewLine::Writes(format!(
            "{MIXED} in the step's directory, if nodes differ"
        ))];
        preview.extend(self.script().preview(&self.connection));
        preview.push(PreviewLine::Checks(format!(
            "the workflow ends with REVERTED (waits up to {}), and its servers run; nothing is done if the \
             last workflow of the domain succeeded",
            self.timeout
        )));
        preview
    }

    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        Ok(match workflow::journal(context)? {
            None => Probe::Absent,
            Some(_) => {
                Probe::Partial("a workflow was being reverted: it is taken up again".to_owned())
            }
        })
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let mixed = context.make_scratch()?.join(MIXED);
        if self.mixed {
            context.host.write_atomic(&mixed, b"", 0o600)?;
        } else {
            context.host.remove_tree(&mixed)?;
        }
        let result = workflow::run(&self.script(), &self.connection, self.timeout, context)?;
        let reverted = workflow::outcome(&result)?;
        let why = lines::<Nothing>(&result, "nothing")?.into_iter().next();
        let taken_back = reverted.is_some();
        let mut outcome = match (reverted, why) {
            (Some(outcome), _) => outcome,
            (None, Some(nothing)) => {
                workflow::left_alone(&format!("nothing to revert: {}", nothing.why))
            }
            (None, None) => return Err(Failure::verification("the script names no workflow")),
        };
        outcome
            .outputs
            .insert("taken_back".to_owned(), taken_back.into());
        Ok(outcome)
    }
}
