//! Between which versions queued messages keep their meaning.

/// Whether a message that one version queued may be lost or misread by another.
///
/// Inside a queued message Domibus keeps the number of its row (`MESSAGE_ENTITY_ID`). 4.x did not set
/// it, and 5.x drops a message without it; the migration to 5.0 numbers all rows anew, and so does the
/// one to 5.2. What nobody has looked at, versions that are not known or belong to a later
/// generation, counts as different.
pub(super) fn renumbers(from: Option<&str>, to: Option<&str>) -> bool {
    match (from.and_then(numbering), to.and_then(numbering)) {
        (Some(from), Some(to)) => from != to,
        _ => true,
    }
}

/// The first version that numbers rows as this one does.
fn numbering(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim().split(['.', '-']);
    let major: u32 = parts.next()?.parse().ok()?;
    let minor: u32 = parts.next().unwrap_or("0").parse().ok()?;
    Some(match (major, minor) {
        (0..=4, _) => (0, 0),
        (5, 0 | 1) => (5, 0),
        (5, _) => (5, 2),
        (later, _) => (later, 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbered_anew_by_5_0_and_5_2() {
        for (from, to, expected) in [
            ("4.2.9", "5.0", true),
            ("4.2", "5.1.2", true),
            ("5.1.9", "5.2", true),
            ("5.0.6", "5.2.1", true),
            ("5.2", "6.0", true),
            ("5.2", "5.1", true),
            ("5.1.0", "5.1.1", false),
            ("5.0.6", "5.1", false),
            ("5.2", "5.2.3", false),
            ("5.1.1", "5.1-SNAPSHOT", false),
            ("4.1.5", "4.2", false),
            ("5", "5.1", false),
            ("five", "5.1", true),
            ("", "", true),
        ] {
            assert_eq!(renumbers(Some(from), Some(to)), expected, "{from} to {to}");
        }
    }

    #[test]
    fn what_is_not_known_counts_as_different() {
        assert!(renumbers(None, Some("5.1")));
        assert!(renumbers(Some("5.1"), None));
        assert!(renumbers(None, None));
    }
}
