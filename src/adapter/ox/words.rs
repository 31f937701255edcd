//! Words of messages.

use std::fmt::Write;

/// The first `most` names, and how many more there are.
pub(super) fn few<T: AsRef<str>>(names: &[T], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let mut text = shown.join(", ");
    if names.len() > most {
        _ = write!(text, " and {} more", names.len() - most);
    }
    text
}
