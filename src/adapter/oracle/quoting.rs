//! Names and texts as SQL and parameter files take them.

/// Whether a name means itself without quotes.
pub(super) fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "_$#".contains(c))
}

/// A quoted identifier: the name as the dictionary has it.
pub(super) fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', ""))
}

/// A name in a parameter file, in quotes only where it needs them. A `#` needs them although a statement
/// takes it: a parameter file holds a comment from there on.
pub(super) fn parameter(text: &str) -> String {
    if is_plain(text) && !text.contains('#') {
        text.to_owned()
    } else {
        name(text)
    }
}

/// A directory object in a parameter file: its case does not matter.
pub(super) fn directory_parameter(text: &str) -> String {
    parameter(&text.to_uppercase())
}

/// A text.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `"SCHEMA"."NAME"`
pub(super) fn qualified(schema: &str, object: &str) -> String {
    format!("{}.{}", name(schema), name(object))
}
