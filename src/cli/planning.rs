//! From a site file and a phase to a plan.

use super::arguments::{PhaseArgument, PlanningArguments};
use super::domibus;
use super::exit::Exit;
use super::load::LoadedSite;
use super::ox;
use super::stop::Stop;
use super::weblogic;
use super::wso2;
use crate::adapter::registry;
use crate::backup::{self, SealedSet};
use crate::diagnostic::{Code, Problem, Problems, SourceFile, did_you_mean};
use crate::plan::{Phase, Plan, PlanRequest, RunbookFile, Selection};
use crate::runbook::{Runbook, SHIPPED};
use crate::site::ProductDocument;
use crate::site::domibus::Note;

/// A plan and what it rests on.
pub(super) struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// The backup set that it uses.
    pub set: Option<SealedSet>,
    /// What discovery noticed.
    pub notes: Vec<Note>,
}

/// What a plan is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be run: a set that is needed must be there.
    Run,
    /// To be looked at: without a set the installation as it is stands in.
    Look,
}

impl From<PhaseArgument> for Phase {
    fn from(phase: PhaseArgument) -> Self {
        match phase {
            PhaseArgument::Backup => Self::Backup,
            PhaseArgument::Upgrade => Self::Upgrade,
            PhaseArgument::Restore => Self::Restore,
        }
    }
}

/// Makes the plan of a phase.
pub(super) fn prepare(
    loaded: &LoadedSite,
    phase: Phase,
    arguments: &PlanningArguments,
    from: Option<&str>,
    purpose: Purpose,
) -> Result<Prepared, Stop> {
    let runbook = runbook(loaded, &arguments.scenario)?;
    let set = match phase {
        Phase::Backup => None,
        Phase::Upgrade | Phase::Restore => used_set(loaded, from, purpose)?,
    };
    let (site, notes) = resolved(loaded, phase, &runbook, set.as_ref())?;
    let request = PlanRequest {
        runbook: &runbook,
        phase,
        site,
        site_name: &loaded.head.site,
        documents: vec![RunbookFile::of(&loaded.source)],
        backups: loaded.backups.clone(),
        state: loaded.state.clone(),
        uses_set: set.as_ref().map(|set| set.id().to_owned()),
        selection: Selection {
            skip: arguments.skip.clone(),
            start_at: arguments.start_at.clone(),
        },
        actions: &registry::find,
        action_names: registry::ACTIONS.iter().map(|entry| entry.name).collect(),
    };
    let plan = crate::plan::resolve(&request)?;
    Ok(Prepared { plan, set, notes })
}

/// The documents that a plan of that scenario is made from now.
pub(super) fn documents(loaded: &LoadedSite, scenario: &str) -> Result<Vec<RunbookFile>, Stop> {
    let runbook = runbook(loaded, scenario)?;
    let mut documents = vec![RunbookFile::of(&loaded.source)];
    documents.extend(runbook.documents.iter().map(RunbookFile::of));
    Ok(documents)
}

/// The runbook that the site names, or that of its product and the scenario.
fn runbook(loaded: &LoadedSite, scenario: &str) -> Result<Runbook, Stop> {
    let load = |name: &str| Runbook::load(name, Some(&loaded.directory), &loaded.library);
    let product = &loaded.head.product;
    let runbook = match &loaded.head.runbook {
        Some(name) => load(name).map_err(|problems| {
            let place = loaded.source.value_at(&["runbook"]);
            problems
                .into_iter()
                .map(|problem| match problem.label {
                    None => problem.at(place.clone(), ""),
                    Some(_) => problem,
                })
                .collect::<Problems>()
        })?,
        None => load(&format!("{product}/{scenario}"))
            .map_err(|problems| unknown_scenario(product, scenario, problems))?,
    };
    check_fit(&runbook, loaded, scenario)?;
    Ok(runbook)
}

/// A runbook that nobody wrote down is missing because of what was typed.
fn unknown_scenario(product: &str, scenario: &str, problems: Problems) -> Problems {
    let typed = problems
        .iter()
        .find(|problem| problem.code == Code::UNKNOWN_RUNBOOK && problem.label.is_none());
    let Some(typed) = typed else {
        return problems;
    };
    let known = SHIPPED
        .iter()
        .filter(|(name, text)| SourceFile::new(*name, *text).has(&["runbook"]))
        .filter_map(|(name, _)| name.strip_prefix(product)?.strip_prefix('/'));
    let message = format!("product `{product}` has no scenario `{scenario}`");
    let looked = typed.help.last().cloned();
    Problem::error(Code::UNKNOWN_SCENARIO, message)
        .maybe_help(did_you_mean(scenario, known))
        .maybe_help(looked)
        .into()
}

/// The backup set that was named, or the newest one.
fn used_set(
    loaded: &LoadedSite,
    from: Option<&str>,
    purpose: Purpose,
) -> Result<Option<SealedSet>, Stop> {
    let set = match from {
        Some(id) => Some(SealedSet::open(&loaded.backups, id)?),
        None => backup::latest(&loaded.backups)?,
    };
    let Some(set) = set else {
        if purpose == Purpose::Look {
            return Ok(None);
        }
        let message = format!("site `{}` has no backup set", loaded.head.site);
        return Err(Stop::refused(message).hint(format!(
            "make one first: upgrade-kit backup {}",
            loaded.options
        )));
    };
    let manifest = set.manifest();
    for (what, of_set, of_site) in [
        ("site", &manifest.site, &loaded.head.site),
        ("product", &manifest.product, &loaded.head.product),
    ] {
        if of_set != of_site {
            return Err(Stop::refused(format!(
                "backup set {} is of {what} `{of_set}`, not of `{of_site}`",
                set.id()
            ))
            .hint("a set is used with the site file that it was made with: see its `site.yaml`"));
        }
    }
    Ok(Some(set))
}

/// The site, resolved by the rules of its product, as expressions see it; and what was noticed.
fn resolved(
    loaded: &LoadedSite,
    phase: Phase,
    runbook: &Runbook,
    set: Option<&SealedSet>,
) -> Result<(serde_json::Value, Vec<Note>), Stop> {
    match &loaded.document {
        ProductDocument::Domibus(document) => {
            domibus::values(loaded, document, &runbook.scenario, phase, set)
        }
        ProductDocument::Ox(document) => Ok((ox::values(loaded, document, phase)?, Vec::new())),
        ProductDocument::Weblogic(document) => {
            Ok((weblogic::values(loaded, document)?, Vec::new()))
        }
        ProductDocument::Wso2(document) => {
            let values = wso2::values(loaded, document, &runbook.scenario)?;
            Ok((values, Vec::new()))
        }
    }
}

fn check_fit(runbook: &Runbook, loaded: &LoadedSite, scenario: &str) -> Result<(), Stop> {
    if runbook.product != loaded.head.product {
        return Err(Stop::new(
            Exit::Document,
            format!(
                "runbook `{}` is for product `{}`, the site has `{}`",
                runbook.name, runbook.product, loaded.head.product
            ),
        ));
    }
    if runbook.scenario != scenario {
        return Err(Stop::new(
            Exit::Usage,
            format!(
                "runbook `{}` is for scenario `{}`, not `{scenario}`",
                runbook.name, runbook.scenario
            ),
        )
        .hint(format!("run it with `--scenario {}`", runbook.scenario)));
    }
    Ok(())
}
