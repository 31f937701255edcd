//! The options of a step: YAML in, resolved JSON out, outputs of earlier steps left in place.

use serde_json::{Map, Number, Value};
use serde_yaml::Mapping;

use super::resolve::PlanRequest;
use crate::adapter::OutputKind;
use crate::runbook::Step;
use crate::runbook::expression::{Evaluator, ExpressionError, OutputReference};

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
    with: &Mapping,
    evaluator: &Evaluator,
    problems: &mut Vec<OptionProblem>,
) -> Options {
    let mut walk = Walk { evaluator, problems, reads: Vec::new(), path: Vec::new() };
    let values = walk.mapping(with);
    Options { values, reads: walk.reads }
}

struct Walk<'a> {
    evaluator: &'a Evaluator,
    problems: &'a mut Vec<OptionProblem>,
    reads: Vec<Read>,
    path: Vec<String>,
}

impl Walk<'_> {
    fn mapping(&mut self, with: &Mapping) -> Map<String, Value> {
        let mut values = Map::with_capacity(with.len());
        for (key, value) in with {
            let key = match key {
                serde_yaml::Value::String(key) => key.clone(),
                other => serde_yaml::to_string(other).unwrap_or_default().trim().to_owned(),
            };
            self.path.push(key.clone());
            let value = self.value(value);
            self.path.pop();
            if !value.is_null() {
                values.insert(key, value);
            }
        }
        values
    }

    fn value(&mut self, value: &serde_yaml::Value) -> Value {
        match value {
            serde_yaml::Value::Null => Value::Null,
            serde_yaml::Value::Bool(truth) => Value::Bool(*truth),
            serde_yaml::Value::Number(number) => number
                .as_u64()
                .map(Number::from)
                .or_else(|| number.as_i64().map(Number::from))
                .or_else(|| number.as_f64().and_then(Number::from_f64))
                .map_or(Value::Null, Value::Number),
            serde_yaml::Value::String(text) => self.text(text),
            serde_yaml::Value::Sequence(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (position, item) in items.iter().enumerate() {
                    self.path.push(position.to_string());
                    values.push(self.value(item));
                    self.path.pop();
                }
                Value::Array(values)
            }
            serde_yaml::Value::Mapping(members) => Value::Object(self.mapping(members)),
            serde_yaml::Value::Tagged(tagged) => self.value(&tagged.value),
        }
    }

    fn text(&mut self, text: &str) -> Value {
        match self.evaluator.text(text) {
            Ok(resolved) => {
                let path = &self.path;
                self.reads.extend(
                    resolved
                        .outputs
                        .into_iter()
                        .map(|reference| Read { reference, path: path.clone() }),
                );
                resolved.value
            }
            Err(error) => {
                self.problems.push(OptionProblem { error, path: self.path.clone() });
                Value::Null
            }
        }
    }
}

/// The options with a value of the promised kind in place of each output, so that they can be
/// decoded before the run.
pub(super) fn sample(
    values: &Map<String, Value>,
    reads: &[Read],
    request: &PlanRequest<'_>,
    step: &Step,
) -> Map<String, Value> {
    if reads.is_empty() {
        return values.clone();
    }
    let kind_of = |id: &str, name: &str| {
        let id = id.split('[').next().unwrap_or(id);
        let uses = request
            .runbook
            .parts
            .iter()
            .flat_map(|part| part.steps.iter().flatten())
            .find(|other| other.document.id == id && other.document.id != step.document.id)
            .map(|other| other.document.uses.as_str())?;
        let spec = (request.actions)(uses)?.outputs.iter().find(|spec| spec.name == name)?;
        Some(match spec.kind {
            OutputKind::Text => Value::from(format!("<{id}.{name}>")),
            OutputKind::Number => Value::from(0),
            OutputKind::Boolean => Value::from(false),
            OutputKind::Structure => Value::Array(Vec::new()),
        })
    };
    let lookup = |id: &str, name: &str| Some(kind_of(id, name).unwrap_or(Value::from("<unknown>")));
    crate::runbook::expression::fill_outputs(values, &lookup).unwrap_or_else(|_| values.clone())
}
