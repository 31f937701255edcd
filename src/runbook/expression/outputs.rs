//! Outputs of earlier steps, put where options read them.

use std::ops::Range;

use serde_json::{Map, Value};

use super::pieces::{Piece, output_reference, pieces};

/// Fills every `${ steps.ID.NAME }` of the options by what `lookup` knows. The error names the first
/// output that is not there.
pub fn fill_outputs(
    options: &Map<String, Value>,
    lookup: &dyn Fn(&str, &str) -> Option<Value>,
) -> Result<Map<String, Value>, String> {
    let mut filled = Map::with_capacity(options.len());
    for (key, value) in options {
        filled.insert(key.clone(), fill(value, lookup)?);
    }
    Ok(filled)
}

fn fill(value: &Value, lookup: &dyn Fn(&str, &str) -> Option<Value>) -> Result<Value, String> {
    match value {
        Value::String(text) if text.contains("${") => fill_text(text, lookup),
        Value::Array(items) => items
            .iter()
            .map(|item| fill(item, lookup))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        Value::Object(members) => fill_outputs(members, lookup).map(Value::Object),
        other => Ok(other.clone()),
    }
}

fn fill_text(text: &str, lookup: &dyn Fn(&str, &str) -> Option<Value>) -> Result<Value, String> {
    // A literal `${` (written `$${`) has no end: then there is nothing to fill.
    let Ok(pieces) = pieces(text) else {
        return Ok(Value::String(text.to_owned()));
    };
    let value_of = |source: &str, range: &Range<usize>| -> Result<Option<Value>, String> {
        let Ok(Some(reference)) = output_reference(source, range) else {
            return Ok(None);
        };
        lookup(&reference.step, &reference.output)
            .map(Some)
            .ok_or_else(|| {
                format!(
                    "step `{}` has left no output `{}`",
                    reference.step, reference.output
                )
            })
    };
    if let [Piece::Expression { source, range }] = pieces.as_slice() {
        return Ok(value_of(source, range)?.unwrap_or_else(|| Value::String(text.to_owned())));
    }
    let mut filled = String::with_capacity(text.len());
    for piece in pieces {
        match piece {
            Piece::Text(literal) => filled.push_str(literal),
            Piece::Expression { source, range } => match value_of(source, &range)? {
                Some(Value::String(value)) => filled.push_str(&value),
                Some(value) => filled.push_str(&value.to_string()),
                None => filled.push_str(&text[range.start - 2..=range.end]),
            },
        }
    }
    Ok(Value::String(filled))
}
