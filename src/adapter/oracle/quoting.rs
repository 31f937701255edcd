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

/// A name in a parameter file, in quotes only where it needs them.
pub(super) fn parameter(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        name(text)
    }
}

/// A text.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `"SCHEMA"."NAME"`
pub(super) fn qualified(schema: &str, object: &str) -> String {
    format!("{}.{}", name(schema), name(object))
}
