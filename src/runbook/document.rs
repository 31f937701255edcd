//! The documents as they are written. Plain types only: no flatten, no untagged, so that every
//! decode error keeps its exact place.

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::diagnostic::unique;
use crate::event::Mark;

/// The three phases, as keys of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PhaseName {
    /// `backup:`
    Backup,
    /// `upgrade:`
    Upgrade,
    /// `restore:`
    Restore,
}

impl PhaseName {
    /// All of them, in the order in which an operator meets them.
    pub const ALL: [Self; 3] = [Self::Backup, Self::Upgrade, Self::Restore];

    /// The key.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Upgrade => "upgrade",
            Self::Restore => "restore",
        }
    }
}

/// A runbook: a procedure for one product and scenario, or a site's changes to one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunbookDocument {
    /// Name: `domibus/same-server`.
    pub runbook: String,
    /// Title for people.
    #[serde(default)]
    pub title: String,
    /// Name of the runbook that this one changes. Its parts, product and scenario are taken over.
    #[serde(default)]
    pub extends: Option<String>,
    /// Product that it is for.
    #[serde(default)]
    pub product: Option<String>,
    /// Scenario that it is for.
    #[serde(default)]
    pub scenario: Option<String>,
    /// Names of its parts, in the order in which their steps are listed.
    #[serde(default)]
    pub parts: Vec<String>,
    /// Changes to steps of the extended runbook, by phase and step id.
    #[serde(default)]
    pub change: ChangesDocument,
    /// Own steps of the backup phase.
    #[serde(default)]
    pub backup: Vec<StepDocument>,
    /// Own steps of the upgrade phase.
    #[serde(default)]
    pub upgrade: Vec<StepDocument>,
    /// Own steps of the restore phase.
    #[serde(default)]
    pub restore: Vec<StepDocument>,
}

/// A part: the steps of one application server, database or plugin.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartDocument {
    /// Name: `domibus/broker-kahadb`.
    pub part: String,
    /// Title for people.
    #[serde(default)]
    pub title: String,
    /// An expression; if it is false all steps of the part are left out.
    #[serde(default)]
    pub when: Option<String>,
    /// Steps of the backup phase.
    #[serde(default)]
    pub backup: Vec<StepDocument>,
    /// Steps of the upgrade phase.
    #[serde(default)]
    pub upgrade: Vec<StepDocument>,
    /// Steps of the restore phase.
    #[serde(default)]
    pub restore: Vec<StepDocument>,
}

/// One step.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepDocument {
    /// Unique in its phase: lower-case letters, digits and dashes.
    pub id: String,
    /// Title for people.
    #[serde(default)]
    pub title: String,
    /// Instructions of the source documents that it carries out: one id or a list.
    #[serde(default)]
    pub source: OneOrMany,
    /// Name of the action: `mysql.dump`.
    pub uses: String,
    /// Options of the action.
    #[serde(default, deserialize_with = "unique::json_map")]
    pub with: Map<String, Value>,
    /// Steps that must have succeeded before. An expression may name one, or be `none`:
    /// `${ "STEP[" ~ item.first ~ "]" if item.first != none else none }`.
    #[serde(default)]
    pub after: Vec<String>,
    /// Steps that must not start before this one has succeeded. Expressions as in `after`.
    #[serde(default)]
    pub before: Vec<String>,
    /// An expression; if it is false the step is left out.
    #[serde(default)]
    pub when: Option<String>,
    /// An expression that gives a list: one instance of the step for each item, which is `item` in
    /// the step's expressions. An item is a text, or a map with a `name`.
    #[serde(default)]
    pub for_each: Option<String>,
    /// How many instances may run at once.
    #[serde(default)]
    pub max_parallel: Option<usize>,
    /// Name of a queue. All fan-outs with the same queue take their items in turn: the first step of an
    /// item starts when the item before it is over, that is when every step of the queue for it is
    /// done, left out or can no more run. `QUEUE[ITEM]` names all steps of an item for `--skip` and
    /// `--start-at`.
    #[serde(default)]
    pub queue: Option<String>,
    /// The machine it acts on.
    #[serde(default)]
    pub on: Option<String>,
    /// Time limit of one attempt: `90s`, `2h 30m`.
    #[serde(default)]
    pub timeout: Option<String>,
    /// Further attempts after a failure.
    #[serde(default)]
    pub retry: Option<RetryDocument>,
    /// What its failure means for the rest of the run.
    #[serde(default)]
    pub on_failure: Option<OnFailureDocument>,
    /// Its failure is only a warning: later steps run all the same.
    #[serde(default)]
    pub optional: bool,
    /// What it means for the maintenance window.
    #[serde(default)]
    pub marks: Vec<Mark>,
}

/// What a failed step means for the rest of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailureDocument {
    /// No new steps start.
    Stop,
    /// Steps that do not come after it still run.
    Continue,
}

/// Further attempts after a failure.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryDocument {
    /// Attempts in all, the first included: 2 to 20.
    pub attempts: u32,
    /// Pause before the second attempt: `10s`. Default `5s`.
    #[serde(default)]
    pub delay: Option<String>,
    /// Factor by which each further pause grows. Default 2.
    #[serde(default)]
    pub backoff: Option<f64>,
}

/// Changes to the steps of an extended runbook.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangesDocument {
    /// By step id.
    #[serde(default, deserialize_with = "unique::map")]
    #[schemars(with = "BTreeMap<String, ChangeDocument>")]
    pub backup: IndexMap<String, ChangeDocument>,
    /// By step id.
    #[serde(default, deserialize_with = "unique::map")]
    #[schemars(with = "BTreeMap<String, ChangeDocument>")]
    pub upgrade: IndexMap<String, ChangeDocument>,
    /// By step id.
    #[serde(default, deserialize_with = "unique::map")]
    #[schemars(with = "BTreeMap<String, ChangeDocument>")]
    pub restore: IndexMap<String, ChangeDocument>,
}

impl ChangesDocument {
    /// The changes of one phase.
    pub fn of(&self, phase: PhaseName) -> &IndexMap<String, ChangeDocument> {
        match phase {
            PhaseName::Backup => &self.backup,
            PhaseName::Upgrade => &self.upgrade,
            PhaseName::Restore => &self.restore,
        }
    }
}

/// A change to one step. What is not given stays.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeDocument {
    /// Options to set; maps are merged, everything else is replaced.
    #[serde(default, deserialize_with = "unique::json_map")]
    pub with: Map<String, Value>,
    /// Another time limit.
    #[serde(default)]
    pub timeout: Option<String>,
    /// Other further attempts.
    #[serde(default)]
    pub retry: Option<RetryDocument>,
    /// Leaves the step out; the text is the reason, shown in every plan.
    #[serde(default)]
    pub disable: Option<String>,
}

/// One text or a list of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OneOrMany(pub Vec<String>);

impl JsonSchema for OneOrMany {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "oneOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_str<E>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany(texts))
            }
        }
        deserializer.deserialize_any(Texts)
    }
}

impl RunbookDocument {
    /// Takes its own steps of a phase out.
    pub(super) fn take_steps(&mut self, phase: PhaseName) -> Vec<StepDocument> {
        std::mem::take(match phase {
            PhaseName::Backup => &mut self.backup,
            PhaseName::Upgrade => &mut self.upgrade,
            PhaseName::Restore => &mut self.restore,
        })
    }
}

impl PartDocument {
    /// Takes its steps of a phase out.
    pub(super) fn take_steps(&mut self, phase: PhaseName) -> Vec<StepDocument> {
        std::mem::take(match phase {
            PhaseName::Backup => &mut self.backup,
            PhaseName::Upgrade => &mut self.upgrade,
            PhaseName::Restore => &mut self.restore,
        })
    }
}
