//! `check`: a read-only look at the real installation; reports everything at once.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::arguments::{CheckArguments, ListFormat};
use super::exit::Exit;
use super::half_done;
use super::load::load;
use super::planning::{Prepared, Purpose, prepare};
use super::services;
use super::stop::Stop;
use crate::adapter::{CheckContext, Failure, Finding, Severity, registry};
use crate::host::{Control, Host, LocalHost, Masker, Secret};
use crate::plan::sample_options;
use crate::report::check_view::{self, StepFindings};
use crate::site::SecretRef;
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
    let mut findings = look(&prepared);
    if let Some(finding) = half_done::finding(arguments.phase.into(), &loaded)? {
        let of_runs = StepFindings {
            step: "runs".to_owned(),
            findings: vec![finding],
        };
        findings.insert(0, of_runs);
    }
    let text = match arguments.format {
        ListFormat::Text => check_view::text(&findings),
        ListFormat::Json => check_view::json(&findings),
    };
    out.write_all(text.as_bytes())?;
    Ok(refusal(&prepared, &findings).unwrap_or(Exit::Done))
}

fn is_refused(step: &StepFindings) -> bool {
    let mut findings = step.findings.iter();
    findings.any(|finding| finding.severity == Severity::Refuse)
}

/// The options that leave out the copies of the present state that cannot be made. A present state
/// that cannot be saved must not bar the way back, but that is the operator's word.
pub(super) fn without_refused_copies(findings: &[StepFindings]) -> String {
    let refused = findings.iter().filter(|step| is_refused(step));
    services::without_copies(refused.map(|step| step.step.as_str()))
}

/// Why a run must be refused, if it must.
pub(super) fn refusal(prepared: &Prepared, findings: &[StepFindings]) -> Option<Exit> {
    let mut refused = findings.iter().filter(|step| is_refused(step));
    let first = refused.next()?;
    // All that this action looks for beforehand is damage.
    let is_damage = |step: &StepFindings| {
        let mut steps = prepared.plan.steps.iter();
        steps.any(|planned| planned.id == step.step && planned.action == "backupset.verify")
    };
    Some(if is_damage(first) || refused.any(is_damage) {
        Exit::DamagedSet
    } else {
        Exit::Refused
    })
}

/// Everything that discovery noticed and that the actions of the plan find.
pub(super) fn look(prepared: &Prepared) -> Vec<StepFindings> {
    let host = LocalHost;
    let masker = Masker::default();
    let control = Control::unattended(masker.clone());
    // A command that prints a secret runs once, however many steps need it.
    let secrets: Mutex<Vec<(SecretRef, Secret)>> = Mutex::default();
    let secret = |reference: &SecretRef| {
        let mut known = secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, secret)) = known.iter().find(|(known, _)| known == reference) {
            return Ok(secret.clone());
        }
        let secret = services::secret(reference, &host, &masker)?;
        known.push((reference.clone(), secret.clone()));
        Ok(secret)
    };
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
            .map(|program| unusable(&host, program))
            .collect();
        findings.extend(action.secrets().into_iter().filter_map(|reference| {
            let failure: Failure = secret(reference).err()?;
            let finding = Finding::refuse(failure.0.message.clone());
            Some(match &failure.0.hint {
                Some(hint) => finding.hint(hint.clone()),
                None => finding,
            })
        }));
        // Without its programs and secrets an action can only find that again.
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

/// A program that cannot be started.
fn unusable(host: &dyn Host, program: &str) -> Finding {
    let there = program.contains('/') && matches!(host.stat(Path::new(program)), Ok(Some(_)));
    if there {
        return Finding::refuse(format!("the program `{program}` may not be executed"))
            .hint("give it the right to be (chmod +x), or correct its path in the site file");
    }
    Finding::refuse(format!("the program `{program}` was not found"))
        .hint("install it, or name its path in the site file")
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
