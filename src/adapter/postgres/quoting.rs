//! Quoting of names, values and connection texts.

/// A name between double quotes.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A schema's and an object's name.
pub(super) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", identifier(schema), identifier(name))
}

/// A text between single quotes. Sessions that use it run with `standard_conforming_strings`.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A value of a connection text: `host='…'`.
pub(super) fn connection_value(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_cannot_leave_their_quotes() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(qualified("s", "t\""), "\"s\".\"t\"\"\"");
        assert_eq!(literal("it's \\"), "'it''s \\'");
        assert_eq!(connection_value("db'x\\ y"), "'db\\'x\\\\ y'");
        assert_eq!(connection_value(""), "''");
        assert_eq!(connection_value("127.0.0.1"), "127.0.0.1");
    }
}
