//! The codes of problems: stable, so that an operator can look one up and a pipeline can match one.

use std::fmt;

use serde::{Serialize, Serializer};

/// The code of a kind of problem. Codes are never reused for another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// `UK0201`.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// One line on what the code means.
    pub fn about(self) -> &'static str {
        CODES
            .iter()
            .find(|(code, _)| *code == self)
            .map_or("", |(_, about)| about)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal, $about:literal;)*) => {
        impl Code {
            $(#[doc = concat!("`", $code, "`: ", $about, ".")]
            pub const $name: Code = Code($code);)*
        }

        /// Every code with what it means, ascending. `UK01` the text itself, `UK02` its shape, `UK03`
        /// names and order, `UK04` expressions, `UK05` actions and their options, `UK06` the site,
        /// `UK07` parts and overlays.
        pub const CODES: &[(Code, &str)] = &[$((Code::$name, $about)),*];
    };
}

codes! {
    SYNTAX = "UK0101", "the text is not YAML";
    TAB = "UK0102", "a tab stands where YAML wants spaces";
    INDENTATION = "UK0103", "a line is indented differently from its neighbours";
    QUOTE = "UK0104", "a quote or bracket is never closed";
    COLON = "UK0105", "a key without `: `, or a `: ` too many";
    DUPLICATE_KEY = "UK0106", "the same key twice in one mapping";
    ALIAS = "UK0107", "anchors, aliases and merge keys are not part of the language";
    TOO_LARGE = "UK0108", "the document exceeds the size limit";
    TOO_DEEP = "UK0109", "the document is nested too deeply";
    EMPTY = "UK0110", "the document is empty";
    SEVERAL_DOCUMENTS = "UK0111", "more than one YAML document in one file";
    UNREADABLE = "UK0112", "the file cannot be read";
    UNKNOWN_KEY = "UK0201", "a key that does not exist here";
    MISSING_KEY = "UK0202", "a key that must be given is not";
    WRONG_TYPE = "UK0203", "a value of the wrong type";
    WRONG_VALUE = "UK0204", "a value that is not allowed here";
    UNKNOWN_STEP = "UK0301", "a reference to a step that does not exist";
    DUPLICATE_STEP = "UK0302", "two steps with the same id";
    CYCLE = "UK0303", "steps that wait for each other in a circle";
    ORDER = "UK0304", "an output is read by a step that does not come after its source";
    UNKNOWN_OUTPUT = "UK0305", "an output that the step's action does not promise";
    UNKNOWN_SELECTION = "UK0306", "`--skip`, `--start-at` or another selection names nothing";
    EXPRESSION = "UK0401", "an expression that cannot be read";
    UNKNOWN_NAME = "UK0402", "an expression names something that does not exist";
    NOT_A_CONDITION = "UK0403", "a `when:` that is neither true nor false";
    EVALUATION = "UK0404", "an expression that cannot be evaluated";
    UNKNOWN_ACTION = "UK0501", "`uses:` names an action that does not exist";
    OPTIONS = "UK0502", "options that do not fit the action";
    SECRET_IN_DOCUMENT = "UK0601", "a secret is written into a document";
    SECRET_REFERENCE = "UK0602", "a reference to a secret that is incomplete or ambiguous";
    UNKNOWN_SCENARIO = "UK0603", "the product has no such scenario";
    UNKNOWN_HOST = "UK0604", "a host that the site does not have";
    UNKNOWN_RUNBOOK = "UK0701", "a runbook or part that does not exist";
    OVERLAY = "UK0702", "an overlay that changes what is not there or may not be changed";
    DISCOVERY = "UK0703", "a value could not be taken from the existing installation";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_ascending_and_unique() {
        assert!(CODES.is_sorted_by(|one, two| one.0 < two.0));
        assert!(CODES.iter().all(|(code, about)| {
            code.as_str().len() == 6 && code.as_str().starts_with("UK") && !about.is_empty()
        }));
        assert_eq!(Code::UNKNOWN_KEY.about(), "a key that does not exist here");
    }
}
