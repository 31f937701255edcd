//! Names, waiting, findings: what every dump and restore of a database says the same way.

use std::path::Path;

use crate::adapter::files;
use crate::adapter::{CheckContext, Failure, Finding, Severity};
use crate::backup::file_name_for;

/// Seconds that other sessions have to end unless the step says otherwise.
pub(in crate::adapter) fn default_wait() -> u64 {
    10
}

/// The artifact of a schema.
pub(in crate::adapter) fn artifact_name(given: Option<&str>, schema: &str) -> String {
    given.map_or_else(
        || format!("database/{}", file_name_for(schema)),
        str::to_owned,
    )
}

/// What is wrong with the artifact that the site names, if it names one.
pub(in crate::adapter) fn artifact_problem(given: Option<&str>) -> Option<String> {
    given.and_then(files::artifact_problem)
}

/// Goes on unless something is refused; the warnings, for the outcome.
pub(in crate::adapter) fn refuse_or_warn(findings: Vec<Finding>) -> Result<Vec<String>, Failure> {
    let (refused, others): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| finding.severity == Severity::Refuse);
    let mut refused = refused.into_iter();
    if let Some(first) = refused.next() {
        let mut failure = Failure::refused(first.message);
        let mut hints: Vec<String> = first.hint.into_iter().collect();
        for next in refused {
            failure.0.causes.push(next.message);
            hints.extend(next.hint);
        }
        failure.0.hint = (!hints.is_empty()).then(|| hints.join(" "));
        return Err(failure);
    }
    Ok(others.into_iter().map(|finding| finding.message).collect())
}

/// A failed look at the installation, as a finding; what the program said last is better than no hint.
pub(in crate::adapter) fn finding_of(failure: &Failure) -> Finding {
    let mut finding = Finding::of(failure);
    if finding.hint.is_none() {
        finding.hint = failure.0.stderr.last().cloned();
    }
    finding
}

/// Data compress to between a tenth and, for encrypted payloads, all of their size.
pub(in crate::adapter) fn space(
    context: &CheckContext<'_>,
    schema: &str,
    bytes: u64,
) -> Option<Finding> {
    let mut folder: &Path = context.backups;
    let free = loop {
        match context.host.free_space(folder) {
            Ok(free) => break free,
            Err(_) => folder = folder.parent()?,
        }
    };
    let text = format!(
        "`{schema}` holds about {} MB, and {} has {} MB free",
        bytes / 1_000_000,
        context.backups.display(),
        free / 1_000_000
    );
    if free < bytes / 4 {
        Some(Finding::refuse(text).hint("free some space, or put `backups` on a larger disk"))
    } else if free < bytes + bytes / 10 {
        Some(Finding::warning(text))
    } else {
        None
    }
}
