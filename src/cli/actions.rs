//! `actions`: what a step can use.

use std::io::Write;

use serde_json::Value;

use super::exit::Exit;
use super::stop::Stop;
use crate::adapter::{ActionEntry, Effect, OutputKind, registry};
use crate::diagnostic::suggest;

/// Lists the actions, or shows one.
pub(super) fn actions(name: Option<&str>, out: &mut dyn Write) -> Result<Exit, Stop> {
    let Some(name) = name else {
        let width = registry::ACTIONS
            .iter()
            .map(|entry| entry.name.len())
            .max()
            .unwrap_or(0);
        for entry in registry::ACTIONS {
            writeln!(out, "{:width$}  {}", entry.name, entry.summary)?;
        }
        writeln!(
            out,
            "\n`upgrade-kit actions NAME` shows the options of one."
        )?;
        return Ok(Exit::Done);
    };
    if let Some(entry) = registry::find(name) {
        show(entry, out)?;
        return Ok(Exit::Done);
    }
    let stop = Stop::new(Exit::Usage, format!("there is no action `{name}`"));
    let near = suggest(name, registry::names());
    Err(match near {
        Some(near) => stop.hint(format!("did you mean `{near}`?")),
        None => stop.hint("`upgrade-kit actions` lists them all"),
    })
}

fn show(entry: &ActionEntry, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{}\n  {}", entry.name, entry.summary)?;
    let effect = match entry.effect {
        Effect::Pure => "changes nothing",
        Effect::Idempotent => "may be repeated: the result is the same",
        Effect::Once => "must not happen twice; after a crash the world is asked first",
        Effect::External => {
            "starts a job that lives on in a server; after a crash it is taken up again"
        }
    };
    writeln!(out, "  {effect}\n\nOptions")?;
    let schema = entry.schema();
    let schema = schema.as_value();
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    match schema["properties"].as_object() {
        Some(options) if !options.is_empty() => {
            for (name, option) in options {
                let needed = if required.contains(&name.as_str()) {
                    " (required)"
                } else {
                    ""
                };
                writeln!(out, "  {name}: {}{needed}", kind(option, schema))?;
                if let Some(about) = option["description"].as_str() {
                    for line in about.lines() {
                        writeln!(out, "      {line}")?;
                    }
                }
            }
        }
        _ => writeln!(out, "  none")?,
    }
    if !entry.outputs.is_empty() {
        writeln!(out, "\nOutputs")?;
        for output in entry.outputs {
            let kind = match output.kind {
                OutputKind::Text => "text",
                OutputKind::Number => "number",
                OutputKind::Boolean => "true or false",
                OutputKind::Structure => "list or map",
            };
            writeln!(out, "  {}: {kind}\n      {}", output.name, output.about)?;
        }
    }
    Ok(())
}

/// The type of an option in words; references into the schema's definitions are followed once.
fn kind(option: &Value, root: &Value) -> String {
    if let Some(reference) = option["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        let definition = &root["$defs"][name];
        return match definition["enum"].as_array() {
            Some(values) => words(values),
            None => kind_of_type(definition, name),
        };
    }
    if let Some(choices) = option["anyOf"].as_array() {
        return choices
            .first()
            .map_or_else(|| "anything".to_owned(), |first| kind(first, root));
    }
    if let Some(values) = option["enum"].as_array() {
        return words(values);
    }
    kind_of_type(option, "anything")
}

fn kind_of_type(schema: &Value, otherwise: &str) -> String {
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    match kinds.iter().find(|kind| **kind != "null") {
        Some(&"string") => "text".to_owned(),
        Some(&"integer" | &"number") => "number".to_owned(),
        Some(&"boolean") => "true or false".to_owned(),
        Some(&"array") => "list".to_owned(),
        Some(&"object") => "map".to_owned(),
        _ => otherwise.to_owned(),
    }
}

fn words(values: &[Value]) -> String {
    values
        .iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(" | ")
}
