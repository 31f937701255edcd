//! The variables of the script as far as they are known, and what is not known about them.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{self, Letter, Text};
use super::tokens::{Otherwise, Part};

/// Collect options from several places; not being set means "none yet".
const OPTION_VARIABLES: [&str; 11] = [
    "JAVA_OPTS",
    "CATALINA_OPTS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "JSSE_OPTS",
    "LOGGING_OPTS",
    "JAVA_OPTIONS",
    "JAVA_PROPERTIES",
    "EXTRA_JAVA_PROPERTIES",
    "USER_MEM_ARGS",
];

/// Told by whoever asks for the discovery, who knows better than a script that computes them.
const TOLD: [&str; 5] = [
    "CATALINA_HOME",
    "CATALINA_BASE",
    "JBOSS_HOME",
    "JBOSS_BASE_DIR",
    "DOMAIN_HOME",
];

/// A value that doubles itself on every line must not fill the memory.
const MOST_LETTERS: usize = 64 * 1024;

/// Something in the script that cannot be known without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncertain {
    /// The line, counted from 1; 0 if it comes from the environment.
    pub line: u32,
    /// What it is and what it touches.
    pub text: String,
    /// Whether options for Java may be missing because of it.
    pub matters: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) text: Text,
    pub(super) exported: bool,
}

#[derive(Debug, Default)]
pub(super) struct Variables {
    pub(super) all: BTreeMap<String, Variable>,
    pub(super) uncertain: Vec<Uncertain>,
    /// Lines whose options were already reported as being under a condition.
    pub(super) reported: BTreeSet<u32>,
}

pub(super) fn holds_options(name: &str) -> bool {
    OPTION_VARIABLES.contains(&name)
}

impl Variables {
    pub(super) fn new(environment: &BTreeMap<String, String>) -> Self {
        let given = environment.iter().map(|(name, value)| {
            let variable = Variable {
                text: text::given(value),
                exported: true,
            };
            (name.clone(), variable)
        });
        Self {
            all: given.collect(),
            uncertain: Vec::new(),
            reported: BTreeSet::new(),
        }
    }

    pub(super) fn doubt(&mut self, line: u32, text: impl Into<String>, matters: bool) {
        self.uncertain.push(Uncertain {
            line,
            text: text.into(),
            matters,
        });
    }

    /// The letters that the parts of a word stand for; `into` is the variable they go to, for the messages.
    pub(super) fn expand(&mut self, parts: &[Part], into: Option<&str>) -> Text {
        let mut result = Text::new();
        for part in parts {
            match part {
                Part::Literal { text, .. } => result.extend_from_slice(text),
                Part::Unknown { what, line } => {
                    let target = into.map_or_else(String::new, |name| format!(" in {name}"));
                    self.doubt(
                        *line,
                        format!("{what}{target} is known only when the script runs"),
                        into.is_some_and(holds_options),
                    );
                    result.push(text::unknown(*line));
                }
                Part::Variable {
                    name,
                    line,
                    otherwise,
                    ..
                } => {
                    let value = self.value(name, *line, otherwise.as_ref(), into);
                    result.extend(value);
                }
            }
            if result.len() > MOST_LETTERS {
                return vec![text::unknown(0)];
            }
        }
        result
    }

    fn value(
        &mut self,
        name: &str,
        line: u32,
        otherwise: Option<&Otherwise>,
        into: Option<&str>,
    ) -> Text {
        let value = self.all.get(name).map(|variable| variable.text.clone());
        let Some(otherwise) = otherwise else {
            return value.unwrap_or_else(|| self.not_set(name, line, into));
        };
        let set = value.filter(|text| !(otherwise.empty_too && text.is_empty()));
        match (otherwise.operator, set) {
            ('+', None) => Text::new(),
            ('+', Some(_)) | (_, None) => {
                let text = self.expand(&otherwise.parts, into);
                if otherwise.operator == '=' {
                    self.set(name, text.clone(), false, line);
                }
                text
            }
            (_, Some(text)) => text,
        }
    }

    /// An empty text would turn `$DATA/x` into `/x`: a guess, for the service may well have the variable.
    fn not_set(&mut self, name: &str, line: u32, into: Option<&str>) -> Text {
        if holds_options(name) {
            return Text::new();
        }
        self.doubt(
            line,
            format!("${name} is set neither here nor in the environment given"),
            into.is_some_and(holds_options),
        );
        vec![text::unknown(line)]
    }

    pub(super) fn set(&mut self, name: &str, text: Text, exported: bool, line: u32) {
        if TOLD.contains(&name) && text::known(&text).is_none() && self.all.contains_key(name) {
            return;
        }
        let text = if text.len() > MOST_LETTERS {
            self.doubt(
                line,
                format!("{name} grows without end"),
                holds_options(name),
            );
            vec![text::unknown(line)]
        } else {
            text
        };
        let variable = self.all.entry(name.to_owned()).or_insert(Variable {
            text: Text::new(),
            exported: false,
        });
        variable.text = text;
        variable.exported |= exported;
    }

    pub(super) fn append(&mut self, name: &str, text: &[Letter], exported: bool, line: u32) {
        let before = self.all.get(name).map(|variable| variable.text.clone());
        let mut whole = before.unwrap_or_default();
        whole.extend_from_slice(text);
        self.set(name, whole, exported, line);
    }

    /// The variable may or may not have been set to this. Of a variable with options, only the options
    /// that differ become unknown; the others hold either way.
    pub(super) fn set_perhaps(&mut self, name: &str, candidate: &[Letter], line: u32) {
        if !holds_options(name) {
            self.set(name, vec![text::unknown(line)], false, line);
            return;
        }
        let current = self.all.get(name).map(|variable| variable.text.clone());
        let now = effective(&current.unwrap_or_default());
        let then = effective(candidate);
        let differing = now.iter().chain(&then).filter(|(option, value)| {
            now.get(*option) != Some(*value) || then.get(*option) != Some(*value)
        });
        let mut doubtful = Text::new();
        for (option, _) in differing {
            let written = format!(" {option}=");
            doubtful.extend(written.chars().map(|value| Letter { value, line }));
            doubtful.push(text::unknown(line));
        }
        self.reported.insert(line);
        self.append(name, &doubtful, false, line);
    }
}

/// Option names (`-Dname`) and their raw values, the last of each name.
fn effective(options: &[Letter]) -> BTreeMap<String, String> {
    let text: String = options.iter().map(|letter| letter.value).collect();
    text.split_whitespace()
        .map(|word| word.trim_start_matches(['"', '\'']))
        .filter(|word| word.starts_with("-D"))
        .map(|word| word.split_once('=').unwrap_or((word, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
