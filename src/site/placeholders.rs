//! Spring placeholders: `${a}`, `${a:default}`, `${a:${b}}`, `${a${b}}`.
//!
//! The order of evaluation is that of Spring's `PropertyPlaceholderHelper`, which shows in the corners: an
//! inner placeholder is resolved even where its result is not needed, a key may itself contain `:`, and the
//! first `:` parts name and default. Domibus resolves strictly (`Environment.getProperty`), so what cannot
//! be resolved is an error here as it is there.

use std::fmt;

/// More than any real file nests; the recursion below must end before the stack does.
const MOST_LEVELS: usize = 64;
/// A value that doubles itself at every level must not fill the memory.
const MOST_LETTERS: usize = 64 * 1024;
const MOST_LOOKUPS: usize = 10_000;

/// Why a text could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceholderError {
    /// The names lead back to the first of them.
    Circular {
        /// The names in the order in which they refer to each other; the last one equals an earlier one.
        chain: Vec<String>,
    },
    /// No value and no default.
    Unresolvable {
        /// The name that has no value.
        name: String,
        /// The property in whose value the placeholder stands; none if it stands in the text itself.
        within: Option<String>,
    },
    /// Nested too deeply, or grown too long.
    TooLarge,
}

impl fmt::Display for PlaceholderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Circular { chain } => {
                write!(
                    formatter,
                    "placeholders go in a circle: {}",
                    chain.join(" → ")
                )
            }
            Self::Unresolvable { name, .. } => {
                write!(
                    formatter,
                    "the placeholder ${{{name}}} has no value and no default"
                )
            }
            Self::TooLarge => formatter.write_str("placeholders nest too deeply or grow too long"),
        }
    }
}

/// Replaces every placeholder in the text; `lookup` gives raw values.
pub fn resolve(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<String, PlaceholderError> {
    let mut resolver = Resolver {
        lookup,
        open: Vec::new(),
        lookups: 0,
    };
    resolver.resolve(text, None, 0)
}

struct Resolver<'lookup> {
    lookup: &'lookup dyn Fn(&str) -> Option<String>,
    open: Vec<String>,
    lookups: usize,
}

impl Resolver<'_> {
    fn resolve(
        &mut self,
        text: &str,
        within: Option<&str>,
        level: usize,
    ) -> Result<String, PlaceholderError> {
        if level > MOST_LEVELS {
            return Err(PlaceholderError::TooLarge);
        }
        let mut result = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let Some(end) = end_of(&rest[start + 2..]) else {
                break;
            };
            result.push_str(&rest[..start]);
            let placeholder = &rest[start + 2..start + 2 + end];
            result.push_str(&self.replacement(placeholder, within, level)?);
            rest = &rest[start + 2 + end + 1..];
            if result.len() > MOST_LETTERS {
                return Err(PlaceholderError::TooLarge);
            }
        }
        result.push_str(rest);
        Ok(result)
    }

    fn replacement(
        &mut self,
        placeholder: &str,
        within: Option<&str>,
        level: usize,
    ) -> Result<String, PlaceholderError> {
        if self.open.iter().any(|open| open == placeholder) {
            let mut chain: Vec<_> = self.open.iter().map(|open| name_of(open)).collect();
            chain.push(name_of(placeholder));
            return Err(PlaceholderError::Circular { chain });
        }
        self.open.push(placeholder.to_owned());
        let key = self.resolve(placeholder, within, level + 1)?;
        let (name, default) = match key.split_once(':') {
            Some((name, default)) => (name, Some(default)),
            None => (key.as_str(), None),
        };
        let found = match self.value(&key)? {
            Some(value) => Some((value, key.as_str())),
            None if default.is_some() => self.value(name)?.map(|value| (value, name)),
            None => None,
        };
        let value = match (found, default) {
            (Some((value, key)), _) => self.resolve(&value, Some(key), level + 1)?,
            (None, Some(default)) => self.resolve(default, within, level + 1)?,
            (None, None) => {
                return Err(PlaceholderError::Unresolvable {
                    name: key,
                    within: within.map(ToOwned::to_owned),
                });
            }
        };
        self.open.pop();
        Ok(value)
    }

    fn value(&mut self, key: &str) -> Result<Option<String>, PlaceholderError> {
        self.lookups += 1;
        if self.lookups > MOST_LOOKUPS {
            return Err(PlaceholderError::TooLarge);
        }
        Ok((self.lookup)(key))
    }
}

/// Only the name: a default may be a password.
fn name_of(placeholder: &str) -> String {
    let end = placeholder.find(':').unwrap_or(placeholder.len());
    placeholder[..end].to_owned()
}

/// Where the placeholder that starts before this text ends; braces inside must pair up.
fn end_of(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with(settings: &[(&str, &str)], text: &str) -> Result<String, PlaceholderError> {
        resolve(text, &|key| {
            let found = settings.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn values_and_defaults() {
        let settings = [
            ("a", "1"),
            ("b", "<${a}>"),
            ("x1", "by name"),
            ("k:v", "colon"),
        ];
        for (text, expected) in [
            ("plain", "plain"),
            ("${a}${b}", "1<1>"),
            ("${c:d}", "d"),
            ("${c:}", ""),
            ("${c:${b}}/w", "<1>/w"),
            ("${c:${d:${a}}}", "1"),
            ("${x${a}}", "by name"),
            ("${k:v}", "colon"),
            ("${c:http://h:1}", "http://h:1"),
            ("${c:{x}}", "{x}"),
            ("${a", "${a"),
            ("$a}{", "$a}{"),
        ] {
            assert_eq!(with(&settings, text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn circles_name_their_chain() {
        let settings = [("a", "${b}"), ("b", "${c:secret}"), ("c", "x${a}")];
        let error = with(&settings, "${a}").unwrap_err();
        assert_eq!(
            error.to_string(),
            "placeholders go in a circle: a → b → c → a"
        );
    }

    #[test]
    fn what_is_missing_is_named_with_the_property_that_asks() {
        let error = with(&[("a", "${b}")], "${a}").unwrap_err();
        assert_eq!(
            error,
            PlaceholderError::Unresolvable {
                name: "b".to_owned(),
                within: Some("a".to_owned())
            }
        );
        assert!(with(&[("a", "1")], "${a:${b}}").is_err());
    }

    #[test]
    fn growth_and_depth_are_bounded() {
        let keys: Vec<String> = (0..40).map(|at| format!("k{at}")).collect();
        let values: Vec<String> = (1..41).map(|at| format!("${{k{at}}}${{k{at}}}")).collect();
        let settings: Vec<_> = keys
            .iter()
            .map(String::as_str)
            .zip(values.iter().map(String::as_str))
            .chain([("k40", "ha")])
            .collect();
        assert_eq!(with(&settings, "${k0}"), Err(PlaceholderError::TooLarge));
        let deep = "${".repeat(100_000) + &"}".repeat(100_000);
        assert_eq!(with(&[], &deep), Err(PlaceholderError::TooLarge));
    }

    proptest! {
        #[test]
        fn never_panics(text in "[ab:${}é]{0,60}", value in "[ab:${}]{0,20}") {
            drop(with(&[("a", &value), ("b", "é")], &text));
        }
    }
}
