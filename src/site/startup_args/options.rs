//! What Java is given in the end.

use std::collections::BTreeMap;

use super::lexer::tokens;
use super::script::Script;
use super::text::{self, Letter, Text};
use super::tokens::{Part, Token};
use super::variables::{Uncertain, Variables};

/// The variables in the order in which a later one wins. `JAVA_TOOL_OPTIONS` is prepended by the virtual
/// machine, `JDK_JAVA_OPTIONS` by the `java` command, `_JAVA_OPTIONS` appended by the virtual machine;
/// between them catalina.sh puts `$JAVA_OPTS $CATALINA_OPTS`.
const READ_BY: [(&str, Reader); 5] = [
    ("JAVA_TOOL_OPTIONS", Reader::Java),
    ("JDK_JAVA_OPTIONS", Reader::Java),
    ("JAVA_OPTS", Reader::Eval),
    ("CATALINA_OPTS", Reader::Eval),
    ("_JAVA_OPTIONS", Reader::Java),
];

/// Of WebLogic: `setDomainEnv.sh` makes `JAVA_PROPERTIES` of `EXTRA_JAVA_PROPERTIES` and puts that behind
/// `JAVA_OPTIONS`; a script that is read alone may have left it at the first.
const READ_BY_WEBLOGIC: [(&str, Reader); 7] = [
    ("JAVA_TOOL_OPTIONS", Reader::Java),
    ("JDK_JAVA_OPTIONS", Reader::Java),
    ("USER_MEM_ARGS", Reader::Java),
    ("JAVA_OPTIONS", Reader::Java),
    ("JAVA_PROPERTIES", Reader::Java),
    ("EXTRA_JAVA_PROPERTIES", Reader::Java),
    ("_JAVA_OPTIONS", Reader::Java),
];

#[derive(Clone, Copy)]
enum Reader {
    /// Split at blanks, quotes respected.
    Java,
    /// catalina.sh hands its line to `eval`, so the shell reads the value a second time.
    Eval,
}

/// What a start script and its environment give to Java.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartupArguments {
    /// The `-Dname=value` options in effect, by name.
    pub options: BTreeMap<String, JavaOption>,
    /// The environment that Java sees; no value if it is known only when the script runs.
    pub environment: BTreeMap<String, Option<String>>,
    /// What could not be known, in the order of the script.
    pub uncertain: Vec<Uncertain>,
}

/// One `-Dname=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JavaOption {
    /// The value; none if it is known only when the script runs.
    pub value: Option<String>,
    /// The line where the option is written; 0 if it comes from the environment.
    pub line: u32,
    /// The variable it is in.
    pub variable: &'static str,
}

/// Follows a start script in the given environment, without running anything.
pub fn read(script: &str, environment: &BTreeMap<String, String>) -> StartupArguments {
    follow(script, environment, &READ_BY)
}

/// The same for the scripts of a WebLogic domain, which collect options in variables of their own.
pub fn read_weblogic(script: &str, environment: &BTreeMap<String, String>) -> StartupArguments {
    follow(script, environment, &READ_BY_WEBLOGIC)
}

fn follow(
    script: &str,
    environment: &BTreeMap<String, String>,
    read_by: &[(&'static str, Reader)],
) -> StartupArguments {
    let (words, unfinished) = tokens(&text::written(script));
    let mut followed = Script::new(Variables::new(environment));
    followed.follow(&words);
    let mut variables = followed.variables;
    if let Some(unfinished) = unfinished {
        let what = unfinished.what;
        let text = format!("{what} begins here and does not end; nothing after it is read");
        variables.doubt(unfinished.line, text, true);
    }
    let mut options = BTreeMap::new();
    for &(variable, reader) in read_by {
        let Some(value) = variables.all.get(variable) else {
            continue;
        };
        let value = value.text.clone();
        let words = match reader {
            Reader::Java => java_words(&value),
            Reader::Eval => eval_words(&mut variables, variable, &value),
        };
        for word in words {
            note_unknown(&mut variables, variable, &word);
            take_option(&mut options, &mut variables, variable, &word);
        }
    }
    let exported = variables
        .all
        .iter()
        .filter(|(_, variable)| variable.exported);
    StartupArguments {
        options,
        environment: exported
            .map(|(name, variable)| (name.clone(), text::known(&variable.text)))
            .collect(),
        uncertain: variables.uncertain,
    }
}

/// What is unknown may hold a blank and then any option.
fn note_unknown(variables: &mut Variables, variable: &str, word: &[Letter]) {
    let Some(letter) = word.iter().find(|letter| letter.is_unknown()) else {
        return;
    };
    let line = letter.line;
    let known = variables.reported.contains(&line)
        || (variables.uncertain.iter()).any(|doubt| doubt.matters && doubt.line == line);
    if !known {
        let text =
            format!("a piece of {variable} comes from here and is known only when the script runs");
        variables.doubt(line, text, true);
    }
}

fn take_option(
    options: &mut BTreeMap<String, JavaOption>,
    variables: &mut Variables,
    variable: &'static str,
    word: &[Letter],
) {
    let line = word.first().map_or(0, |letter| letter.line);
    let start: String = word.iter().take(20).map(|letter| letter.value).collect();
    if start.starts_with('@')
        || start.starts_with("-XX:VMOptionsFile=")
        || start.starts_with("-XX:Flags=")
    {
        variables.doubt(line, "options read from another file", true);
    }
    if !start.starts_with("-D") {
        return;
    }
    let equals = word
        .iter()
        .position(|letter| letter.value == '=')
        .unwrap_or(word.len());
    let Some(name) = text::known(&word[2..equals]) else {
        variables.doubt(
            line,
            "an option whose name is known only when the script runs",
            true,
        );
        return;
    };
    let value = text::known(word.get(equals + 1..).unwrap_or_default());
    options.insert(
        name,
        JavaOption {
            value,
            line,
            variable,
        },
    );
}

fn eval_words(variables: &mut Variables, variable: &str, value: &[Letter]) -> Vec<Text> {
    let (tokens, unfinished) = tokens(value);
    if let Some(unfinished) = unfinished {
        let text = format!("{variable} holds {} that does not end", unfinished.what);
        variables.doubt(unfinished.line, text, true);
    }
    let mut words = Vec::new();
    for token in tokens {
        match token {
            Token::Word(word) => {
                words.extend(fields(variables, variable, &word.parts));
            }
            Token::Operator(operator, line) => {
                let text = format!(
                    "an unquoted {operator} in {variable}: catalina.sh hands the value to `eval`, \
                     so the options end here"
                );
                variables.doubt(line, text, true);
                break;
            }
            Token::Newline => {
                let text = format!("a line end in {variable}: the options end there");
                variables.doubt(value.first().map_or(0, |letter| letter.line), text, true);
                break;
            }
        }
    }
    words
}

/// The words that one word becomes: the value of an unquoted variable is split at its blanks.
fn fields(variables: &mut Variables, variable: &str, parts: &[Part]) -> Vec<Text> {
    let mut words = Vec::new();
    let mut word: Option<Text> = None;
    for part in parts {
        let text = variables.expand(std::slice::from_ref(part), Some(variable));
        if !matches!(part, Part::Variable { quoted: false, .. }) {
            word.get_or_insert_default().extend(text);
            continue;
        }
        for letter in text {
            if letter.value.is_ascii_whitespace() {
                words.extend(word.take());
            } else {
                word.get_or_insert_default().push(letter);
            }
        }
    }
    words.extend(word);
    words
}

fn java_words(value: &[Letter]) -> Vec<Text> {
    let mut words = Vec::new();
    let mut word: Option<Text> = None;
    let mut quote = None;
    for letter in value {
        match letter.value {
            mark @ ('"' | '\'') if quote.is_none() => {
                quote = Some(mark);
                word.get_or_insert_default();
            }
            mark if quote == Some(mark) => quote = None,
            blank if quote.is_none() && blank.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(*letter),
        }
    }
    words.extend(word);
    words
}
