//! The options of a step: as written in, resolved out, outputs of earlier steps left in place.

use serde_json::{Map, Value};

use super::types::{Plan, PlannedStep};
use crate::adapter::{ActionEntry, OutputKind};
use crate::runbook::expression::{Evaluator, ExpressionError, OutputReference, fill_outputs};

/// An output that an option reads.
#[derive(Debug, Clone)]
pub(super) struct Read {
    /// What it reads.
    pub(super) reference: OutputReference,
    /// Keys and list positions of the option.
    pub(super) path: Vec<String>,
}

/// Resolved options.
pub(super) struct Options {
    pub(super) values: Map<String, Value>,
    pub(super) reads: Vec<Read>,
}

/// An option that could not be resolved.
pub(super) struct OptionProblem {
    pub(super) error: ExpressionError,
    pub(super) path: Vec<String>,
}

/// Resolves every text in `with`. Options whose value is `null` are dropped: an optional value of
/// the site that is not known is the same as an option that is not given.
pub(super) fn resolve(
    with: &Map<String, Value>,
    evaluator: &Evaluator,
    problems: &mut Vec<OptionProblem>,
) -> Options {
    let mut walk = Walk {
        evaluator,
        problems,
        reads: Vec::new(),
        path: Vec::new(),
    };
    let values = walk.mapping(with);
    Options {
        values,
        reads: walk.reads,
    }
}

struct Walk<'a> {
    evaluator: &'a Evaluator,
    problems: &'a mut Vec<OptionProblem>,
    reads: Vec<Read>,
    path: Vec<String>,
}

impl Walk<'_> {
    fn mapping(&mut self, with: &Map<String, Value>) -> Map<String, Value> {
        let mut values = Map::with_capacity(with.len());
        for (key, value) in with {
            self.path.push(key.clone());
            let value = self.value(value);
            self.path.pop();
            if !value.is_null() {
                values.insert(key.clone(), value);
            }
        }
        values
    }

    fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (position, item) in items.iter().enumerate() {
                    self.path.push(position.to_string());
                    values.push(self.value(item));
                    self.path.pop();
                }
                Value::Array(values)
            }
            Value::Object(members) => Value::Object(self.mapping(members)),
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> Value {
        match self.evaluator.text(text) {
            Ok(resolved) => {
                let path = &self.path;
                self.reads
                    .extend(resolved.outputs.into_iter().map(|reference| Read {
                        reference,
                        path: path.clone(),
                    }));
                resolved.value
            }
            Err(error) => {
                self.problems.push(OptionProblem {
                    error,
                    path: self.path.clone(),
                });
                Value::Null
            }
        }
    }
}

/// The options with a value of the promised kind in place of each output, so that they can be
/// decoded before the run; inside a longer text its name, which no reader takes for its value.
/// `action_of` tells the action of a step.
pub(super) fn sample(
    values: &Map<String, Value>,
    action_of: &dyn Fn(&str) -> Option<&'static ActionEntry>,
) -> Map<String, Value> {
    let named = |id: &str, name: &str| Some(Value::from(format!("<{id}.{name}>")));
    let typed = |id: &str, name: &str| {
        let spec =
            action_of(id).and_then(|entry| entry.outputs.iter().find(|spec| spec.name == name));
        match spec.map(|spec| spec.kind) {
            Some(OutputKind::Number) => Some(Value::from(0)),
            Some(OutputKind::Boolean) => Some(Value::from(false)),
            Some(OutputKind::Structure) => Some(Value::Array(Vec::new())),
            Some(OutputKind::Text) | None => named(id, name),
        }
    };
    // A list takes the place of a whole text, and is pasted into a longer one.
    let is_whole = |text: &Map<String, Value>| {
        fill_outputs(text, &|_, _| Some(Value::Array(Vec::new())))
            .is_ok_and(|filled| filled.values().all(Value::is_array))
    };
    let fill = |text: &Map<String, Value>| {
        let filled = if is_whole(text) {
            fill_outputs(text, &typed)
        } else {
            fill_outputs(text, &named)
        };
        filled.unwrap_or_else(|_| text.clone())
    };
    match in_texts(&Value::Object(values.clone()), &fill) {
        Value::Object(values) => values,
        _ => Map::new(),
    }
}

/// Fills what stands in the texts of some options.
type Fill<'a> = &'a dyn Fn(&Map<String, Value>) -> Map<String, Value>;

/// Replaces every text in a value; each is handed over as a map with one member.
fn in_texts(value: &Value, fill: Fill<'_>) -> Value {
    match value {
        Value::String(_) => {
            let text = Map::from_iter([(String::new(), value.clone())]);
            fill(&text).remove("").unwrap_or(Value::Null)
        }
        Value::Array(items) => items.iter().map(|item| in_texts(item, fill)).collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, member)| (name.clone(), in_texts(member, fill)))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// The options of a planned step as they can be known before the run.
pub fn sample_options(
    plan: &Plan,
    step: &PlannedStep,
    actions: &dyn Fn(&str) -> Option<&'static ActionEntry>,
) -> Map<String, Value> {
    let action_of = |id: &str| {
        let other = plan
            .steps
            .iter()
            .find(|other| other.id == id || other.step == id)?;
        actions(&other.action)
    };
    sample(&step.options, &action_of)
}
