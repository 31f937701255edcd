//! What an answer must be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::rows::Row;
use crate::adapter::{Failure, OutputKind, OutputSpec};
use crate::event::Outcome;

/// What an answer must be. All that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Number of rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The first column of the only row. NULL is the text `NULL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scalar: Option<String>,
    /// The first column of the only row is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<String>>,
    /// The first column of some row is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// What to do if the answer is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

impl Expect {
    /// Outputs of a question.
    pub(in crate::adapter) const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "rows",
            kind: OutputKind::Number,
            about: "number of rows",
        },
        OutputSpec {
            name: "value",
            kind: OutputKind::Text,
            about: "first column of the first row, empty without rows; NULL is the text `NULL`",
        },
    ];

    /// Rules that types cannot say.
    pub(crate) fn validate(&self) -> Option<String> {
        let asked = Self {
            otherwise: None,
            ..self.clone()
        };
        if asked == Self::default() {
            return Some("expect: give `rows`, `scalar`, `one_of` or `contains`".to_owned());
        }
        let empty = self.one_of.as_ref().is_some_and(Vec::is_empty);
        empty.then(|| "expect.one_of: is empty".to_owned())
    }

    /// What is wanted, for a preview.
    pub(crate) fn words(&self) -> String {
        let mut wanted = Vec::new();
        wanted.extend(self.rows.map(|rows| format!("{rows} rows")));
        wanted.extend(self.scalar.as_ref().map(|value| format!("`{value}`")));
        wanted.extend(
            self.one_of
                .as_ref()
                .map(|values| format!("one of {}", values.join(", "))),
        );
        wanted.extend(
            self.contains
                .as_ref()
                .map(|value| format!("`{value}` among the rows")),
        );
        wanted.join(" and ")
    }

    /// What is wrong with the answer.
    pub(crate) fn problem(&self, rows: &[Row]) -> Option<String> {
        let first = |row: &Row| row.first().cloned().unwrap_or_default();
        if let Some(wanted) = self.rows
            && rows.len() as u64 != wanted
        {
            return Some(format!("{} rows instead of {wanted}", rows.len()));
        }
        if let Some(wanted) = &self.contains
            && !rows.iter().any(|row| row.first() == Some(wanted))
        {
            return Some(format!("none of {} rows is `{wanted}`", rows.len()));
        }
        let mut wanted: Vec<&String> = self.scalar.iter().collect();
        wanted.extend(self.one_of.iter().flatten());
        match rows {
            _ if wanted.is_empty() => None,
            [row] => {
                let value = first(row);
                let scalar = self.scalar.as_ref().is_none_or(|wanted| *wanted == value);
                let listed = self
                    .one_of
                    .as_ref()
                    .is_none_or(|list| list.contains(&value));
                let names: Vec<String> = wanted.iter().map(|name| format!("`{name}`")).collect();
                (!scalar || !listed).then(|| format!("`{value}` instead of {}", names.join(" or ")))
            }
            rows => Some(format!("{} rows instead of one value", rows.len())),
        }
    }
}

/// The outcome of a question, or what is wrong with the answer.
pub(in crate::adapter) fn answer(
    schema: &str,
    rows: &[Row],
    expect: Option<&Expect>,
) -> Result<Outcome, Failure> {
    let problem = expect.and_then(|expect| Some((expect, expect.problem(rows)?)));
    if let Some((expect, problem)) = problem {
        let text = format!("the answer of `{schema}` is {problem}");
        let failure = Failure::verification(text);
        return Err(match &expect.otherwise {
            Some(hint) => failure.hint(hint.clone()),
            None => failure,
        });
    }
    let value = rows.first().and_then(|row| row.first()).cloned();
    let mut outputs = Map::new();
    outputs.insert("rows".to_owned(), rows.len().into());
    outputs.insert("value".to_owned(), value.clone().unwrap_or_default().into());
    let summary = match (rows.len(), value) {
        (1, Some(value)) if value.chars().count() <= 60 => value,
        (count, _) => format!("{count} rows"),
    };
    Ok(Outcome {
        outputs,
        summary,
        ..Outcome::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[&str]) -> Vec<Row> {
        values
            .iter()
            .map(|value| vec![(*value).to_owned()])
            .collect()
    }

    #[test]
    fn answers_are_compared() {
        let scalar = Expect {
            scalar: Some("5.1.1".to_owned()),
            ..Expect::default()
        };
        assert_eq!(scalar.problem(&rows(&["5.1.1"])), None);
        assert_eq!(
            scalar.problem(&rows(&["5.1"])).unwrap(),
            "`5.1` instead of `5.1.1`"
        );
        assert!(scalar.problem(&rows(&["5.1.1", "5.1.1"])).is_some());
        assert!(scalar.problem(&[]).is_some());
        let several = Expect {
            rows: Some(2),
            contains: Some("b".to_owned()),
            ..Expect::default()
        };
        assert_eq!(several.problem(&rows(&["a", "b"])), None);
        assert!(several.problem(&rows(&["a", "c"])).is_some());
        assert!(several.problem(&rows(&["b"])).is_some());
        let one_of = Expect {
            one_of: Some(vec!["a".to_owned(), "b".to_owned()]),
            ..Expect::default()
        };
        assert_eq!(one_of.problem(&rows(&["b"])), None);
        assert!(one_of.problem(&rows(&["c"])).is_some());
    }
}
