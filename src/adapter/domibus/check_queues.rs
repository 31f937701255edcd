//! `domibus.check-queues`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::stores::{Stores, Waiting};
use super::versions::renumbers;
use crate::adapter::artemis::Directories;
use crate::adapter::kahadb::Survey;
use crate::adapter::store_guard::{in_use, refuse_in_use};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::event::Outcome;

/// Refuses an upgrade that would lose queued messages. Messages of Domibus' own queues and those that
/// wait for redelivery do not outlive an upgrade to 5.0 or to 5.2.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckQueues {
    /// The KahaDB directory of the broker, if it is ActiveMQ.
    #[serde(default)]
    pub store: Option<PathBuf>,
    /// ActiveMQ's data directory, with the scheduler store.
    #[serde(default)]
    pub data: Option<PathBuf>,
    /// The journal directory of the broker, if it is Artemis.
    #[serde(default)]
    pub journal: Option<PathBuf>,
    /// Artemis' bindings directory.
    #[serde(default)]
    pub bindings: Option<PathBuf>,
    /// Artemis' paging directory; it may be missing.
    #[serde(default)]
    pub paging: Option<PathBuf>,
    /// Artemis' directory of large messages; it may be missing.
    #[serde(default)]
    pub large_messages: Option<PathBuf>,
    /// The artifact of the set with the messages, if the broker is a WebLogic's.
    #[serde(default)]
    pub artifact: Option<String>,
    /// The installed version. One that is not known counts as an old one.
    #[serde(default)]
    pub from_version: Option<String>,
    /// The version to go to.
    #[serde(default)]
    pub to_version: Option<String>,
    /// Warn instead of refusing.
    #[serde(default)]
    pub allow: bool,
}

impl Action for CheckQueues {
    const NAME: &'static str = "domibus.check-queues";
    const SUMMARY: &'static str = "Refuses an upgrade that would lose queued messages";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "messages",
        kind: OutputKind::Number,
        about: "messages that wait in queues or for redelivery",
    }];

    fn validate(&self) -> Vec<String> {
        match self.stores() {
            Ok(stores) => stores.problems(),
            Err(problem) => vec![problem],
        }
    }

    fn preview(&self) -> Preview {
        let mut lines = self
            .stores()
            .map_or_else(|_| Vec::new(), |stores| stores.reads());
        let versions = self.versions();
        lines.push(if !self.crosses() {
            PreviewLine::Note(format!("{versions}: queued messages stay valid"))
        } else if self.allow {
            PreviewLine::Note(format!(
                "{versions}: messages that would be lost are reported"
            ))
        } else {
            PreviewLine::Checks(format!(
                "{versions}: no message waits in a queue of Domibus itself or for redelivery"
            ))
        });
        lines
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        if !self.crosses() {
            return Vec::new();
        }
        let look = || -> Result<Option<Finding>, Failure> {
            let stores = self.stores().map_err(Failure::refused)?;
            let waiting = stores.look(context.host, context.using)?;
            let running = in_use(context.host, &stores.locks(context.host)?)?.is_some();
            if waiting.at_risk.is_empty() {
                return Ok(None);
            }
            let text = self.sentence(&waiting);
            // A running Domibus goes on delivering: what counts is what is left when it is stopped.
            Ok(Some(if running || self.allow {
                Finding::warning(text).hint(HINT)
            } else {
                Finding::refuse(text).hint(HINT)
            }))
        };
        match look() {
            Ok(finding) => finding.into_iter().collect(),
            Err(failure) => vec![Finding::warning(Finding::of(&failure).message)],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let stores = self.stores().map_err(Failure::refused)?;
        refuse_in_use(context.host, &stores.locks(context.host)?)?;
        let waiting = stores.look(context.host, context.using)?;
        let mut outcome = Outcome::default();
        let messages = waiting.messages;
        outcome
            .outputs
            .insert("messages".to_owned(), messages.into());
        let total = match messages {
            0 => "no message waits".to_owned(),
            1 => "1 message waits".to_owned(),
            messages => format!("{messages} messages wait"),
        };
        let versions = self.versions();
        if !self.crosses() {
            outcome.summary = format!("{total}, valid before and after ({versions})");
        } else if waiting.at_risk.is_empty() {
            outcome.summary = format!("{total}, none of them in a queue of Domibus itself");
        } else if self.allow {
            outcome.warnings.push(self.sentence(&waiting));
            outcome.summary = format!("{total}, some will be lost, as the site allows");
        } else {
            let mut failure = Failure::refused(format!(
                "queued messages would be lost by the upgrade ({versions})"
            ))
            .hint(HINT);
            failure.0.causes = waiting.at_risk;
            return Err(failure);
        }
        Ok(outcome)
    }
}

const HINT: &str = "start the present version and let Domibus deliver them, and move or delete dead \
     letters in its console; to give them up, set `upgrade.allow_queued_messages: true` in the site";

impl CheckQueues {
    fn crosses(&self) -> bool {
        renumbers(self.from_version.as_deref(), self.to_version.as_deref())
    }

    fn versions(&self) -> String {
        let known = |version: &Option<String>| {
            let text = version.as_deref().map_or("an unknown version", str::trim);
            text.to_owned()
        };
        format!(
            "{} to {}",
            known(&self.from_version),
            known(&self.to_version)
        )
    }

    fn sentence(&self, waiting: &Waiting) -> String {
        format!(
            "the upgrade from {} loses queued messages: {}",
            self.versions(),
            waiting.at_risk.join("; ")
        )
    }

    /// The stores of the one broker that the options name; what is wrong with them otherwise.
    fn stores(&self) -> Result<Stores<'_>, String> {
        let artemis = [
            &self.journal,
            &self.bindings,
            &self.paging,
            &self.large_messages,
        ];
        let has_artemis = artemis.iter().any(|path| path.is_some());
        let has_activemq = self.store.is_some() || self.data.is_some();
        if let Some(artifact) = &self.artifact {
            let alone = !has_artemis && !has_activemq;
            return alone.then_some(Stores::Exported(artifact)).ok_or_else(|| {
                "`artifact` stands alone: the messages of a WebLogic are in no store that can be read".to_owned()
            });
        }
        match (&self.store, &self.data, artemis) {
            (Some(store), Some(data), _) if !has_artemis => {
                Ok(Stores::ActiveMq(Survey { store, data }))
            }
            (
                _,
                _,
                [
                    Some(journal),
                    Some(bindings),
                    Some(paging),
                    Some(large_messages),
                ],
            ) if !has_activemq => Ok(Stores::Artemis(Directories {
                bindings,
                journal,
                paging,
                large_messages,
            })),
            _ => Err(
                "name either `store` and `data` of an ActiveMQ, or `journal`, `bindings`, \
                      `paging` and `large_messages` of an Artemis, or `artifact` of a WebLogic"
                    .to_owned(),
            ),
        }
    }
}
