//! Expressions: `${ … }` in texts, bare ones in `when:` and `for_each:`.
//!
//! The language is minijinja's expression grammar in an environment without functions and with a
//! handful of filters, without `*` and slices, strict about unknown names. `$HOME`, `{{ x }}` and `{% %}` are plain text.
//! `$${` stands for a literal `${`. References to outputs of earlier steps have a form of their own,
//! `${ steps.ID.NAME }`, because step ids hold dashes; they stay in place until the run fills them.

mod bounds;
mod outputs;
mod pieces;

use std::ops::Range;
use std::sync::Arc;

use minijinja::value::{Serde, Value as Item};
use minijinja::{Environment, UndefinedBehavior, context};
use serde_json::{Map, Value};

use bounds::bounded;
pub use outputs::fill_outputs;
use pieces::{Piece, output_reference, pieces};

use crate::diagnostic::{Code, suggest};

/// A text that could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Bytes of the text concerned.
    pub range: Range<usize>,
    /// What kind of problem it is.
    pub fault: Fault,
}

/// Kinds of expression problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It cannot be read.
    Syntax,
    /// It names something that does not exist.
    UnknownName,
    /// A condition that is not true or false.
    NotACondition,
    /// It cannot be evaluated.
    Evaluation,
}

impl ExpressionError {
    /// The code of the problem.
    pub fn code(&self) -> Code {
        match self.fault {
            Fault::Syntax => Code::EXPRESSION,
            Fault::UnknownName => Code::UNKNOWN_NAME,
            Fault::NotACondition => Code::NOT_A_CONDITION,
            Fault::Evaluation => Code::EVALUATION,
        }
    }
}

/// A reference to an output of an earlier step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputReference {
    /// Step or instance.
    pub step: String,
    /// Output.
    pub output: String,
}

/// A value after everything that the plan knows was filled in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resolved {
    /// The value; `${ steps.… }` may still stand in texts.
    pub value: Value,
    /// Outputs that it reads.
    pub outputs: Vec<OutputReference>,
}

/// The name of a fan-out's item.
const ITEM: &str = "item";

/// Evaluates expressions against the names that a plan knows.
pub struct Evaluator {
    environment: Environment<'static>,
    /// What expressions are evaluated with.
    names: Item,
    /// The names but for `item`; shared, because a fan-out has an evaluator for each item.
    roots: Arc<Map<String, Value>>,
    item: Option<Value>,
}

impl Evaluator {
    /// With these names (`site`, `scenario`, `phase`, `item`) as the only ones.
    pub fn new(names: Map<String, Value>) -> Self {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("length", |value: Vec<Item>| value.len());
        environment.add_filter("join", |value: Vec<String>, separator: &str| {
            value.join(separator)
        });
        environment.add_filter("file_name", |path: &str| {
            path.rsplit('/').next().unwrap_or_default().to_owned()
        });
        Self {
            environment,
            names: Item::from(Serde(&names)),
            roots: Arc::new(names),
            item: None,
        }
    }

    /// The same names and `item`.
    #[must_use]
    pub fn with_item(&self, item: &Value) -> Self {
        Self {
            environment: self.environment.clone(),
            names: context! { item => Item::from(Serde(item)), ..self.names.clone() },
            roots: Arc::clone(&self.roots),
            item: Some(item.clone()),
        }
    }

    /// The value of a bare expression.
    pub fn evaluate(&self, source: &str) -> Result<Value, ExpressionError> {
        bounded(source)?;
        let whole = 0..source.len();
        let expression = self
            .environment
            .compile_expression(source)
            .map_err(|error| ExpressionError {
                message: format!("this is not an expression: {}", detail(&error)),
                help: None,
                range: error.range().unwrap_or(whole.clone()),
                fault: Fault::Syntax,
            })?;
        let mut names: Vec<String> = expression.undeclared_variables(true).into_iter().collect();
        names.sort();
        for name in &names {
            self.known(source, name)?;
        }
        let value = expression
            .eval(&self.names)
            .map_err(|error| ExpressionError {
                message: detail(&error),
                help: None,
                range: error.range().unwrap_or(whole.clone()),
                fault: Fault::Evaluation,
            })?;
        serde_json::to_value(&value).map_err(|error| ExpressionError {
            message: error.to_string(),
            help: None,
            range: whole,
            fault: Fault::Evaluation,
        })
    }

    /// The truth of a bare expression, which must be a boolean.
    pub fn condition(&self, source: &str) -> Result<bool, ExpressionError> {
        match self.evaluate(source)? {
            Value::Bool(truth) => Ok(truth),
            other => Err(ExpressionError {
                message: format!(
                    "a condition must be true or false, this is {}",
                    kind(&other)
                ),
                help: Some("compare it: `… == \"…\"`, `… != none`".to_owned()),
                range: 0..source.len(),
                fault: Fault::NotACondition,
            }),
        }
    }

    /// A text with its expressions replaced. If the text is one expression, its value keeps its
    /// type; otherwise values are pasted in as text.
    pub fn text(&self, text: &str) -> Result<Resolved, ExpressionError> {
        if !text.contains("${") {
            return Ok(Resolved {
                value: Value::String(text.to_owned()),
                outputs: Vec::new(),
            });
        }
        let pieces = pieces(text)?;
        let mut outputs = Vec::new();
        if let [Piece::Expression { source, range }] = pieces.as_slice() {
            if let Some(reference) = output_reference(source, range)? {
                outputs.push(reference);
                return Ok(Resolved {
                    value: Value::String(text.to_owned()),
                    outputs,
                });
            }
            let value = self
                .evaluate(source)
                .map_err(|error| shifted(error, range))?;
            return Ok(Resolved { value, outputs });
        }
        let mut filled = String::with_capacity(text.len());
        for piece in pieces {
            match piece {
                Piece::Text(literal) => filled.push_str(literal),
                Piece::Expression { source, range } => {
                    if let Some(reference) = output_reference(source, &range)? {
                        outputs.push(reference);
                        filled.push_str(&text[range.start - 2..=range.end]);
                        continue;
                    }
                    match self
                        .evaluate(source)
                        .map_err(|error| shifted(error, &range))?
                    {
                        Value::String(value) => filled.push_str(&value),
                        Value::Number(value) => filled.push_str(&value.to_string()),
                        Value::Bool(value) => filled.push_str(&value.to_string()),
                        other => {
                            return Err(ExpressionError {
                                message: format!("{} cannot stand inside a text", kind(&other)),
                                help: Some("make the expression the whole value".to_owned()),
                                range,
                                fault: Fault::Evaluation,
                            });
                        }
                    }
                }
            }
        }
        Ok(Resolved {
            value: Value::String(filled),
            outputs,
        })
    }

    /// Whether the dotted name exists, walked through the known names.
    fn known(&self, source: &str, name: &str) -> Result<(), ExpressionError> {
        let mut at: Option<&Value> = None;
        let mut walked = String::new();
        for segment in name.split('.') {
            let next = match at {
                None => self.root(segment),
                Some(Value::Object(names)) => names.get(segment),
                Some(_) => return Ok(()),
            };
            let Some(next) = next else {
                let start = source.find(name).unwrap_or(0);
                let known: Vec<&str> = match at {
                    Some(Value::Object(names)) => names.keys().map(String::as_str).collect(),
                    _ => self.roots().collect(),
                };
                let help = suggest(segment, known.iter().copied()).map_or_else(
                    || format!("known here: {}", known.join(", ")),
                    |near| format!("did you mean `{walked}{near}`?"),
                );
                return Err(ExpressionError {
                    message: format!("unknown name `{walked}{segment}`"),
                    help: Some(help),
                    range: start..(start + name.len()).min(source.len()),
                    fault: Fault::UnknownName,
                });
            };
            walked.push_str(segment);
            walked.push('.');
            at = Some(next);
        }
        Ok(())
    }

    fn root(&self, name: &str) -> Option<&Value> {
        match &self.item {
            Some(item) if name == ITEM => Some(item),
            _ => self.roots.get(name),
        }
    }

    fn roots(&self) -> impl Iterator<Item = &str> {
        let item = self.item.iter().map(|_| ITEM);
        self.roots.keys().map(String::as_str).chain(item)
    }
}

fn shifted(error: ExpressionError, within: &Range<usize>) -> ExpressionError {
    let range = within.start + error.range.start..within.start + error.range.end;
    ExpressionError { range, ..error }
}

fn detail(error: &minijinja::Error) -> String {
    error
        .detail()
        .map_or_else(|| error.kind().to_string(), ToOwned::to_owned)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests;
