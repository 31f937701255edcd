//! `weblogic.empty-jms`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::browse;
use super::compare::{Compared, check_set, compare};
use super::connection::{Connection, of_connection, validate};
use super::export::two_hours;
use super::import_plan::Key;
use super::jms_state::JMS;
use super::script::{Literal, Script};
use super::session::{Session, lines};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, OutputKind, OutputSpec, Preview,
    PreviewLine, StepContext,
};
use crate::event::Outcome;
use crate::site::SecretRef;

const EMPTY: &str = include_str!("scripts/empty_jms.py");
const PLAN: &str = "empty-jms.plan";

/// Says that the first message may be gone: from then on fewer are there than were saved.
const BEGUN: &str = "empty-jms.begun";

/// Deletes the messages of paused destinations that do not hold exactly what a set has of them, so that
/// the set can be imported. They must have been saved before.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmptyJms {
    /// WLST, the Admin Server and the account.
    pub connection: Connection,
    /// Name of the JMS module.
    pub jms_module: String,
    /// Clusters and servers that hold its destinations; every server of them must run.
    pub targets: Vec<String>,
    /// Name of the artifact in the set that will be imported.
    pub artifact: String,
    /// How many messages were saved before; if another number is there, nothing is deleted.
    #[serde(default)]
    pub saved: Option<u64>,
    /// How long each of reading and deleting may take.
    #[serde(default = "two_hours")]
    pub timeout: HumanDuration,
}

#[derive(Debug, Deserialize)]
struct Emptied {
    messages: u64,
}

impl EmptyJms {
    fn browse_script(&self) -> Script {
        let (connection, module) = (&self.connection, &self.jms_module);
        browse::script("browse-jms", connection, module, &self.targets, true)
    }

    fn script(&self) -> Script {
        Script::new(
            "empty-jms",
            &self.connection,
            &[
                ("JMS_MODULE", Literal::Text(&self.jms_module)),
                ("TARGETS", Literal::Texts(&self.targets)),
                ("PLAN", Literal::Text(PLAN)),
            ],
            &[JMS, EMPTY],
        )
    }

    /// Before the first deletion: what is there must be what was saved.
    fn refuse_unsaved(&self, session: &Session<'_>, compared: &Compared) -> Result<(), Failure> {
        let begun = session.directory.join(BEGUN);
        if session.host.stat(&begun)?.is_some() {
            return Ok(());
        }
        let present = compared.messages() as u64;
        if let Some(saved) = self.saved.filter(|saved| *saved != present) {
            return Err(Failure::refused(format!(
                "{saved} messages were saved before, and {present} are there: nothing is deleted"
            ))
            .hint(
                "somebody sent or received meanwhile: keep other applications away from the domain, and \
                 begin a new restore",
            ));
        }
        session.host.write_atomic(&begun, b"", 0o600)?;
        Ok(())
    }

    fn empty(&self, session: &Session<'_>, keys: &[&Key]) -> Result<u64, Failure> {
        let plan: String = keys.iter().flat_map(|key| [key.as_str(), "\n"]).collect();
        let path = session.directory.join(PLAN);
        session.host.write_atomic(&path, plan.as_bytes(), 0o600)?;
        let result = session.run(&self.script(), self.timeout.get())?;
        let emptied: Vec<Emptied> = lines(&result, "emptied")?;
        Ok(emptied.iter().map(|one| one.messages).sum())
    }
}

impl Action for EmptyJms {
    const NAME: &'static str = "weblogic.empty-jms";
    const SUMMARY: &'static str =
        "Deletes saved messages of a WebLogic JMS module that a backup set does not have";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "deleted",
        kind: OutputKind::Number,
        about: "messages that were deleted",
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
        preview.extend(self.browse_script().preview(&self.connection));
        preview.push(PreviewLine::Checks(
            "as many messages are there as were saved before".to_owned(),
        ));
        preview.push(PreviewLine::Writes(format!(
            "{PLAN} in the step's directory: destinations that hold other messages than the set has"
        )));
        preview.extend(self.script().preview(&self.connection));
        preview.push(PreviewLine::Removes(
            "all messages of those destinations".to_owned(),
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
        let compared = compare(&session, &self.browse_script(), limit, set, &self.artifact)?;
        let keys = compared.to_empty();
        let mut deleted = 0;
        if !keys.is_empty() {
            self.refuse_unsaved(&session, &compared)?;
            deleted = self.empty(&session, &keys)?;
        }
        let mut outcome = Outcome {
            summary: format!("{deleted} messages deleted on {} destinations", keys.len()),
            ..Outcome::default()
        };
        outcome.outputs.insert("deleted".to_owned(), deleted.into());
        Ok(outcome)
    }
}
