//! Whole rendered problems, as an author sees them.

mod shape;
mod text;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Problems, SourceFile, decode, unique};

/// A document like those of the kit.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Document {
    part: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default, deserialize_with = "unique::map")]
    databases: indexmap::IndexMap<String, u32>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Step {
    id: String,
    uses: String,
    #[serde(default)]
    after: Vec<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    retry: Option<Retry>,
    #[serde(default)]
    on_failure: Option<OnFailure>,
    #[serde(default, deserialize_with = "unique::json_map")]
    with: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    env: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Retry {
    limit: u32,
    delay: u32,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum OnFailure {
    Stop,
    Continue,
}

fn read(text: &str) -> Result<Document, Problems> {
    decode(&SourceFile::new("part.yaml", text))
}

/// The rendered problems of a text that has some, lines without trailing blanks.
fn problems(text: &str) -> String {
    let rendered = read(text).expect_err("the text has problems").to_string();
    let lines: Vec<&str> = rendered.lines().map(str::trim_end).collect();
    lines.join("\n")
}
