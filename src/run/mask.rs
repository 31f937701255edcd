//! Takes secrets out of everything that leaves a step.
//!
//! Records of artifacts pass as they are: they are names, counts and hashes that a restore depends
//! on to the letter, and a password that happens to be the name of a schema must not change them.

use serde_json::Value;

use crate::event::{FailureReport, Outcome};
use crate::host::Masker;

/// The report without secrets.
pub(super) fn failure(masker: &Masker, mut report: FailureReport) -> FailureReport {
    let texts = std::iter::once(&mut report.message)
        .chain(&mut report.causes)
        .chain(&mut report.command)
        .chain(&mut report.exit)
        .chain(&mut report.stderr)
        .chain(&mut report.hint);
    for text in texts {
        *text = masker.mask(text);
    }
    report
}

/// The outcome without secrets. An output that held one is no longer what later steps expect, so
/// that is said.
pub(super) fn outcome(masker: &Masker, mut outcome: Outcome) -> Outcome {
    let texts = std::iter::once(&mut outcome.summary).chain(&mut outcome.warnings);
    for text in texts {
        *text = masker.mask(text);
    }
    for (name, output) in &mut outcome.outputs {
        if value(masker, output) {
            let warning = format!("the output `{name}` contained a secret, which was masked");
            outcome.warnings.push(warning);
        }
    }
    outcome
}

/// Masks every text in a value; tells whether that changed anything.
fn value(masker: &Masker, found: &mut Value) -> bool {
    match found {
        Value::String(text) => {
            let masked = masker.mask(text);
            let changed = masked != *text;
            *text = masked;
            changed
        }
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |changed, item| value(masker, item) | changed),
        Value::Object(members) => members
            .iter_mut()
            .fold(false, |changed, (_, item)| value(masker, item) | changed),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::Failure;
    use crate::host::Secret;

    #[test]
    fn secrets_are_masked_in_every_text_but_not_in_artifacts() {
        let masker = Masker::default();
        masker.add(&Secret::new("s3cret-password".to_owned()));
        let mut report = *Failure::refused("s3cret-password is wrong")
            .hint("not s3cret-password")
            .0;
        report.causes.push("because s3cret-password".to_owned());
        report.command = Some("tool s3cret-password".to_owned());
        report.stderr.push("s3cret-password".to_owned());
        let text = format!("{:?}", failure(&masker, report));
        assert!(!text.contains("s3cret-password"), "{text}");

        let mut found = Outcome {
            summary: "used s3cret-password".to_owned(),
            ..Outcome::default()
        };
        found.outputs.insert(
            "login".to_owned(),
            serde_json::json!({ "as": ["root", "s3cret-password"] }),
        );
        found.outputs.insert("count".to_owned(), 3.into());
        let masked = outcome(&masker, found);
        assert!(!format!("{masked:?}").contains("s3cret-password"));
        assert_eq!(masked.warnings.len(), 1, "{:?}", masked.warnings);
        assert_eq!(masked.outputs["count"], 3);
    }
}
