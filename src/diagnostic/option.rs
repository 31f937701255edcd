//! Problems of values that were decoded apart from their document: the options of a step.

use super::phrase::{Complaint, understand};
use super::{Code, Problem, SourceFile, did_you_mean};

/// What serde said of a value at `path` of the document, in the words and at the place that a
/// problem of the document itself would have.
pub fn option_problem(document: &SourceFile, path: &[String], message: &str) -> Problem {
    match understand(message, "") {
        Complaint::UnknownKey {
            key,
            expected: known,
        } => {
            let mut at = path.to_vec();
            at.push(key.clone());
            Problem::error(Code::UNKNOWN_KEY, format!("unknown option `{key}`"))
                .at(document.key_at(&at), "")
                .maybe_help(did_you_mean(&key, known.iter().map(String::as_str)))
        }
        Complaint::MissingKey(key) => {
            Problem::error(Code::MISSING_KEY, format!("the option `{key}` is missing"))
                .at(document.key_at(path), "")
        }
        Complaint::DuplicateKey(key) => Problem::error(
            Code::DUPLICATE_KEY,
            format!("the option `{key}` is given twice"),
        )
        .at(document.key_at(path), ""),
        Complaint::Value {
            code,
            message,
            help,
            words: _,
        } => Problem::error(code, message)
            .at(document.value_at(path), "")
            .maybe_help(help),
    }
}
