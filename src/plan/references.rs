//! What `after` and `before` of a step name, once its expressions are known.

use serde_json::Value;

use crate::runbook::StepDocument;
use crate::runbook::expression::{Evaluator, ExpressionError, Fault};

/// The key of a reference, and its position in the list.
pub(super) type Place = (&'static str, usize);

/// What a step or instance says about order.
pub(super) enum References {
    /// What its document says. Most steps of a large plan are of this kind, and cost nothing.
    AsWritten,
    /// What its expressions gave.
    Evaluated(Vec<(Place, String)>),
}

impl References {
    /// Evaluates the references of a step. With `known` false there is no item: references that are
    /// expressions name nothing then.
    pub(super) fn of(
        document: &StepDocument,
        evaluator: &Evaluator,
        known: bool,
        wrong: &mut Vec<(Place, ExpressionError)>,
    ) -> Self {
        if as_written(document).all(|(_, _, text)| !is_expression(text)) {
            return Self::AsWritten;
        }
        let mut evaluated = Vec::new();
        for (key, position, text) in as_written(document) {
            let place = (key, position);
            if !is_expression(text) {
                evaluated.push((place, text.to_owned()));
            } else if known {
                match name(evaluator, text) {
                    Ok(Some(name)) => evaluated.push((place, name)),
                    Ok(None) => {}
                    Err(error) => wrong.push((place, error)),
                }
            }
        }
        Self::Evaluated(evaluated)
    }

    /// Place and name of each.
    pub(super) fn each<'a>(
        &'a self,
        document: &'a StepDocument,
    ) -> Box<dyn Iterator<Item = (Place, &'a str)> + 'a> {
        match self {
            Self::AsWritten => {
                Box::new(as_written(document).map(|(key, position, text)| ((key, position), text)))
            }
            Self::Evaluated(all) => {
                Box::new(all.iter().map(|(place, name)| (*place, name.as_str())))
            }
        }
    }
}

/// Whether only the site tells what is named.
pub(super) fn is_expression(reference: &str) -> bool {
    reference.contains("${")
}

fn as_written(document: &StepDocument) -> impl Iterator<Item = (&'static str, usize, &str)> {
    let lists = [("after", &document.after), ("before", &document.before)];
    lists.into_iter().flat_map(|(key, list)| {
        list.iter()
            .enumerate()
            .map(move |(position, text)| (key, position, text.as_str()))
    })
}

fn name(evaluator: &Evaluator, text: &str) -> Result<Option<String>, ExpressionError> {
    match evaluator.text(text)?.value {
        Value::String(name) if !is_expression(&name) => Ok(Some(name)),
        Value::Null => Ok(None),
        _ => Err(ExpressionError {
            message: "this must give the name of a step, or `none`".to_owned(),
            help: None,
            range: 0..text.len(),
            fault: Fault::Evaluation,
        }),
    }
}
