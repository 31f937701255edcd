//! Quoting of names, values and option file entries.

/// A name between backticks.
pub(super) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A schema's and an object's name.
pub(super) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", identifier(schema), identifier(name))
}

/// A text between single quotes. Sessions that use it run with an empty `sql_mode`, in which a
/// backslash escapes.
pub(super) fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for character in text.chars() {
        match character {
            '\'' => quoted.push_str("''"),
            '\\' => quoted.push_str("\\\\"),
            '\0' => quoted.push_str("\\0"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

/// A schema's name as `GRANT … ON` takes it: there `_` and `%` stand for any character.
pub(super) fn grant_pattern(schema: &str) -> String {
    let escaped = schema
        .replace('\\', "\\\\")
        .replace('_', "\\_")
        .replace('%', "\\%");
    identifier(&escaped)
}

/// An account (`user@host`, as `CURRENT_USER()` gives it) as statements take it. The host has no
/// `@`, so the last one divides.
pub(super) fn account(user_at_host: &str) -> String {
    match user_at_host.rsplit_once('@') {
        Some((user, host)) => format!("{}@{}", literal(user), literal(host)),
        None => literal(user_at_host),
    }
}

/// A value of an option file. The clients undo these escapes between double quotes; without quotes
/// a `#` would begin a comment.
pub(super) fn option_value(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for character in value.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_cannot_leave_their_quotes() {
        assert_eq!(identifier("a`b-c d"), "`a``b-c d`");
        assert_eq!(qualified("s", "t`"), "`s`.`t```");
        assert_eq!(literal("it's \\ \0"), "'it''s \\\\ \\0'");
        assert_eq!(grant_pattern("domibus_a%"), "`domibus\\_a\\%`");
        assert_eq!(account("o'neil@x@10.0.%"), "'o''neil@x'@'10.0.%'");
    }

    #[test]
    fn a_password_survives_the_option_file() {
        assert_eq!(option_value("do#mi\"b'u\\s 1"), "\"do#mi\\\"b'u\\\\s 1\"");
        assert_eq!(option_value(" a\nb\t"), "\" a\\nb\\t\"");
    }
}
