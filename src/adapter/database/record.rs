//! Reads what an artifact's `details` remember of a dump.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::adapter::Failure;
use crate::event::{ArtifactRecord, FailureKind};

/// The record of an artifact of this kind. A reader accepts additions and refuses a higher `format`.
pub(in crate::adapter) fn record_of<R: DeserializeOwned>(
    artifact: &ArtifactRecord,
    kind: &str,
    format: u32,
) -> Result<R, Failure> {
    if artifact.kind != kind {
        return Err(Failure::refused(format!(
            "the artifact `{}` is a `{}`, not a `{kind}`",
            artifact.name, artifact.kind
        )));
    }
    let damaged = |problem: String| {
        let text = format!("the record of the artifact `{}` {problem}", artifact.name);
        Failure::new(FailureKind::DamagedSet, text)
    };
    let written = artifact.details.get("format").and_then(Value::as_u64);
    if written.is_some_and(|written| written > u64::from(format)) {
        return Err(damaged("was written by a newer upgrade-kit".to_owned())
            .hint("restore with the version of upgrade-kit that wrote the backup set"));
    }
    serde_json::from_value(artifact.details.clone())
        .map_err(|error| damaged(format!("cannot be read: {error}")))
}
