//! The formats of what a run writes.

use std::path::Path;

use super::error::JournalError;

/// Highest format of a journal that this program reads: that of its [`RunStarted`].
///
/// [`RunStarted`]: crate::event::EventKind::RunStarted
pub(super) const JOURNAL_FORMAT: u32 = 1;

/// Highest format of a plan that this program reads.
pub(super) const PLAN_FORMAT: u32 = 1;

/// Refuses the JSON of another format. The number is read before the rest, which a newer format may have
/// changed; a text in which no number is to be found is left to whoever reads the rest.
///
/// # Errors
///
/// [`JournalError::Newer`]; [`JournalError::Damaged`] for format 0, which never was.
pub(super) fn check(path: &Path, text: &[u8], known: u32) -> Result<(), JournalError> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: u32,
    }
    match serde_json::from_slice::<Head>(text) {
        Ok(Head { format }) if format > known => Err(JournalError::Newer {
            path: path.to_owned(),
            found: format,
            known,
        }),
        Ok(Head { format: 0 }) => Err(JournalError::Damaged {
            path: path.to_owned(),
            line: 1,
            reason: "format 0 never was".to_owned(),
        }),
        _ => Ok(()),
    }
}
