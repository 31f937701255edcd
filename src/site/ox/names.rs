//! Names in a site file: lists of them, and which ones the tools take.

use std::collections::BTreeSet;

/// What a name that becomes an argument of OX's tools may be.
pub const PLAIN_NAME: &str = "letters, digits, `_`, `-`, `.` and `$`, and no `-` first";

/// Whether a name is [one](PLAIN_NAME).
pub fn is_plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.$".contains(c);
    !name.is_empty() && !name.starts_with('-') && name.chars().all(plain)
}

/// One name a line, without remarks.
pub(super) fn names_of(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

pub(super) fn duplicates<'a>(
    key: &str,
    names: impl Iterator<Item = &'a str>,
    wrong: &mut Vec<String>,
) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            wrong.push(format!("`{key}` names `{name}` twice"));
        }
    }
}
