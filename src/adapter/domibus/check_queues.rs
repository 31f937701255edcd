//! `domibus.check-queues`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::queues::is_backend_queue;
use super::versions::renumbers;
use crate::adapter::kahadb::{StoreInventory, Survey, counted};
use crate::adapter::store_guard::{in_use, refuse_in_use};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::event::Outcome;
use crate::host::Host;

/// Refuses an upgrade that would lose queued messages. Messages of Domibus' own queues and those that
/// wait for redelivery do not outlive an upgrade to 5.0 or to 5.2.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckQueues {
    /// The KahaDB directory of the broker.
    pub store: PathBuf,
    /// The broker's data directory, with the scheduler store.
    pub data: PathBuf,
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

/// What waits in the broker.
struct Waiting {
    /// All of it.
    messages: u64,
    /// What the new version would drop, a sentence fragment for each queue.
    at_risk: Vec<String>,
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
        self.stores().problems()
    }

    fn preview(&self) -> Preview {
        let mut lines = vec![
            PreviewLine::Reads(format!("{} (the journal)", self.store.display())),
            PreviewLine::Reads(format!(
                "{} (the journal of the scheduler)",
                self.data.display()
            )),
        ];
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
            let waiting = self.look(context.host)?;
            let running = in_use(context.host, &self.stores().locks(context.host)?)?.is_some();
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
        refuse_in_use(context.host, &self.stores().locks(context.host)?)?;
        let waiting = self.look(context.host)?;
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

    fn stores(&self) -> Survey<'_> {
        Survey {
            store: &self.store,
            data: &self.data,
        }
    }

    fn look(&self, host: &dyn Host) -> Result<Waiting, Failure> {
        let mut waiting = Waiting {
            messages: 0,
            at_risk: Vec::new(),
        };
        for (path, found) in self.stores().read(host)? {
            // What cannot be read may be a message of any queue.
            if let Some(damage) = found.damage.first() {
                let text = format!("{}: {damage}", path.display());
                waiting.at_risk.push(text);
            }
            waiting.count(&found);
        }
        Ok(waiting)
    }
}

impl Waiting {
    fn count(&mut self, found: &StoreInventory) {
        for (name, queue) in &found.queues {
            let messages = queue.messages + queue.prepared_adds;
            self.messages += messages;
            if messages > 0 && !is_backend_queue(name) {
                self.at_risk
                    .push(format!("{name}: {}", counted(messages, "message")));
            }
        }
        let jobs = found.scheduled_jobs;
        self.messages += jobs;
        if jobs > 0 {
            self.at_risk.push(format!(
                "{} for a later delivery or redelivery",
                match jobs {
                    1 => "1 message waits".to_owned(),
                    jobs => format!("{jobs} messages wait"),
                }
            ));
        }
    }
}
