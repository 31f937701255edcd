//! `check`: a read-only look at the real installation; reports everything at once.

use super::arguments::{CheckArguments, ListFormat};
use super::exit::Exit;
use super::load::load;
use super::planning::{Prepared, Purpose, prepare};
use super::services;
use super::stop::Stop;
use crate::adapter::{CheckContext, Finding, Severity, registry};
use crate::host::{Control, Host, LocalHost, Masker};
use crate::plan::sample_options;
use crate::report::check_view::{self, StepFindings};
use crate::site::domibus::{self, Note};

/// Looks at documents and installation.
pub(super) fn check(
    arguments: &CheckArguments,
    out: &mut dyn std::io::Write,
) -> Result<Exit, Stop> {
    let loaded = load(&arguments.planning.site)?;
    let prepared = prepare(
        &loaded,
        arguments.phase.into(),
        &arguments.planning,
        arguments.from.as_deref(),
        Purpose::Look,
    )?;
    let findings = look(&prepared);
    let text = match arguments.format {
        ListFormat::Text => check_view::text(&findings),
        ListFormat::Json => check_view::json(&findings),
    };
    out.write_all(text.as_bytes())?;
    Ok(if refuses(&findings) {
        Exit::Refused
    } else {
        Exit::Done
    })
}

/// Whether a run must be refused.
pub(super) fn refuses(findings: &[StepFindings]) -> bool {
    findings
        .iter()
        .flat_map(|step| &step.findings)
        .any(|finding| finding.severity == Severity::Refuse)
}

/// Whether it is the backup set that stands in the way.
pub(super) fn damaged_set(prepared: &Prepared, findings: &[StepFindings]) -> bool {
    let verifies = |id: &str| {
        let step = prepared.plan.steps.iter().find(|step| step.id == id);
        step.is_some_and(|step| step.action == "backupset.verify")
    };
    let refused = |found: &StepFindings| {
        found
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::Refuse)
    };
    findings
        .iter()
        .any(|found| verifies(&found.step) && refused(found))
}

/// Everything that discovery noticed and that the actions of the plan find.
pub(super) fn look(prepared: &Prepared) -> Vec<StepFindings> {
    let host = LocalHost;
    let masker = Masker::default();
    let control = Control::unattended(masker.clone());
    let secret = |reference: &_| services::secret(reference, &host, &masker);
    let mut found = Vec::new();
    if !prepared.notes.is_empty() {
        let findings = prepared.notes.iter().map(finding).collect();
        found.push(StepFindings {
            step: "installation".to_owned(),
            findings,
        });
    }
    for step in prepared
        .plan
        .steps
        .iter()
        .filter(|step| step.left_out.is_none())
    {
        let Some(entry) = registry::find(&step.action) else {
            continue;
        };
        let options = sample_options(&prepared.plan, step, &registry::find);
        let Ok(action) = entry.decode(options) else {
            continue;
        };
        let mut findings: Vec<Finding> = action
            .programs()
            .iter()
            .filter(|program| host.find_program(program).is_none())
            .map(|program| {
                Finding::refuse(format!("the program `{program}` was not found"))
                    .hint("install it, or name its path in the site file")
            })
            .collect();
        if findings.is_empty() {
            findings = action.check(&CheckContext {
                step: &step.id,
                host: &host,
                control: &control,
                secret: &secret,
                backups: &prepared.plan.backups,
                using: prepared.set.as_ref(),
            });
        }
        for finding in &mut findings {
            finding.message = masker.mask(&finding.message);
        }
        if !findings.is_empty() {
            found.push(StepFindings {
                step: step.id.clone(),
                findings,
            });
        }
    }
    found
}

fn finding(note: &Note) -> Finding {
    let message = match &note.place {
        Some(place) => format!("{} ({place})", note.text),
        None => note.text.clone(),
    };
    let finding = match note.severity {
        domibus::Severity::Info => Finding::info(message),
        domibus::Severity::Warning => Finding::warning(message),
        domibus::Severity::Refuse => Finding::refuse(message),
    };
    if note.help.is_empty() {
        finding
    } else {
        finding.hint(note.help.clone())
    }
}
