//! The decoder's messages, phrased for people.

use super::code::{CODES, Code};
use super::suggest::did_you_mean;

/// What a type of a document says through the decoder, with a code and a remedy of its own. The text
/// can be read as it is, wherever no [`crate::diagnostic`] stands between.
pub fn complaint(code: Code, message: &str, help: &str) -> String {
    format!("{message} ({code}: {help})")
}

/// Takes a [`complaint`] apart.
fn own_words(message: &str) -> Option<Complaint> {
    let (text, rest) = message.strip_suffix(')')?.rsplit_once(" (UK")?;
    let (number, help) = rest.split_once(": ")?;
    let code = CODES
        .iter()
        .map(|(code, _)| *code)
        .find(|code| code.as_str().strip_prefix("UK") == Some(number))?;
    Some(Complaint::Value {
        code,
        message: text.to_owned(),
        help: Some(help.to_owned()),
        words: Vec::new(),
    })
}

/// A decoder's complaint, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Complaint {
    /// A key that does not exist.
    UnknownKey {
        /// The key.
        key: String,
        /// Those that do.
        expected: Vec<String>,
    },
    /// A key that must be given.
    MissingKey(String),
    /// A key given twice.
    DuplicateKey(String),
    /// Anything about a value.
    Value {
        /// Kind of the problem.
        code: Code,
        /// What is wrong.
        message: String,
        /// What to do.
        help: Option<String>,
        /// The possible words, if it must be one of them.
        words: Vec<String>,
    },
}

/// Understands the decoder's message. `path` is the place in the decoder's notation, which it puts
/// before a message; a place in its own words after it is cut off too.
pub(super) fn understand(message: &str, path: &str) -> Complaint {
    let message = without_place(message, path);
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let (key, rest) = rest.split_once('`').unwrap_or((rest, ""));
        return Complaint::UnknownKey {
            key: key.to_owned(),
            expected: quoted(rest),
        };
    }
    if let Some(key) = message.strip_prefix("missing field `") {
        return Complaint::MissingKey(key.trim_end_matches('`').to_owned());
    }
    if let Some(key) = message
        .strip_prefix("duplicate field `")
        .or_else(|| message.strip_prefix("duplicate key `"))
    {
        return Complaint::DuplicateKey(key.trim_end_matches('`').to_owned());
    }
    if let Some(rest) = message.strip_prefix("unknown variant `") {
        return unknown_variant(rest);
    }
    if let Some(rest) = message.strip_prefix("invalid type: ") {
        return wrong(Code::WRONG_TYPE, rest);
    }
    if let Some(rest) = message.strip_prefix("invalid value: ") {
        return wrong(Code::WRONG_VALUE, rest);
    }
    if let Some(rest) = message.strip_prefix("invalid length ") {
        let (found, expected) = rest
            .split_once(", expected ")
            .unwrap_or((rest, "another number"));
        return Complaint::Value {
            code: Code::WRONG_VALUE,
            message: format!("expected {}, found {found}", expected_words(expected)),
            help: None,
            words: Vec::new(),
        };
    }
    own_words(message).unwrap_or_else(|| Complaint::Value {
        code: Code::WRONG_VALUE,
        message: message.to_owned(),
        help: None,
        words: Vec::new(),
    })
}

fn without_place<'a>(message: &'a str, path: &str) -> &'a str {
    let end = message
        .rfind(" at line ")
        .filter(|&at| {
            let words: Vec<&str> = message[at + 9..].split(' ').collect();
            matches!(words[..], [line, "column", column]
                if line.bytes().all(|b| b.is_ascii_digit()) && column.bytes().all(|b| b.is_ascii_digit()))
        })
        .unwrap_or(message.len());
    let message = &message[..end];
    let mut prefix = path;
    loop {
        if let Some(rest) = message
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_prefix(": "))
        {
            return rest;
        }
        match prefix.rfind(['.', '[']) {
            Some(at) => prefix = &prefix[..at],
            None => return message,
        }
    }
}

/// Everything in backquotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn unknown_variant(rest: &str) -> Complaint {
    let (found, rest) = rest.split_once('`').unwrap_or((rest, ""));
    let words = quoted(rest);
    Complaint::Value {
        code: Code::WRONG_VALUE,
        message: format!("`{found}` is not possible here"),
        help: did_you_mean(found, words.iter().map(String::as_str)),
        words,
    }
}

fn wrong(code: Code, rest: &str) -> Complaint {
    // The found text may hold ", expected " itself; the decoder's own stands last.
    let (found, expected) = rest
        .rsplit_once(", expected ")
        .unwrap_or((rest, "something else"));
    let help = remedy(found, expected);
    Complaint::Value {
        code,
        message: format!(
            "expected {}, found {}",
            expected_words(expected),
            found_words(found)
        ),
        help,
        words: Vec::new(),
    }
}

fn expected_words(expected: &str) -> String {
    match expected {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" | "u64" | "u128" | "usize" => "a whole number (0 or more)".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "an integer" => {
            "a whole number".to_owned()
        }
        "a nonzero u8" | "a nonzero u16" | "a nonzero u32" | "a nonzero u64"
        | "a nonzero usize" => "a whole number from 1".to_owned(),
        "f32" | "f64" | "a float" => "a number".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a string" | "string" | "str" | "a borrowed string" => "a text".to_owned(),
        "path string" | "a path string" => "a path".to_owned(),
        "unit" | "null" => "nothing".to_owned(),
        "a sequence" | "sequence" => "a list".to_owned(),
        "a map" | "map" | "a YAML mapping" => "a mapping of keys and values".to_owned(),
        "any YAML value" => "a value".to_owned(),
        _ if expected.starts_with("struct ") => "a mapping of keys and values".to_owned(),
        _ if expected.starts_with("enum ") => "a word".to_owned(),
        "a YAML tag starting with '!'" => "a word".to_owned(),
        _ if expected.starts_with("tuple ") => "a list".to_owned(),
        _ => expected.to_owned(),
    }
}

fn found_words(found: &str) -> String {
    if let Some(text) = found.strip_prefix("string ") {
        return format!("the text `{}`", unescaped(text));
    }
    for number in ["integer ", "floating point "] {
        if let Some(text) = found.strip_prefix(number) {
            return format!("the number {}", text.trim_matches('`'));
        }
    }
    if let Some(text) = found.strip_prefix("boolean ") {
        return text.to_owned();
    }
    match found {
        "unit value" | "null" | "Option value" => "nothing".to_owned(),
        "sequence" => "a list".to_owned(),
        "map" => "a mapping of keys and values".to_owned(),
        "unit variant" => "a bare word".to_owned(),
        _ => found.to_owned(),
    }
}

/// The text of a `"…"` as the decoder quotes it, without its escapes, cut to a length that fits.
fn unescaped(quoted: &str) -> String {
    /// Longer texts are cut: the underline shows the rest.
    const SHOWN: usize = 60;
    let text: String =
        serde_json::from_str(quoted).unwrap_or_else(|_| quoted.trim_matches('"').to_owned());
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn remedy(found: &str, expected: &str) -> Option<String> {
    let text = found.strip_prefix("string ").map(unescaped);
    let wants_mapping = expected.starts_with("struct ") || matches!(expected, "a map" | "map");
    if expected == "a boolean" {
        let words = ["yes", "no", "on", "off", "maybe", "0", "1"];
        return text
            .filter(|text| words.contains(&text.to_lowercase().as_str()))
            .map(|_| "write `true` or `false`".to_owned());
    }
    if wants_mapping
        && let Some(text) = &text
        && text.split_once(':').is_some_and(|(key, rest)| {
            !rest.is_empty()
                && !key.is_empty()
                && key.chars().all(|c| c.is_alphanumeric() || c == '_')
        })
    {
        return Some("a space is needed after the colon: `key: value`".to_owned());
    }
    if matches!(expected, "a sequence" | "sequence") {
        return match (&text, found) {
            (Some(text), _) if text.len() < 40 => Some(format!("write it as a list: [{text}]")),
            (None, "map") => Some("begin each item with `- `".to_owned()),
            _ => None,
        };
    }
    let number = found.starts_with("integer ") || found.starts_with("floating point ");
    let text_wanted = matches!(expected, "a string" | "string" | "path string");
    if text_wanted && (number || found.starts_with("boolean ")) {
        return Some("put it in quotes".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(message: &str, path: &str) -> (String, Option<String>) {
        match understand(message, path) {
            Complaint::Value { message, help, .. } => (message, help),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn places_in_messages_are_cut_off() {
        let (message, _) = value(
            "steps[0].retry.limit: invalid type: string \"lots\", expected u32 at line 4 column 14",
            "steps[0].retry.limit",
        );
        assert_eq!(
            message,
            "expected a whole number (0 or more), found the text `lots`"
        );
        let (message, _) = value(
            "steps[0]: too many cooks at line 4 column 14",
            "steps[0].cooks",
        );
        assert_eq!(message, "too many cooks");
        let (message, _) = value("arrive at line 4 column C", "x");
        assert_eq!(message, "arrive at line 4 column C");
    }

    #[test]
    fn what_was_found_is_said_in_words() {
        let found =
            |found: &str| value(&format!("invalid type: {found}, expected a sequence"), "").0;
        assert_eq!(found("integer `5`"), "expected a list, found the number 5");
        assert_eq!(found("unit value"), "expected a list, found nothing");
        assert_eq!(found("boolean `true`"), "expected a list, found `true`");
        assert_eq!(
            found("map"),
            "expected a list, found a mapping of keys and values"
        );
        assert_eq!(
            found("string \"a \\\"b\\\", expected c\""),
            "expected a list, found the text `a \"b\", expected c`"
        );
    }

    #[test]
    fn remedies() {
        let help = |message: &str| value(message, "").1;
        assert_eq!(
            help("invalid type: string \"command:echo\", expected struct Step").as_deref(),
            Some("a space is needed after the colon: `key: value`")
        );
        assert_eq!(
            help("invalid type: string \"yes\", expected a boolean").as_deref(),
            Some("write `true` or `false`")
        );
        assert_eq!(
            help("unknown variant `stpo`, expected `stop` or `continue`").as_deref(),
            Some("did you mean `stop`?")
        );
    }
}
